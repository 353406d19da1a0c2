"""From a request's header or cookie to who asks."""

from __future__ import annotations

from fastapi import Request

from netraven import clock
from netraven.admin.api_tokens import (
    API_TOKEN_PREFIX,
    find_api_token,
    is_token_use_noted,
    note_api_token_use,
)
from netraven.admin.permissions import permissions_of
from netraven.admin.sessions import find_session, get_session, is_use_noted, note_session_use
from netraven.db import unit_of_work
from netraven.errors import Forbidden, NotAuthenticated
from netraven.models import LoginSession
from netraven.request.bearers import is_csrf_mark, read_access_token
from netraven.request.caller import Caller, actor_of
from netraven.request.ground import Ground, get_ground

COOKIE = "netraven_session"
CSRF_HEADER = "X-CSRF-Token"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def authenticate(request: Request) -> Caller:
    """Return who asks, by the Authorization header, else by the browser's cookie.

    Raises NotAuthenticated where neither is valid, Forbidden where a change by cookie comes
    without its CSRF mark.
    """
    ground = get_ground(request)
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            message = "the Authorization header must be `Bearer TOKEN`"
            raise NotAuthenticated(message)
        token = token.strip()
        if token.startswith(API_TOKEN_PREFIX):
            return await _by_api_token(request, ground, token)
        return await _by_access_token(request, ground, token)
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        message = "log in first, or send a token as `Authorization: Bearer TOKEN`"
        raise NotAuthenticated(message)
    return await _by_cookie(request, ground, cookie)


async def _by_api_token(request: Request, ground: Ground, token: str) -> Caller:
    moment = clock.now()
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        row = await find_api_token(db, token, now=moment)
    if row is None:
        message = "the API token is unknown, expired or revoked; make another one"
        raise NotAuthenticated(message)
    if not is_token_use_noted(row, moment):
        async with unit_of_work(ground.async_sessions) as db:
            await note_api_token_use(db, row.id, now=moment)
    return Caller(
        user_id=row.user_id,
        username=row.user.username,
        role=row.user.role,
        permissions=permissions_of(row.user.role, row.scopes),
        actor=actor_of(request, name=row.user.username, user_id=row.user_id),
        is_limited=row.user.limited_to_tags,
        token_id=row.id,
    )


async def _by_access_token(request: Request, ground: Ground, token: str) -> Caller:
    moment = clock.now()
    session_id = read_access_token(ground.keys.access, token, now=moment)
    if session_id is None:
        message = "the access token is not valid, or expired; renew it or log in again"
        raise NotAuthenticated(message)
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        row = await get_session(db, session_id, now=moment)
    return await _of_session(request, ground, row)


async def _by_cookie(request: Request, ground: Ground, cookie: str) -> Caller:
    async with unit_of_work(ground.async_sessions, read_only=True) as db:
        row = await find_session(db, cookie)
    caller = await _of_session(request, ground, row)
    if request.method not in _SAFE_METHODS and row is not None:
        mark = request.headers.get(CSRF_HEADER, "")
        if not is_csrf_mark(ground.keys.csrf, row.id, mark):
            message = f"a change by cookie needs the login's mark in the header {CSRF_HEADER}"
            raise Forbidden(message)
    return caller


async def _of_session(request: Request, ground: Ground, row: LoginSession | None) -> Caller:
    if row is None:
        message = "this login is over; log in again"
        raise NotAuthenticated(message)
    moment = clock.now()
    if not is_use_noted(row, moment):
        async with unit_of_work(ground.async_sessions) as db:
            await note_session_use(db, row.id, now=moment)
    return Caller(
        user_id=row.user_id,
        username=row.user.username,
        role=row.user.role,
        permissions=permissions_of(row.user.role),
        actor=actor_of(request, name=row.user.username, user_id=row.user_id),
        is_limited=row.user.limited_to_tags,
        session_id=row.id,
    )
