"""What tests use one after another: engines with what they compiled, connections, an event loop.

Half of a short test's time would else go into connecting: each unit of work anew, to a server that
starts a process for it, and on an event loop of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import AsyncAdaptedQueuePool, Engine, NullPool, Pool, QueuePool, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from netraven.db import KeyRing, make_async_sessions, make_sessions

R = TypeVar("R")

_AS_MANY_AS_ASKED_FOR = {"pool_size": 2, "max_overflow": -1}


class KeptEngines(threading.local):
    """A thread's engines, whose connections last as long as what is done with them."""

    def __init__(self) -> None:
        self.sessions = lru_cache(8)(partial(_sessions, pool=NullPool))
        self.async_sessions = lru_cache(8)(partial(_async_sessions, pool=NullPool))


class KeptConnections:
    """Engines whose connections stay open, and the loop on which the asynchronous ones live.

    For operations that the main thread calls, one after another. Whoever takes the database away
    calls `hang_up` first.
    """

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, KeyRing], sessionmaker[Session]] = {}
        self._async_sessions: dict[tuple[str, KeyRing], async_sessionmaker[AsyncSession]] = {}
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def sessions(self, url: str, keyring: KeyRing) -> sessionmaker[Session]:
        """Return a factory of plain sessions."""
        make = partial(_sessions, url, keyring, pool=_KeptPool)
        return _kept(self._sessions, (url, keyring), make)

    def async_sessions(self, url: str, keyring: KeyRing) -> async_sessionmaker[AsyncSession]:
        """Return a factory of asynchronous sessions, for `run` only."""
        make = partial(_async_sessions, url, keyring, pool=_KeptAsyncPool)
        return _kept(self._async_sessions, (url, keyring), make)

    def run(self, body: Coroutine[Any, Any, R]) -> R:
        """Return what the body returns, awaited on the one loop."""
        return self._runner.run(body)

    def hang_up(self, url: str) -> None:
        """Close the connections to a database; its engines stay."""
        for (known, _), sessions in self._sessions.items():
            if known == url:
                sessions.kw["bind"].dispose()
        for (known, _), async_sessions in self._async_sessions.items():
            if known == url:
                engine: AsyncEngine = async_sessions.kw["bind"]
                self.run(engine.dispose())

    def forget(self, url: str) -> None:
        """Close the connections to a database that is gone for good."""
        self.hang_up(url)
        for engines in (self._sessions, self._async_sessions):
            for key in [key for key in engines if key[0] == url]:
                del engines[key]

    def close(self) -> None:
        """Close everything."""
        for url in {url for url, _ in (*self._sessions, *self._async_sessions)}:
            self.forget(url)
        self._runner.close()


def _sessions(url: str, keyring: KeyRing, *, pool: type[Pool]) -> sessionmaker[Session]:
    sessions = make_sessions(url, keyring, pool=pool)
    _wait_for_no_disk(sessions.kw["bind"])
    return sessions


def _async_sessions(
    url: str, keyring: KeyRing, *, pool: type[Pool]
) -> async_sessionmaker[AsyncSession]:
    sessions = make_async_sessions(url, keyring, pool=pool)
    _wait_for_no_disk(sessions.kw["bind"].sync_engine)
    return sessions


def _wait_for_no_disk(engine: Engine) -> None:
    """Let SQLite write at the system's leisure, as the tests' PostgreSQL does: all is thrown away.

    What is left after a power cut is for tests with engines of their own.
    """

    def relax(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", relax)


class _KeptPool(QueuePool):
    def __init__(self, creator: Any, **options: Any) -> None:  # noqa: ANN401  as the pool's own
        super().__init__(creator, **(options | _AS_MANY_AS_ASKED_FOR))


class _KeptAsyncPool(AsyncAdaptedQueuePool):
    def __init__(self, creator: Any, **options: Any) -> None:  # noqa: ANN401  as the pool's own
        super().__init__(creator, **(options | _AS_MANY_AS_ASKED_FOR))


K = TypeVar("K")
V = TypeVar("V")


def _kept(known: dict[K, V], key: K, make: Callable[[], V]) -> V:
    if key not in known:
        known[key] = make()
    return known[key]
