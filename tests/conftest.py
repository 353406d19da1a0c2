"""Fixtures that every room's tests share: migrated databases, and both kinds of session."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from netraven import models
from netraven.db import (
    Actor,
    KeyRing,
    Operation,
    unit_of_work,
)
from netraven.db.schema import upgrade_schema
from tests.databases import EmptiedDatabase, administer
from tests.databases import database_url as postgres_url
from tests.dealing import dealt
from tests.kept import KeptConnections, KeptEngines
from tests.laboratory import IS_ABSENT, LABORATORY, WHY_SKIPPED
from tests.parts import PART, pytest_terminal_summary
from tests.postgres import shared_server

__all__ = ["pytest_terminal_summary"]

P = ParamSpec("P")
R = TypeVar("R")
Factory = TypeVar("Factory", sessionmaker[Session], async_sessionmaker[AsyncSession])

POSTGRES_URL = "NETRAVEN_TEST_POSTGRES_URL"

assert models.__all__, "the tables must be known before the first migration runs"


# How long an example takes is the machine's matter, and other processes'.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests run at once: two a core on small machines.

    Half of their time, tests wait for devices, programs and disks.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(2 * (cores or 1), max(cores or 1, 8))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let some of the processes of pytest-xdist begin with the long tests."""
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is not None:
        parts: int = told["workercount"]
        items[:] = dealt(items, parts, lambda item: item.get_closest_marker("long") is not None)


_kept_engines = KeptEngines()


class Database:
    """One migrated database reached by one kind of session; each call is a unit of its own.

    `kept` are connections for the main thread's units; without them each unit makes its own.
    """

    def __init__(
        self, url: str, keyring: KeyRing, kind: str, *, kept: KeptConnections | None = None
    ) -> None:
        self.url = url
        self.keyring = keyring
        self.kind = kind
        self.sessions = _apart((kept or _kept_engines).sessions(url, keyring))
        self._thread = threading.local()
        self._kept = kept

    @property
    def async_sessions(self) -> async_sessionmaker[AsyncSession]:
        """Return this thread's factory: an asynchronous engine serves one loop at a time."""
        if not hasattr(self._thread, "sessions"):
            kept = _kept_engines.async_sessions(self.url, self.keyring)
            self._thread.sessions = _apart(kept)
        sessions: async_sessionmaker[AsyncSession] = self._thread.sessions
        return sessions

    def run(self, operation: Operation[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the operation returns, called by this kind of session and committed."""
        if self.kind == "sync":
            with unit_of_work(self.sessions) as db:
                return operation(db, *args, **kwargs)

        async def in_async_unit(sessions: async_sessionmaker[AsyncSession]) -> R:
            async with unit_of_work(sessions) as db:
                return await operation(db, *args, **kwargs)

        return self._await(in_async_unit)

    def run_body(self, body: Callable[[Session], R]) -> R:
        """Return what `body` returns when it runs in one unit of this kind of session."""
        if self.kind == "sync":
            with unit_of_work(self.sessions) as db:
                return body(db)

        async def in_async_unit(sessions: async_sessionmaker[AsyncSession]) -> R:
            async with unit_of_work(sessions) as db:
                return await db.run_sync(body)

        return self._await(in_async_unit)

    def unit(self, *, actor: Actor | None = None) -> AbstractContextManager[Session]:
        """Return a fresh unit of a plain session, for arranging and for checking."""
        return unit_of_work(self.sessions, actor=actor)

    def _await(
        self, unit: Callable[[async_sessionmaker[AsyncSession]], Coroutine[Any, Any, R]]
    ) -> R:
        if self._kept is None or threading.current_thread() is not threading.main_thread():
            return asyncio.run(unit(self.async_sessions))
        return self._kept.run(unit(self._kept.async_sessions(self.url, self.keyring)))


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Let no test write its log lines as an earlier one wished."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    """Return a key ring that the whole test run shares."""
    return KeyRing.generate()


@pytest.fixture(scope="session")
def kept() -> Iterator[KeptConnections]:
    """Return the connections that this process's tests use one after another."""
    connections = KeptConnections()
    yield connections
    connections.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a PostgreSQL server: the given one, else the run's own from its wheel."""
    given = os.environ.get(POSTGRES_URL)
    if given:
        yield given
        return
    base = tmp_path_factory.getbasetemp()
    # The folder of the whole run, in which every worker of pytest-xdist has its own.
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with shared_server(run) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "netraven.sqlite3"
    upgrade_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Return the name of a migrated, empty PostgreSQL database to copy."""
    name = f"template_{uuid4().hex}"
    administer(postgres_server, f'CREATE DATABASE "{name}"')
    upgrade_schema(postgres_url(postgres_server, name))
    return name


@pytest.fixture(scope="session")
def emptied_postgres(postgres_server: str, postgres_template: str) -> Iterator[EmptiedDatabase]:
    """Return the PostgreSQL database that this process's tests get one after another."""
    database = EmptiedDatabase(postgres_server, postgres_template)
    yield database
    database.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, kept: KeptConnections) -> Iterator[str]:
    """Return the URL of a migrated, empty database of its own, on either kind of database."""
    if request.param == "sqlite":
        url = _emptied_sqlite(request.getfixturevalue("sqlite_template"))
        yield url
        kept.hang_up(url)
        return
    request.node.user_properties.append(
        (PART, _version(request.getfixturevalue("postgres_server")))
    )
    postgres: EmptiedDatabase = request.getfixturevalue("emptied_postgres")
    url = postgres.lend()
    yield url
    if not postgres.take_back():
        kept.forget(url)


@pytest.fixture(params=["sync", "async"])
def database(
    request: pytest.FixtureRequest, database_url: str, keyring: KeyRing, kept: KeptConnections
) -> Database:
    """Return a database reached four ways: two databases by two kinds of session."""
    return Database(database_url, keyring, request.param, kept=kept)


@pytest.fixture
def sync_database(database_url: str, keyring: KeyRing, kept: KeptConnections) -> Database:
    """Return a database reached by plain sessions only."""
    return Database(database_url, keyring, "sync", kept=kept)


@pytest.fixture
def sqlite_database(
    tmp_path: Path, sqlite_template: Path, keyring: KeyRing, kept: KeptConnections
) -> Iterator[Database]:
    """Return a SQLite database reached by plain sessions, where the database is not the point."""
    path = tmp_path / "netraven.sqlite3"
    shutil.copy(sqlite_template, path)
    url = f"sqlite:///{path}"
    yield Database(url, keyring, "sync", kept=kept)
    kept.forget(url)


@pytest.fixture(scope="session")
def devicelab() -> Path:
    """Return where the independent device laboratory lies; skip where it does not."""
    if IS_ABSENT:
        pytest.skip(WHY_SKIPPED)
    return LABORATORY


def _emptied_sqlite(template: Path) -> str:
    """Return the URL of a new file, always of the same name, so that engines can be kept."""
    path = template.with_name("emptied.sqlite3")
    for old in template.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copy(template, path)
    return f"sqlite:///{path}"


def _apart(sessions: Factory) -> Factory:
    """Return the factory with an engine that shares all but what a test listens to."""
    engine = sessions.kw["bind"].execution_options()
    return type(sessions)(**{**sessions.kw, "bind": engine, "class_": sessions.class_})


@cache
def _version(server: str) -> str:
    engine = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), poolclass=NullPool
    )
    with engine.connect() as connection:
        return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"
