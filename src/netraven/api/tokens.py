"""API tokens of who asks: made and shown once, listed, revoked."""

from __future__ import annotations

from fastapi import Request
from pydantic import BaseModel

from netraven.admin.api_tokens import (
    count_api_tokens,
    create_api_token,
    get_api_token,
    get_api_tokens,
    revoke_api_token,
)
from netraven.admin.permissions import SCOPES, Permission
from netraven.api.access import guarded_router
from netraven.api.replies import found, refusals, require_found
from netraven.request.caller import Me
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing
from netraven.schemas.access import ApiTokenCreate, ApiTokenRead

router = guarded_router("/tokens", "API tokens")


class ApiTokenMade(BaseModel):
    """A token just made; `secret` is shown this once."""

    token: ApiTokenRead
    secret: str


class Scope(BaseModel):
    """A scope that exists, and whether the caller's role allows it."""

    scope: Permission
    is_allowed: bool


@router.get("", responses=refusals(401, 403, 422))
async def list_tokens(
    request: Request, db: Reading, me: Me, paging: PageAsked
) -> Page[ApiTokenRead]:
    """List one's tokens, newest first, revoked and expired ones too."""
    rows = await get_api_tokens(db, paging.skip, paging.limit, user_id=me.user_id)
    total = await count_api_tokens(db, user_id=me.user_id)
    return page_of(request, paging, ApiTokenRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(400, 401, 403, 413, 415, 422))
async def make_token(db: Writing, me: Me, token: ApiTokenCreate) -> ApiTokenMade:
    """Make a token and get its secret, which is kept nowhere."""
    made = found(await create_api_token(db, me.user_id, token), "user")
    row = found(await get_api_token(db, made.row_id), "token")
    return ApiTokenMade(
        token=ApiTokenRead.model_validate(row), secret=made.secret.get_secret_value()
    )


@router.get("/scopes", responses=refusals(401, 403))
async def list_scopes(me: Me) -> list[Scope]:
    """List the scopes that a token may have."""
    return [Scope(scope=scope, is_allowed=me.may(scope)) for scope in SCOPES]


@router.get("/{token_id}", responses=refusals(401, 403, 404))
async def get_token(db: Reading, me: Me, token_id: str) -> ApiTokenRead:
    """Show one of one's tokens."""
    row = await get_api_token(db, token_id, user_id=me.user_id)
    return ApiTokenRead.model_validate(found(row, "token"))


@router.delete("/{token_id}", status_code=204, responses=refusals(401, 403, 404))
async def revoke_token(db: Writing, me: Me, token_id: str) -> None:
    """Revoke one of one's tokens for good."""
    require_found(await revoke_api_token(db, token_id, user_id=me.user_id), "token")
