"""What a database says about itself, for diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from netraven.clock import as_utc
from netraven.db.dialect import is_postgresql
from netraven.db.engine import READ_ONLY, make_engine
from netraven.db.failures import as_storage_failure
from netraven.db.operation import operation

_MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """The server and what it holds; `journal` and `wal_bytes` are SQLite's, `now` PostgreSQL's."""

    server: str
    size_bytes: int
    journal: str | None = None
    wal_bytes: int = 0
    now: datetime | None = None


def database_facts(url: str | URL) -> DatabaseFacts:
    """Return what the database says about itself; raises StorageFailed where it cannot be used."""
    engine = make_engine(url)
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            if engine.dialect.name == "sqlite":
                return _sqlite_facts(connection, Path(engine.url.database or ""))
            return _postgresql_facts(connection)
    except DBAPIError as error:
        raise as_storage_failure(error) from error
    finally:
        engine.dispose()


@operation
def database_size(db: Session) -> int:
    """Return how many bytes the database takes on its disk."""
    if is_postgresql(db):
        return int(db.scalars(select(func.pg_database_size(func.current_database()))).one())
    pages, page_bytes = (
        db.connection().exec_driver_sql(pragma).scalar_one()
        for pragma in ("PRAGMA page_count", "PRAGMA page_size")
    )
    return int(pages) * int(page_bytes)


def database_damage(url: str | URL) -> list[str]:
    """Return what is wrong with a SQLite file, at most a hundred findings; reads all of it.

    Empty for other databases, which look after themselves. Raises StorageFailed for a file that
    is too damaged to be read.
    """
    engine = make_engine(url)
    if engine.dialect.name != "sqlite":
        return []
    try:
        with engine.connect().execution_options(**{READ_ONLY: True}) as connection:
            pages = connection.scalars(text("PRAGMA quick_check")).all()
            rows = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(_MOST_FINDINGS)
    except DBAPIError as error:
        raise as_storage_failure(error) from error
    finally:
        engine.dispose()
    lost = [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is gone" for row in rows]
    return [str(finding) for finding in pages if finding != "ok"] + lost


def _sqlite_facts(connection: Connection, path: Path) -> DatabaseFacts:
    wal = path.with_name(f"{path.name}-wal")
    return DatabaseFacts(
        server=f"SQLite {connection.scalar(select(func.sqlite_version()))}",
        size_bytes=path.stat().st_size if path.exists() else 0,
        journal=str(connection.scalar(text("PRAGMA journal_mode"))),
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
    )


def _postgresql_facts(connection: Connection) -> DatabaseFacts:
    size = connection.scalar(select(func.pg_database_size(func.current_database())))
    moment = connection.scalar(select(func.clock_timestamp()))
    return DatabaseFacts(
        server=f"PostgreSQL {connection.scalar(text('SHOW server_version'))}",
        size_bytes=int(size or 0),
        now=as_utc(moment) if isinstance(moment, datetime) else None,
    )
