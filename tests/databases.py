"""A migrated PostgreSQL database that tests get one after another, each of them empty.

Emptying one takes a millisecond, making one takes a tenth of a second, most of it in the server.
"""

from __future__ import annotations

from functools import cache
from uuid import uuid4

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Engine,
    NullPool,
    create_engine,
    exists,
    literal,
    make_url,
    select,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError

from netraven.db import Base

DRIVER = "postgresql+psycopg"

# What tests left behind makes a database slow by and by.
MOST_ROWS_REMOVED = 2000

# Whatever a test may have done to the schema changes one of these.
_SHAPE = text("""
    SELECT (SELECT string_agg(version_num, ' ') FROM alembic_version),
           (SELECT sum(oid::bigint) FROM pg_class),
           (SELECT sum(oid::bigint) FROM pg_constraint),
           (SELECT sum(oid::bigint) FROM pg_trigger),
           (SELECT count(*) FROM pg_attribute)
""")
# Connections that are kept for the next test are idle; whatever else is left over holds locks.
_END_OTHERS = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
""")


class EmptiedDatabase:
    """A copy of the template, made anew where emptying it would not be enough."""

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._engine: Engine | None = None
        self._shape: tuple[object, ...] = ()
        self._removed = 0

    def lend(self) -> str:
        """Return the URL of the database: migrated, without a row."""
        if self._engine is None:
            self._engine = self._made()
            with self._engine.connect() as connection:
                self._shape = _shape(connection)
        return database_url(self._server, self._engine.url.database or "")

    def take_back(self) -> bool:
        """Empty the database, or drop it when its schema was changed or much was in it.

        False where it was dropped.
        """
        if self._engine is not None and not self._is_emptied(self._engine):
            self.drop()
        return self._engine is not None

    def drop(self) -> None:
        """Drop the database; the next to need one gets a new one."""
        if self._engine is not None:
            self._engine.dispose()
            administer(self._server, f'DROP DATABASE "{self._engine.url.database}" WITH (FORCE)')
        self._engine, self._removed = None, 0

    def _made(self) -> Engine:
        name = f"test_{uuid4().hex}"
        administer(self._server, f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        return create_engine(make_url(database_url(self._server, name)).set(drivername=DRIVER))

    def _is_emptied(self, engine: Engine) -> bool:
        try:
            with engine.begin() as connection:
                connection.execute(_END_OTHERS)
                connection.execute(text("SET LOCAL lock_timeout = '2s'"))
                if _shape(connection) != self._shape:
                    return False
                self._removed += _empty(connection)
        except DBAPIError:
            return False
        return self._removed <= MOST_ROWS_REMOVED


def administer(server: str, statement: str) -> None:
    """Run one statement on the server, outside of any transaction."""
    engine = create_engine(
        make_url(server).set(drivername=DRIVER),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        connection.execute(text(statement))


def database_url(server: str, name: str) -> str:
    """Return the URL of one database of the server."""
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _shape(connection: Connection) -> tuple[object, ...]:
    return tuple(connection.execute(_SHAPE).one())


def _empty(connection: Connection) -> int:
    """Empty the tables that hold something, and return how many rows that were."""
    used = set(connection.scalars(_used_tables()))
    return sum(
        connection.execute(table.delete()).rowcount
        for table in reversed(Base.metadata.sorted_tables)
        if table.name in used
    )


@cache
def _used_tables() -> CompoundSelect[tuple[str]]:
    """Return the statement that yields the names of tables with a row, in one look."""
    tables = Base.metadata.sorted_tables
    return union_all(
        *(
            select(literal(table.name)).where(exists(select(1).select_from(table)))
            for table in tables
        )
    )
