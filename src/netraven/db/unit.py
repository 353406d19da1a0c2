"""Units of work: begin, yield the session, commit or roll back, close."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from typing import cast, overload

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from netraven.db.actor import SYSTEM, Actor
from netraven.db.engine import READ_ONLY
from netraven.db.failures import as_conflict, as_storage_failure
from netraven.db.writequeue import write_queue

_ACTOR = "actor"


@overload
def unit_of_work(
    sessions: sessionmaker[Session], *, actor: Actor | None = None, read_only: bool = False
) -> AbstractContextManager[Session]: ...
@overload
def unit_of_work(
    sessions: async_sessionmaker[AsyncSession],
    *,
    actor: Actor | None = None,
    read_only: bool = False,
) -> AbstractAsyncContextManager[AsyncSession]: ...
def unit_of_work(
    sessions: sessionmaker[Session] | async_sessionmaker[AsyncSession],
    *,
    actor: Actor | None = None,
    read_only: bool = False,
) -> AbstractContextManager[Session] | AbstractAsyncContextManager[AsyncSession]:
    """Return a unit that commits on a normal exit, rolls back on any exception, closes always.

    `with` for a sessionmaker, `async with` for an async_sessionmaker; without an actor the
    system acts. Writing in a `read_only` unit is an error. Raises StorageFailed where the
    database cannot be used, and Conflict where a constraint breaks at the commit.
    """
    if isinstance(sessions, async_sessionmaker):
        return _async_unit(sessions, actor, read_only=read_only)
    return _sync_unit(sessions, actor, read_only=read_only)


def get_actor(db: Session) -> Actor:
    """Return who acts in this session's unit."""
    actor: Actor = db.info.get(_ACTOR, SYSTEM)
    return actor


@contextmanager
def _sync_unit(
    sessions: sessionmaker[Session], actor: Actor | None, *, read_only: bool
) -> Iterator[Session]:
    engine = cast("Engine", sessions.kw["bind"])
    queue = None if read_only else write_queue(engine.url)
    with _translated(), queue.turn() if queue else nullcontext(), sessions() as db:
        db.info[_ACTOR] = actor or SYSTEM
        with db.begin():
            db.connection(execution_options={READ_ONLY: read_only})
            yield db


@asynccontextmanager
async def _async_unit(
    sessions: async_sessionmaker[AsyncSession], actor: Actor | None, *, read_only: bool
) -> AsyncIterator[AsyncSession]:
    engine = cast("AsyncEngine", sessions.kw["bind"])
    queue = None if read_only else write_queue(engine.url)
    with _translated():
        async with queue.async_turn() if queue else nullcontext(), sessions() as db:
            db.info[_ACTOR] = actor or SYSTEM
            async with db.begin():
                _ = await db.connection(execution_options={READ_ONLY: read_only})
                yield db


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise as_conflict(error) from error
    except DBAPIError as error:
        raise as_storage_failure(error) from error
