"""Logging in and out, and renewing tokens."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from netraven.admin.sessions import OpenedSession, revoke_session
from netraven.api.access import guarded_router
from netraven.api.replies import refusals
from netraven.db.enums import LoginKind
from netraven.request.authentication import COOKIE
from netraven.request.bearers import csrf_mark
from netraven.request.caller import Me
from netraven.request.frame import is_secure
from netraven.request.ground import get_ground
from netraven.request.logins import Proof, TokenPair, issue_tokens, log_in, renew
from netraven.request.units import Writing

router = guarded_router("/auth", "Logging in")

_MAX_PASSWORD = 1024


class LoginRequest(BaseModel):
    """What a person logs in with; `code` is the authenticator's, or a recovery code."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={"examples": [{"username": "ana", "password": "Correct-horse-7"}]},
    )

    username: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=_MAX_PASSWORD)]
    code: Annotated[SecretStr, Field(min_length=1, max_length=64)] | None = None

    def proof(self) -> Proof:
        """Return what the login is tried with."""
        return Proof(username=self.username, password=self.password, code=self.code)


class RefreshRequest(BaseModel):
    """The refresh token of the last answer; it works once."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=256)]


class BrowserLogin(BaseModel):
    """A browser's login; the cookie came with it, and each change needs the mark as a header."""

    user_id: UUID
    csrf_token: str


class Tokens(BaseModel):
    """A client's tokens; the first for requests, the second to renew both, once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the name of a kind of token
    expires_in: int

    @classmethod
    def of(cls, pair: TokenPair) -> Tokens:
        """Return the pair as clients get it."""
        return cls(
            access_token=pair.access.get_secret_value(),
            refresh_token=pair.refresh.get_secret_value(),
            expires_in=pair.expires_in_s,
        )


@router.post("/login", responses=refusals(400, 401, 413, 415, 422, 429))
async def log_in_browser(request: Request, response: Response, given: LoginRequest) -> BrowserLogin:
    """Log in and get a cookie that scripts cannot read."""
    opened = await log_in(request, given.proof(), LoginKind.BROWSER)
    set_login_cookie(request, response, opened)
    mark = csrf_mark(get_ground(request).keys.csrf, opened.row.id)
    return BrowserLogin(user_id=opened.row.user_id, csrf_token=mark)


@router.post("/token", responses=refusals(400, 401, 413, 415, 422, 429))
async def log_in_client(request: Request, given: LoginRequest) -> Tokens:
    """Log in and get tokens; for programs that run unattended an API token is the better way."""
    opened = await log_in(request, given.proof(), LoginKind.CLIENT)
    return Tokens.of(await issue_tokens(get_ground(request), opened.row))


@router.post("/refresh", responses=refusals(400, 401, 413, 415, 422))
async def renew_tokens(request: Request, given: RefreshRequest) -> Tokens:
    """Get new tokens; a refresh token that comes a second time ends the login."""
    return Tokens.of(await renew(request, given.refresh_token))


@router.post("/logout", status_code=204, responses=refusals(401, 403))
async def log_out(db: Writing, response: Response, caller: Me) -> None:
    """End the present login, of a browser or a client."""
    if caller.session_id is not None:
        await revoke_session(db, caller.session_id)
    response.delete_cookie(COOKIE, path="/")


def set_login_cookie(request: Request, response: Response, opened: OpenedSession) -> None:
    """Give the browser the secret of its login, where no script and no other site can use it."""
    response.set_cookie(
        COOKIE,
        opened.secret or "",
        expires=opened.row.expires_at,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )
