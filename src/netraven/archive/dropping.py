"""Removing contents that no backup refers to any more, without harm to what rests on them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.orm import Session

from netraven.archive.codec import make_frame
from netraven.archive.reading import TextReader, open_contents
from netraven.db import operation
from netraven.db.chunks import in_chunks
from netraven.models import Backup, Content


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many contents went, and the sizes of their texts together."""

    contents: int
    size_bytes: int


@operation
def drop_unused(db: Session, addresses: Sequence[str]) -> Dropped:
    """Remove those of these contents to which no backup refers any more.

    What rests on them is stored again before, under its own hash: on the nearest content below
    that stays; where none does, the oldest of them in full and the others on that one. Raises
    Corrupt where one of those cannot be read.
    """
    count = size_bytes = 0
    for chunk in in_chunks(addresses):
        sizes = _drop(db, chunk)
        count += len(sizes)
        size_bytes += sum(sizes.values())
    return Dropped(count, size_bytes)


@dataclass(frozen=True, slots=True)
class _Resting:
    """A content, what it rests on, and the time that orders those resting on the same one."""

    address: str
    base: str
    depth: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Settled:
    """How a content is kept from now on."""

    address: str
    base: str | None
    depth: int
    data: bytes


def _drop(db: Session, addresses: Collection[str]) -> dict[str, int]:
    """Remove the unused ones; return their sizes by address."""
    likely = _unused(db, addresses)
    # In one go, for the order; with what they rest on, on which others may come to rest.
    locked = _lock(db, {*addresses, *_resting_on(db, likely), *_bases_of(db, likely)})
    doomed = _unused(db, addresses)
    tree = _resting_on(db, doomed)
    # Until a content is locked, another may come to rest on it.
    while late := tree.keys() - locked:
        locked |= _lock(db, late)
        tree = _resting_on(db, doomed)
    staying = {address: resting for address, resting in tree.items() if address not in doomed}
    if staying:
        _settle(db, staying, doomed)
    if doomed:
        db.connection().execute(delete(Content).where(Content.hash.in_(doomed)))
    return doomed


def _unused(db: Session, addresses: Collection[str]) -> dict[str, int]:
    rows = db.execute(
        select(Content.hash, Content.size).where(
            Content.hash.in_(addresses), ~exists().where(Backup.content_hash == Content.hash)
        )
    )
    return {row[0]: row[1] for row in rows}


def _bases_of(db: Session, addresses: Collection[str]) -> set[str]:
    bases = select(Content.base_hash).where(Content.hash.in_(addresses))
    return {base for base in db.scalars(bases) if base is not None}


def _lock(db: Session, addresses: Collection[str]) -> set[str]:
    statement = select(Content.hash).order_by(Content.hash).with_for_update()
    return {
        address
        for chunk in in_chunks(sorted(addresses))
        for address in db.scalars(statement.where(Content.hash.in_(chunk)))
    }


def _resting_on(db: Session, addresses: Collection[str]) -> dict[str, _Resting]:
    """Return all contents that rest on these, at any distance."""
    found: dict[str, _Resting] = {}
    columns = (Content.hash, Content.base_hash, Content.depth, Content.created_at)
    below = list(addresses)
    # Level by level: for a join, PostgreSQL would read the whole table.
    while below:
        rows = [
            _Resting(address, base, depth, created_at)
            for chunk in in_chunks(below)
            for address, base, depth, created_at in db.execute(
                select(*columns).where(Content.base_hash.in_(chunk))
            )
            if base is not None
        ]
        below = [row.address for row in rows if row.address not in found]
        found |= {row.address: row for row in rows}
    return found


def _settle(db: Session, staying: Mapping[str, _Resting], doomed: Collection[str]) -> None:
    """Store again what rests directly on the doomed, and correct the depths above."""
    heirs = [resting for resting in staying.values() if resting.base in doomed]
    reader = open_contents(db, {heir.address for heir in heirs})
    settled: list[_Settled] = []
    for base, group in _by_new_base(heirs, reader, doomed):
        settled += _stored_again(reader, base, group)
    _keep(db, settled)
    _correct_depths(db, staying, {row.address: row.depth for row in settled})


def _by_new_base(
    heirs: list[_Resting], reader: TextReader, doomed: Collection[str]
) -> Iterator[tuple[str | None, list[_Resting]]]:
    """Yield groups with the nearest content below that stays, None where all below goes."""
    groups: defaultdict[tuple[str | None, str], list[_Resting]] = defaultdict(list)
    for heir in heirs:
        lowest = heir.base
        while (base := reader.frames[lowest].base) is not None and base in doomed:
            lowest = base
        groups[base, lowest].append(heir)
    for (base, _), group in groups.items():
        yield base, sorted(group, key=lambda heir: (heir.created_at, heir.address))


def _stored_again(
    reader: TextReader, base: str | None, heirs: list[_Resting]
) -> Iterator[_Settled]:
    depth = -1 if base is None else reader.frames[base].depth
    for heir in heirs:
        text = reader.text(heir.address)
        base_text = None if base is None else reader.text(base)
        frame = make_frame(reader.keyring, text, address=heir.address, base=base_text)
        if frame.is_delta:
            yield _Settled(heir.address, base, depth + 1, frame.data)
        else:
            yield _Settled(heir.address, None, 0, frame.data)
        if base is None:
            base, depth = heir.address, 0


def _keep(db: Session, settled: list[_Settled]) -> None:
    statement = (
        update(Content)
        .where(Content.hash == bindparam("address"))
        .values(
            base_hash=bindparam("new_base"),
            depth=bindparam("new_depth"),
            data=bindparam("new_data"),
        )
    )
    rows = [
        {
            "address": row.address,
            "new_base": row.base,
            "new_depth": row.depth,
            "new_data": row.data,
        }
        for row in settled
    ]
    db.connection().execute(statement, rows)


def _correct_depths(
    db: Session, staying: Mapping[str, _Resting], depths: Mapping[str, int]
) -> None:
    above: defaultdict[str, list[_Resting]] = defaultdict(list)
    for resting in staying.values():
        above[resting.base].append(resting)
    moved: list[dict[str, object]] = []
    ready = deque(depths.items())
    while ready:
        address, depth = ready.popleft()
        for resting in above.pop(address, ()):
            ready.append((resting.address, depth + 1))
            if resting.depth != depth + 1:
                moved.append({"address": resting.address, "new_depth": depth + 1})
    if moved:
        corrected = update(Content).where(Content.hash == bindparam("address"))
        db.connection().execute(corrected.values(depth=bindparam("new_depth")), moved)
