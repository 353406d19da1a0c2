"""Units of work for requests: on the event loop for rows, in a thread for texts and hashes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from netraven.db import Actor, unit_of_work
from netraven.errors import Overdue
from netraven.request.caller import get_caller
from netraven.request.ground import get_ground

R = TypeVar("R")


async def _reading(request: Request) -> AsyncIterator[AsyncSession]:
    actor = get_caller(request).actor
    async with unit_of_work(get_ground(request).async_sessions, actor=actor, read_only=True) as db:
        yield db


async def _writing(request: Request) -> AsyncIterator[AsyncSession]:
    actor = get_caller(request).actor
    async with unit_of_work(get_ground(request).async_sessions, actor=actor) as db:
        yield db


# The unit ends before the reply is sent: a failed commit cannot answer 201.
Reading: TypeAlias = Annotated[AsyncSession, Depends(_reading, scope="function")]
Writing: TypeAlias = Annotated[AsyncSession, Depends(_writing, scope="function")]


async def reading_in_thread(request: Request, body: Callable[[Session], R]) -> R:
    """Return what the body returns from a reading unit of its own in a thread."""
    return await _in_thread(request, body, get_caller(request).actor, read_only=True)


async def writing_in_thread(
    request: Request, body: Callable[[Session], R], *, actor: Actor | None = None
) -> R:
    """Return what the body returns from a unit in a thread, kept before this returns.

    Without an actor the caller acts.
    """
    return await _in_thread(request, body, actor or get_caller(request).actor, read_only=False)


async def _in_thread(
    request: Request, body: Callable[[Session], R], actor: Actor, *, read_only: bool
) -> R:
    sessions = get_ground(request).sessions
    is_given_up = threading.Event()

    def work() -> R:
        with unit_of_work(sessions, actor=actor, read_only=read_only) as db:
            result = body(db)
            if is_given_up.is_set():
                message = "the request was given up meanwhile"
                raise Overdue(message)
            return result

    try:
        return await asyncio.to_thread(work)
    except asyncio.CancelledError:
        is_given_up.set()
        raise
