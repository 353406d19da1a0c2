"""Rotation of sealing keys: every sealed value wrapped anew under the active key.

Only the wrapping of a value's own data key changes, so the plain text is never opened. Each call
is a step of its own: what it wrapped opens under the new key, the rest under the old one, and it
is the same at whatever row somebody pulls the plug.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from netraven.admin.audit import audit
from netraven.admin.installation import get_installation_key
from netraven.db import Base, KeyRing, operation
from netraven.db.enums import EventType
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.models import (
    AdminSetting,
    Content,
    Credential,
    History,
    HistoryPast,
    KeyCanary,
    SealedTranscript,
    SecondFactor,
)
from netraven.seal import KeyState, Place
from netraven.vault.secrets import SECRET_FIELDS, require_keyring


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns; a value's place is its table, primary key and column."""

    table: Table
    columns: tuple[str, ...]

    @property
    def key(self) -> tuple[Column[object], ...]:
        """Return the columns of the primary key."""
        return tuple(self.table.primary_key.columns)

    def place(self, row_key: Sequence[object], column: str) -> Place:
        """Return where a value of this row lives."""
        return Place(self.table.name, row_name(row_key), column)


def row_name(row_key: Sequence[object]) -> str:
    """Return a primary key in words: the values of its columns, parted by slashes."""
    return "/".join(map(str, row_key))


# The canary first: once a value needs the new key, a process without it does not start.
SEALED_TABLES: tuple[SealedTable, ...] = (
    SealedTable(Base.metadata.tables[KeyCanary.__tablename__], ("installation_key",)),
    SealedTable(Base.metadata.tables[Credential.__tablename__], SECRET_FIELDS),
    SealedTable(Base.metadata.tables[AdminSetting.__tablename__], ("sealed_value",)),
    SealedTable(Base.metadata.tables[SecondFactor.__tablename__], ("secret",)),
    SealedTable(Base.metadata.tables[Content.__tablename__], ("data",)),
    SealedTable(Base.metadata.tables[SealedTranscript.__tablename__], ("data",)),
    SealedTable(Base.metadata.tables[History.__tablename__], ("data",)),
    SealedTable(Base.metadata.tables[HistoryPast.__tablename__], ("data",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsage:
    """How many sealed values need a key; state and version are None for one not in the ring."""

    key_id: str
    version: int | None
    state: KeyState | None
    values: int


@operation
def rotate_keys(db: Session, *, batch: int = 100) -> int:
    """Wrap up to `batch` rows anew under the active key, and return how many; 0 means done.

    A row that cannot be opened does not keep the others waiting: it is left as it is, and when
    nothing else is left, raises Corrupt or KeyUnavailable. Raises Invalid("batch") below 1.
    """
    if batch < 1:
        raise Invalid("batch", f"must be 1 or more, not {batch}")
    keyring = require_keyring(db)
    # Opened, or made: a ring that does not fit this database changes nothing in it.
    get_installation_key(db)
    canary = db.scalars(select(KeyCanary).with_for_update(key_share=True)).one()
    is_first = not keyring.is_current(canary.installation_key)
    start = _position(canary, keyring)
    step = _wrap_from(db, keyring, start, batch)
    if step.wrapped == 0 and start != _START:
        # What another process sealed meanwhile under the old key lies before.
        step = _wrap_from(db, keyring, _START, batch)
    if step.wrapped == 0 and step.failure is not None:
        raise step.failure
    _remember(db, canary, keyring, step.position)
    if is_first:
        audit(
            db,
            event_name="key_rotation_started",
            event_type=EventType.KEY,
            target_type="key",
            target_id=keyring.active.key_id,
            target_name=keyring.active.key_id,
            description=f"began to wrap all sealed values under {keyring.active.key_id}",
        )
    return step.wrapped


@operation
def get_key_usage(db: Session) -> list[KeyUsage]:
    """Return the keys of the ring, and others that values need, with the number of values.

    A key that no value needs may be retired. Reads every row; raises KeyUnavailable without a
    key ring.
    """
    keyring = require_keyring(db)
    counts: dict[bytes, int] = {key.fingerprint: 0 for key in keyring.keys}
    for sealed in SEALED_TABLES:
        for name in sealed.columns:
            column = sealed.table.c[name]
            fingerprint = func.substr(column, 2, 4, type_=LargeBinary)
            grouped = select(fingerprint, func.count()).where(column.is_not(None))
            for found, number in db.execute(grouped.group_by(fingerprint)):
                counts[bytes(found)] = counts.get(bytes(found), 0) + number
    held = {key.fingerprint: key for key in keyring.keys}
    known = [
        KeyUsage(key_id=key.key_id, version=key.version, state=key.state, values=counts[mark])
        for mark, key in held.items()
    ]
    unknown = [
        KeyUsage(key_id=mark.hex(), version=None, state=None, values=counts[mark])
        for mark in sorted(counts.keys() - held.keys())
    ]
    return [*known, *unknown]


class _Position(NamedTuple):
    """The table that a rotation is at, and the row of it that was done last."""

    table: str
    after: str | None


class _Step(NamedTuple):
    """What one call did; `position` is None where it reached the end."""

    wrapped: int
    failure: Corrupt | KeyUnavailable | None
    position: _Position | None


_START = _Position(SEALED_TABLES[0].table.name, None)


def _wrap_from(db: Session, keyring: KeyRing, start: _Position, batch: int) -> _Step:
    """Wrap up to `batch` rows that lie behind `start`."""
    wrapped, failure, after = 0, None, start.after
    names = [sealed.table.name for sealed in SEALED_TABLES]
    for sealed in SEALED_TABLES[names.index(start.table) :]:
        for row_key in _stale_rows(db, keyring, sealed, after):
            found = _wrap_row(db, keyring, sealed, row_key)
            failure = failure or found.failure
            wrapped += found.wrapped
            if wrapped == batch:
                return _Step(wrapped, failure, _Position(sealed.table.name, row_name(row_key)))
        after = None
    return _Step(wrapped, failure, None)


_PAGE = 100


def _stale_rows(
    db: Session, keyring: KeyRing, sealed: SealedTable, after: str | None
) -> Iterator[Sequence[object]]:
    """Yield the primary keys of rows with a value that another key wraps, in their order."""
    key = sealed.key
    stale = _is_stale(keyring, sealed)
    # In no order this reads the table as it lies, which is how a rotated one is done with.
    if after is None and db.scalar(select(literal(1)).where(stale).limit(1)) is None:
        return
    last = None if after is None else _row_key(sealed, after)
    while True:
        page = select(*key).where(stale).order_by(*key).limit(_PAGE)
        rows = db.execute(page if last is None else page.where(tuple_(*key) > last)).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = tuple(rows[-1])


def _row_key(sealed: SealedTable, name: str) -> tuple[object, ...]:
    """Return the primary key that `row_name` wrote."""
    values = name.split("/", len(sealed.key) - 1)
    return tuple(
        UUID(value) if column.type.python_type is UUID else value
        for column, value in zip(sealed.key, values, strict=True)
    )


def _is_stale(keyring: KeyRing, sealed: SealedTable) -> ColumnElement[bool]:
    mark = keyring.active_mark
    begins = (
        func.substr(sealed.table.c[name], 1, len(mark), type_=LargeBinary)
        for name in sealed.columns
    )
    return or_(*(begin != mark for begin in begins))


class _Wrapped(NamedTuple):
    """How many rows were wrapped, 0 or 1, and why a value of it could not be."""

    wrapped: int
    failure: Corrupt | KeyUnavailable | None


def _wrap_row(
    db: Session, keyring: KeyRing, sealed: SealedTable, row_key: Sequence[object]
) -> _Wrapped:
    table = sealed.table
    of_row = and_(*(column == value for column, value in zip(sealed.key, row_key, strict=True)))
    found = select(*(table.c[name] for name in sealed.columns)).where(of_row)
    row = db.execute(found.with_for_update(key_share=True)).one_or_none()
    values: dict[str, object] = {}
    failure: Corrupt | KeyUnavailable | None = None
    # Somebody may have deleted the row since it was found.
    for name, value in zip(sealed.columns, row or (), strict=row is not None):
        if value is None or keyring.is_current(value):
            continue
        try:
            values[name] = keyring.rewrap(value, sealed.place(row_key, name))
        except (Corrupt, KeyUnavailable) as error:
            failure = failure or error
    if values:
        if "updated_at" in table.c:
            # Nobody changed what the row says.
            values["updated_at"] = table.c.updated_at
        db.execute(update(table).where(of_row).values(values))
    return _Wrapped(1 if values else 0, failure)


def _position(canary: KeyCanary, keyring: KeyRing) -> _Position:
    """Return where the rotation to the active key goes on; its beginning without one."""
    noted = canary.rotation
    if noted is None or noted.get("key") != keyring.active.key_id:
        return _START
    after = noted.get("after")
    return _Position(str(noted.get("table")), None if after is None else str(after))


def _remember(db: Session, canary: KeyCanary, keyring: KeyRing, position: _Position | None) -> None:
    noted = None
    if position is not None:
        noted = {"key": keyring.active.key_id, "table": position.table, "after": position.after}
    if canary.rotation != noted:
        of_canary = update(KeyCanary).where(KeyCanary.id == canary.id).values(rotation=noted)
        db.execute(of_canary.execution_options(synchronize_session=False))
        db.refresh(canary)
