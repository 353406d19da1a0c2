"""Users as administrators keep them, with their logins and tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, SecretStr

from netraven.admin.api_tokens import count_api_tokens, get_api_tokens, revoke_api_token
from netraven.admin.identities import get_identity, link_identity, unlink_identity
from netraven.admin.second_factor import remove_second_factor
from netraven.admin.sessions import count_sessions, get_sessions, revoke_sessions
from netraven.admin.users import (
    count_users,
    create_user,
    delete_user,
    get_user,
    get_users,
    reset_password,
    update_user,
)
from netraven.api.access import guarded_router
from netraven.api.account import Ended
from netraven.api.replies import found, refusals, require_found
from netraven.db.enums import Role
from netraven.request.ground import get_ground
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, writing_in_thread
from netraven.schemas.access import ApiTokenRead, LoginSessionRead
from netraven.schemas.sso import IdentityLink, UserIdentityRead
from netraven.schemas.user import UserCreate, UserRead, UserUpdate

router = guarded_router("/users", "Users")


class PasswordGiven(BaseModel):
    """A new password."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    new_password: SecretStr


@router.get("", responses=refusals(401, 403, 422))
async def list_users(
    *,
    request: Request,
    db: Reading,
    paging: PageAsked,
    role: Role | None = None,
    is_active: bool | None = None,
    search: Annotated[str | None, Query(max_length=254)] = None,
) -> Page[UserRead]:
    """List users by name; `search` looks into user name, address and full name."""
    rows = await get_users(
        db, paging.skip, paging.limit, role=role, is_active=is_active, search=search
    )
    total = await paging.count(
        rows, lambda: count_users(db, role=role, is_active=is_active, search=search)
    )
    return page_of(request, paging, UserRead, rows, total=total)


@router.post("", status_code=201, responses=refusals(400, 401, 403, 409, 413, 415, 422))
async def make_user(request: Request, user: UserCreate) -> UserRead:
    """Make a user; the settings' policy decides which password is good enough."""
    async with get_ground(request).hashing:
        return await writing_in_thread(
            request, lambda db: UserRead.model_validate(create_user(db, user))
        )


@router.get("/{user_id}", responses=refusals(401, 403, 404))
async def show_user(db: Reading, user_id: str) -> UserRead:
    """Show one user."""
    return UserRead.model_validate(found(await get_user(db, user_id), "user"))


@router.patch("/{user_id}", responses=refusals(400, 401, 403, 404, 409, 413, 415, 422))
async def change_user(db: Writing, user_id: str, change: UserUpdate) -> UserRead:
    """Change a user; another role, and a deactivation, end every login of theirs."""
    return UserRead.model_validate(found(await update_user(db, user_id, change), "user"))


@router.delete("/{user_id}", status_code=204, responses=refusals(401, 403, 404, 409, 422))
async def remove_user(db: Writing, user_id: str, reassign_to: str | None = None) -> None:
    """Delete a user; their devices and schedules go to `reassign_to`."""
    require_found(await delete_user(db, user_id, reassign_to=reassign_to), "user")


@router.post(
    "/{user_id}/password",
    status_code=204,
    responses=refusals(400, 401, 403, 404, 409, 413, 415, 422),
)
async def set_password(request: Request, user_id: str, given: PasswordGiven) -> None:
    """Give a user a new password; it ends their logins, and a lock after failed ones."""
    password = given.new_password.get_secret_value()
    async with get_ground(request).hashing:
        is_set = await writing_in_thread(request, lambda db: reset_password(db, user_id, password))
    require_found(is_set, "user")


@router.get("/{user_id}/identity", responses=refusals(401, 403, 404))
async def show_users_identity(db: Reading, user_id: str) -> UserIdentityRead:
    """Show which provider or directory proves a user; 404 for one with a password here."""
    return UserIdentityRead.model_validate(found(await get_identity(db, user_id), "identity"))


@router.put("/{user_id}/identity", responses=refusals(400, 401, 403, 404, 409, 413, 415, 422))
async def link_user(db: Writing, user_id: str, link: IdentityLink) -> UserIdentityRead:
    """Have a provider or directory prove a user from now on; their password fits no more."""
    return UserIdentityRead.model_validate(found(await link_identity(db, user_id, link), "user"))


@router.delete("/{user_id}/identity", status_code=204, responses=refusals(401, 403, 404))
async def unlink_user(db: Writing, user_id: str) -> None:
    """Have nobody else prove a user any more; they need a new password then."""
    require_found(await unlink_identity(db, user_id), "identity")


@router.delete("/{user_id}/second-factor", status_code=204, responses=refusals(401, 403, 404))
async def remove_users_second_factor(db: Writing, user_id: str) -> None:
    """Turn the second factor of a user off who lost it."""
    require_found(await remove_second_factor(db, user_id), "second factor")


@router.get("/{user_id}/sessions", responses=refusals(401, 403, 404, 422))
async def list_users_sessions(
    request: Request, db: Reading, user_id: str, paging: PageAsked
) -> Page[LoginSessionRead]:
    """List a user's logins, newest first."""
    found(await get_user(db, user_id), "user")
    rows = await get_sessions(db, user_id, paging.skip, paging.limit)
    total = await paging.count(rows, lambda: count_sessions(db, user_id))
    return page_of(request, paging, LoginSessionRead, rows, total=total)


@router.delete("/{user_id}/sessions", responses=refusals(401, 403, 404))
async def end_users_sessions(db: Writing, user_id: str) -> Ended:
    """End all logins of a user."""
    found(await get_user(db, user_id), "user")
    return Ended(ended=await revoke_sessions(db, user_id))


@router.get("/{user_id}/tokens", responses=refusals(401, 403, 404, 422))
async def list_users_tokens(
    request: Request, db: Reading, user_id: str, paging: PageAsked
) -> Page[ApiTokenRead]:
    """List a user's API tokens, newest first."""
    found(await get_user(db, user_id), "user")
    rows = await get_api_tokens(db, paging.skip, paging.limit, user_id=user_id)
    total = await paging.count(rows, lambda: count_api_tokens(db, user_id=user_id))
    return page_of(request, paging, ApiTokenRead, rows, total=total)


@router.delete("/{user_id}/tokens/{token_id}", status_code=204, responses=refusals(401, 403, 404))
async def revoke_users_token(db: Writing, user_id: str, token_id: str) -> None:
    """Revoke a user's API token."""
    require_found(await revoke_api_token(db, token_id, user_id=user_id), "token")
