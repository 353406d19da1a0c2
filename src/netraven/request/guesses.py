"""Passwords and codes that are asked for once more are counted as those of logins are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request

from netraven.admin.throttle import begin_login, forgive_login
from netraven.db import unit_of_work
from netraven.errors import Invalid
from netraven.request.caller import client_address, get_caller
from netraven.request.ground import get_ground

_GUESSED = frozenset({"current_password", "code"})


@asynccontextmanager
async def counted_proof(request: Request) -> AsyncIterator[None]:
    """Count what happens within as an attempt to log in where a password or code is not right.

    Whoever sits at somebody's open login could try them without end. Raises TooManyAttempts.
    """
    caller, address = get_caller(request), client_address(request)
    sessions = get_ground(request).async_sessions
    async with unit_of_work(sessions, actor=caller.actor) as db:
        await begin_login(db, caller.username, address=address)
    is_guess = False
    try:
        yield
    except Invalid as error:
        is_guess = error.field in _GUESSED
        raise
    finally:
        if not is_guess:
            async with unit_of_work(sessions, actor=caller.actor) as db:
                await forgive_login(db, caller.user_id, address=address)
