"""Verifying: contents are read again, and whatever fails its check is named."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from netraven.archive.reading import TextReader, open_contents
from netraven.db import Id, as_uuid, operation
from netraven.db.paging import check_page
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.models import Backup, Content
from netraven.schemas.backup import VerifyReport


@operation
def verify_backups(
    db: Session,
    *,
    device_id: Id | None = None,
    after_id: Id | None = None,
    limit: int = 100,
) -> VerifyReport:
    """Read up to `limit` contents again, in id order of the first backup that has each.

    Called from `last_id` to `last_id`, every content is read once. What fails is reported, never
    raised; only without any key ring KeyUnavailable is.
    """
    if device_id is None:
        return _verify(db, [], after_id, limit)
    device = as_uuid(device_id)
    return _NOTHING if device is None else _verify(db, [], after_id, limit, device_id=device)


@operation
def verify_share(
    db: Session, *, share: float, turn: int, after_id: Id | None = None, limit: int = 100
) -> VerifyReport:
    """Do `verify_backups` for the contents whose turn it is: that share of all (0 < share ≤ 1).

    Contents take turns by their hashes, so a share is spread over all devices, and any 1/share
    successive turns read every content.
    """
    if not 0 < share <= 1:
        raise Invalid("share", f"must be above 0 and at most 1, not {share}")
    return _verify(db, [_has_turn(share, turn)], after_id, limit)


_NOTHING = VerifyReport(checked=0, corrupt_ids=(), unavailable_ids=(), last_id=None)
# The first 8 hex digits of a hash say where on a circle of this length it lies.
_CIRCLE = 16**8
# Bounds what is loaded at once; most contents are a thousandth of it.
_GROUP_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """A content and the first backup that has it."""

    backup_id: UUID
    address: str
    size: int


def _verify(
    db: Session,
    conditions: list[ColumnElement[bool]],
    after_id: Id | None,
    limit: int,
    *,
    device_id: UUID | None = None,
) -> VerifyReport:
    check_page(0, limit)
    after = None if after_id is None else as_uuid(after_id)
    if after is None and after_id is not None:
        return _NOTHING
    if after is not None:
        conditions = [*conditions, Backup.id > after]
    if device_id is not None:
        conditions = [*conditions, Backup.device_id == device_id]
    entries = [_Entry(*row) for row in db.execute(_page(conditions, limit, device_id))]
    corrupt, unavailable = set[str](), set[str]()
    for group in _grouped(entries):
        reader = open_contents(db, [entry.address for entry in group])
        for entry in group:
            try:
                _read(entry, reader)
            except Corrupt:
                corrupt.add(entry.address)
            except KeyUnavailable:
                unavailable.add(entry.address)
    last_id = entries[-1].backup_id if entries else None
    if last_id is not None and len(entries) == limit:
        conditions = [*conditions, Backup.id <= last_id]
    misfits = db.scalars(select(Backup.id).where(_is_misfit(), *conditions))
    return VerifyReport(
        checked=len(entries),
        corrupt_ids=tuple(sorted({*misfits, *_having(db, corrupt, device_id)})),
        unavailable_ids=tuple(_having(db, unavailable, device_id)),
        last_id=last_id,
    )


def _page(
    conditions: list[ColumnElement[bool]], limit: int, device_id: UUID | None
) -> Select[UUID, str, int]:
    other = aliased(Backup)
    is_later = exists().where(
        other.content_hash == Backup.content_hash,
        other.id < Backup.id,
        *([] if device_id is None else [other.device_id == device_id]),
    )
    return (
        select(Backup.id, Content.hash, Content.size)
        .join(Content, Content.hash == Backup.content_hash)
        .where(~is_later, *conditions)
        .order_by(Backup.id)
        .limit(limit)
    )


def _grouped(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    group: list[_Entry] = []
    size = 0
    for entry in entries:
        if group and size + entry.size > _GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(entry)
        size += entry.size
    if group:
        yield group


def _read(entry: _Entry, reader: TextReader) -> None:
    reader.text(entry.address)
    reader.check_depth(entry.address)


def _has_turn(share: float, turn: int) -> ColumnElement[bool]:
    step = math.ceil(share * _CIRCLE)
    start = turn * step % _CIRCLE
    end = start + step
    if end <= _CIRCLE:
        return _on_arc(start, end)
    return or_(_on_arc(start, _CIRCLE), _on_arc(0, end - _CIRCLE))


def _on_arc(start: int, end: int) -> ColumnElement[bool]:
    from_start = Backup.content_hash >= f"{start:08x}"
    return from_start if end == _CIRCLE else and_(from_start, Backup.content_hash < f"{end:08x}")


def _having(db: Session, addresses: set[str], device_id: UUID | None) -> list[UUID]:
    if not addresses:
        return []
    having = select(Backup.id).where(Backup.content_hash.in_(addresses)).order_by(Backup.id)
    of_device = having if device_id is None else having.where(Backup.device_id == device_id)
    return list(db.scalars(of_device))


def _is_misfit() -> ColumnElement[bool]:
    """Return the condition on `Backup` that it has no content, or one of another size."""
    fits = exists().where(Content.hash == Backup.content_hash, Content.size == Backup.size)
    return and_(Backup.content_hash.is_not(None), ~fits)
