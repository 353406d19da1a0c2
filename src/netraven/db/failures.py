"""Database drivers' errors, translated once into NetRaven's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint, inspect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from netraven.db.base import Base
from netraven.errors import Conflict, Invalid, NetRavenError, StorageFailed

FIELD = "field"

_STORAGE_REMEDIES = (
    ("database or disk is full", "the disk is full; free some space and retry"),
    ("no space left", "the database server's disk is full; free some space and retry"),
    ("readonly database", "the database is read-only; make its file and folder writable"),
    ("read-only transaction", "this unit may only read"),
    ("database is locked", "another process holds the database's lock; retry when it is done"),
    ("lock timeout", "another process holds a lock in the database; retry when it is done"),
    ("deadlock detected", "two writers waited for each other; retry"),
    ("unable to open database file", "the database file cannot be opened; check folder and rights"),
    ("file is not a database", "the file is not a SQLite database; restore it from a copy"),
    ("malformed", "the database file is damaged; restore it from a copy"),
    ("disk i/o error", "the disk reports an input/output error; check it and retry"),
    ("no such table", "the database has no NetRaven tables; run `netraven init`"),
    ("does not exist", "the database has no NetRaven tables; run `netraven init`"),
    ("password authentication failed", "the database refused the login; check the database URL"),
)

_PASSING = ("database is locked", "lock timeout", "deadlock detected")


@contextmanager
def guarded(db: Session) -> Iterator[None]:
    """Flush what happens within, in a savepoint; a broken constraint raises Conflict or Invalid.

    The transaction stays usable, and rows in hand keep their stored values.
    """
    try:
        with db.begin_nested():
            yield
            db.flush()
    except IntegrityError as error:
        _reload_expired(db)
        raise as_conflict(error) from None
    except NetRavenError:
        _reload_expired(db)
        raise


def as_conflict(error: IntegrityError) -> NetRavenError:
    """Return the Conflict or Invalid that a broken constraint means."""
    diagnosis = getattr(error.orig, "diag", None)
    text = str(error.orig)
    if diagnosis is not None:
        table = Base.metadata.tables.get(diagnosis.table_name or "")
        name = diagnosis.constraint_name
        if "foreign key" in text:
            return Invalid(_foreign_field(table, name), "refers to something that is not there")
        return Conflict(_field_of(table, name, ()))
    if "FOREIGN KEY" in text:
        return Invalid("reference", "refers to something that is not there, or is still needed")
    _, _, named = text.partition("failed: ")
    if named.startswith("index "):
        name = named.removeprefix("index ").strip("'")
        return Conflict(_field_of(None, name, ()))
    columns = [column.strip().partition(".") for column in named.split(",")]
    table = Base.metadata.tables.get(columns[0][0])
    return Conflict(_field_of(table, None, tuple(column for _, _, column in columns)))


def as_storage_failure(error: DBAPIError) -> StorageFailed:
    """Return the one sentence that a driver's operational error means."""
    text = str(error.orig).strip()
    # SQLite takes a transaction back by itself when the disk is full; what a savepoint then says
    # hides the cause behind it.
    for cause in _chain(error):
        for needle, sentence in _STORAGE_REMEDIES:
            if needle in str(cause).lower():
                return StorageFailed(sentence, is_passing=needle in _PASSING)
    first_line = text.splitlines()[0] if text else type(error.orig).__name__
    return StorageFailed(
        f"the database cannot be used ({first_line}); check it and retry",
        is_passing=error.connection_invalidated or _is_of_a_server(error),
    )


def _is_of_a_server(error: DBAPIError) -> bool:
    """Tell whether it is the state of a server, which a file of ours has not."""
    return isinstance(error, OperationalError) and not isinstance(error.orig, sqlite3.Error)


def _chain(error: DBAPIError) -> Iterator[BaseException]:
    """Yield the driver's errors behind this one, the nearest first."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, DBAPIError) and current.orig is not None:
            yield current.orig
        current = current.__cause__ or current.__context__


def _field_of(table: Table | None, name: str | None, columns: tuple[str, ...]) -> str:
    tables = [table] if table is not None else list(Base.metadata.tables.values())
    for candidate in tables:
        for rule_name, field, rule_columns in _unique_rules(candidate):
            if rule_name == name if name else set(rule_columns) == set(columns):
                return field
    return columns[0] if columns else "id"


def _unique_rules(table: Table) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint):
            names = tuple(column.name for column in constraint.columns)
            yield str(constraint.name), str(constraint.info.get(FIELD) or names[0]), names
    for index in table.indexes:
        if index.unique:
            names = tuple(column.name for column in index.columns)
            yield str(index.name), str(index.info.get(FIELD) or names[0]), names


def _foreign_field(table: Table | None, name: str | None) -> str:
    if table is not None:
        for constraint in table.foreign_key_constraints:
            if constraint.name == name:
                return str(constraint.column_keys[0])
    return "reference"


def _reload_expired(db: Session) -> None:
    for row in list(db.identity_map.values()):
        if inspect(row).expired_attributes:
            db.refresh(row)
