"""Engines and session factories for SQLite and PostgreSQL, sync and async alike."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from sqlalchemy import URL, Connection, Engine, Pool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExecutionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from netraven.errors import Invalid
from netraven.seal import KeyRing

BUSY_TIMEOUT_S = 30.0

READ_ONLY = "netraven_read_only"

_AS_BYTES = "netraven_as_bytes"
SEND_AS_BYTES: Final = MappingProxyType({_AS_BYTES: True})
"""Execution options for statements that fetch many bytes, which PostgreSQL else sends in hex."""

_PATIENCE = {"timeout": BUSY_TIMEOUT_S}
_BINARY: Final = 1  # psycopg.pq.Format.BINARY
_KEYRING = "keyring"
_AT_COMMIT = "at_commit"

CommitHook: TypeAlias = Callable[[Session], None]


class UnitSession(Session):
    """A session that runs what was asked for just before its outermost commit."""


def make_engine(url: str | URL, *, pool: type[Pool] | None = None) -> Engine:
    """Return an engine for a SQLite or PostgreSQL URL; raises Invalid("database_url")."""
    parsed = _with_driver(url, sqlite="pysqlite")
    engine = create_engine(parsed, poolclass=pool, **_options(parsed))
    _prepare(engine)
    return engine


def make_guest_engine(url: str | URL, *, pool_size: int) -> Engine:
    """Return an engine for a library that keeps tables of its own in our SQLite file.

    Its connections have our settings, but it begins its transactions itself, as drivers do by
    default: immediately, and at the first write.
    """
    engine = create_engine(
        _with_driver(url, sqlite="pysqlite"), pool_size=pool_size, connect_args=_PATIENCE
    )
    event.listen(engine, "connect", _configure_guest)
    return engine


def make_async_engine(url: str | URL, *, pool: type[Pool] | None = None) -> AsyncEngine:
    """Return the same engine for asynchronous sessions, for one event loop at a time.

    With NullPool loops may use it one after another, with any other pool only the first may. Not
    at the same time from loops in several threads: SQLAlchemy guards an engine's first connection
    by an asyncio lock, whose release does not wake a loop that sleeps in another thread.
    """
    parsed = _with_driver(url, sqlite="aiosqlite")
    engine = create_async_engine(parsed, poolclass=pool, **_options(parsed))
    _prepare(engine.sync_engine)
    return engine


def make_sessions(
    url: str | URL, keyring: KeyRing | None, *, pool: type[Pool] | None = None
) -> sessionmaker[Session]:
    """Return a factory of sessions that carry the key ring; without one nothing sealed opens."""
    engine = make_engine(url, pool=pool)
    return sessionmaker(
        engine, class_=UnitSession, expire_on_commit=False, info={_KEYRING: keyring}
    )


def make_async_sessions(
    url: str | URL, keyring: KeyRing | None, *, pool: type[Pool] | None = None
) -> async_sessionmaker[AsyncSession]:
    """Return the same factory for asynchronous sessions."""
    engine = make_async_engine(url, pool=pool)
    return async_sessionmaker(
        engine, sync_session_class=UnitSession, expire_on_commit=False, info={_KEYRING: keyring}
    )


def get_keyring(db: Session) -> KeyRing | None:
    """Return the key ring that the session's factory was given."""
    keyring: KeyRing | None = db.info.get(_KEYRING)
    return keyring


def at_commit(db: Session, hook: CommitHook) -> None:
    """Run `hook` once just before the session's outermost commit."""
    hooks: list[CommitHook] = db.info.setdefault(_AT_COMMIT, [])
    if hook not in hooks:
        hooks.append(hook)


@event.listens_for(UnitSession, "before_commit")
def _run_commit_hooks(db: Session) -> None:
    # SQLAlchemy announces the end of a savepoint as a commit too.
    if db.in_nested_transaction():
        return
    for hook in db.info.pop(_AT_COMMIT, []):
        hook(db)


@event.listens_for(UnitSession, "after_soft_rollback")
def _forget_commit_hooks(db: Session, _previous: object) -> None:
    if not db.in_transaction():
        db.info.pop(_AT_COMMIT, None)


def _with_driver(url: str | URL, *, sqlite: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        reason = "not a database URL; use sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise Invalid("database_url", reason) from None
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername=f"sqlite+{sqlite}")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            reason = f"{other} is not supported; use sqlite:///FILE or postgresql://USER@HOST/NAME"
            raise Invalid("database_url", reason)


def _options(url: URL) -> dict[str, object]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": _PATIENCE}
    lock_timeout_ms = int(BUSY_TIMEOUT_S * 1000)
    # Statements here are short; compiling one takes longer than running it.
    options = f"-c timezone=UTC -c lock_timeout={lock_timeout_ms} -c jit=off"
    return {"connect_args": {"options": options, "connect_timeout": 10}, "pool_pre_ping": True}


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "before_cursor_execute", _ask_for_bytes)


def _configure_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite chooses their kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    cursor.execute("PRAGMA page_count")
    if cursor.fetchone() == (0,):
        # In a new file only: it lets it give back what deleted rows leave; later it would write.
        cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL may lose reported backups at a power cut; batches make the difference small.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _configure_guest(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    _configure_sqlite(connection, entry)
    connection.isolation_level = "IMMEDIATE"


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(READ_ONLY, False):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _ask_for_bytes(
    _connection: Connection,
    cursor: DBAPICursor,
    _statement: str,
    _parameters: object,
    context: ExecutionContext | None,
    _executemany: bool,  # noqa: FBT001  as SQLAlchemy calls it
) -> None:
    if context is not None and context.execution_options.get(_AS_BYTES, False):
        # An asynchronous cursor is wrapped.
        inner: Any = getattr(cursor, "_cursor", cursor)
        inner.format = _BINARY
