"""Single sign-on by OpenID Connect: the browser's way to the provider and back."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from netraven.admin.sessions import revoke_session
from netraven.admin.sso_setups import is_ldap_enabled, is_oidc_enabled
from netraven.api.access import BASE, guarded_router
from netraven.api.auth import set_login_cookie
from netraven.api.replies import refusals
from netraven.db import unit_of_work
from netraven.request.authentication import COOKIE
from netraven.request.caller import Me
from netraven.request.flows import FLOW_LIFE
from netraven.request.frame import is_secure
from netraven.request.ground import get_ground
from netraven.request.sign_on import Answer, send_to_provider, take_back, where_to_log_out

router = guarded_router("/auth", "Logging in")

FLOW_COOKIE = "netraven_sign_on"

_FLOW_PATH = f"{BASE}/auth/oidc"
_MAX_ANSWER = 4096
# A path of this server: with two slashes it would be another one.
_OWN_PATH = r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$"
# The login's cookie is kept from every way that began at another site. This page begins a new one.
_ARRIVED = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Logged in</title>
<meta http-equiv="refresh" content="0; url={path}"></head>
<body><p>You are logged in. <a href="{path}">Go on</a></p></body></html>
"""


class Methods(BaseModel):
    """The ways to log in that are switched on; `password` serves local users and LDAP's alike."""

    password: bool = True
    oidc: bool
    ldap: bool


class LoggedOut(BaseModel):
    """Where the browser may go to end the provider's own login too; null where it cannot."""

    provider_logout: str | None


@router.get("/methods", responses=refusals(503))
async def list_methods(request: Request) -> Methods:
    """Tell which ways to log in there are."""
    async with unit_of_work(get_ground(request).async_sessions, read_only=True) as db:
        return Methods(oidc=await is_oidc_enabled(db), ldap=await is_ldap_enabled(db))


@router.get(
    "/oidc/login",
    status_code=303,
    response_class=RedirectResponse,
    responses=refusals(409, 422, 503) | {303: {"description": "The browser is sent away."}},
)
async def go_to_provider(
    request: Request,
    next_path: Annotated[str, Query(alias="next", max_length=1000, pattern=_OWN_PATH)] = "/",
) -> Response:
    """Send the browser to the provider; once back and logged in, it goes to `next`."""
    departure = await send_to_provider(request, next_path)
    reply = RedirectResponse(departure.address, 303)
    # Lax: the provider sends the browser back from another site.
    reply.set_cookie(
        FLOW_COOKIE,
        departure.cookie,
        max_age=int(FLOW_LIFE.total_seconds()),
        path=_FLOW_PATH,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return reply


@router.get(
    "/oidc/callback",
    response_class=HTMLResponse,
    responses=refusals(401, 403, 409, 422, 429, 503),
)
async def come_back(
    *,
    request: Request,
    state: Annotated[str, Query(max_length=_MAX_ANSWER)],
    code: Annotated[str | None, Query(min_length=1, max_length=_MAX_ANSWER)] = None,
    iss: Annotated[str | None, Query(max_length=_MAX_ANSWER)] = None,
    error: Annotated[str | None, Query(max_length=_MAX_ANSWER)] = None,
) -> Response:
    """Let in whom the provider proved: the answer has the login's cookie and leads on.

    Only providers send browsers here; other parameters of theirs are passed over.
    """
    answer = Answer(code=code, state=state, issuer=iss, error=error)
    opened, path = await take_back(request, answer, request.cookies.get(FLOW_COOKIE))
    reply = HTMLResponse(_ARRIVED.format(path=escape(path)))
    set_login_cookie(request, reply, opened)
    reply.delete_cookie(FLOW_COOKIE, path=_FLOW_PATH)
    return reply


@router.post("/oidc/logout", responses=refusals(401, 403))
async def log_out_everywhere(request: Request, response: Response, caller: Me) -> LoggedOut:
    """End the present login, and tell where the browser ends the provider's."""
    if caller.session_id is not None:
        async with unit_of_work(get_ground(request).async_sessions, actor=caller.actor) as db:
            await revoke_session(db, caller.session_id)
    response.delete_cookie(COOKIE, path="/")
    return LoggedOut(provider_logout=await where_to_log_out(request))
