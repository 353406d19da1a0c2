"""Weaves as they lie in the database: packed, compressed, and sealed for their series."""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.orm import Session

from netraven.archive.series import Series
from netraven.archive.weave import Weave, WeaveBytes, WeaveMisfit, unpack_weave
from netraven.db import KeyRing, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.db.engine import SEND_AS_BYTES
from netraven.errors import Corrupt
from netraven.models import History, HistoryPast
from netraven.platforms.platform import Platform
from netraven.seal import Place

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT = 1
"""How this program packs weaves; rows of another format are made anew."""


@dataclass(frozen=True, slots=True)
class StoredWeave:
    """One row of `history`."""

    device_id: UUID
    config_type: str
    last_version: int
    view_rev: str
    format: int
    data: bytes

    @property
    def series(self) -> Series:
        """Return whose weave it is."""
        return self.device_id, self.config_type

    @property
    def place(self) -> Place:
        """Return the place that the sealed bytes are bound to."""
        return weave_place(self.series)


@dataclass(frozen=True, slots=True)
class StoredPast:
    """One row of `history_past`: a part of what stands no more of an overgrown weave."""

    device_id: UUID
    config_type: str
    last_version: int
    format: int
    data: bytes

    @property
    def series(self) -> Series:
        """Return whose past it is."""
        return self.device_id, self.config_type

    @property
    def place(self) -> Place:
        """Return the place that the sealed bytes are bound to."""
        return past_place(self.series, self.last_version)


@dataclass(frozen=True, slots=True)
class FreshWeave:
    """A weave to be stored in place of the series' present one, with new parts of its past."""

    series: Series
    weave: Weave
    view_rev: str
    past: tuple[Weave, ...] = ()


@lru_cache(maxsize=256)
def view_rev(platform: Platform | None) -> str:
    """Return the name of the rules by which this platform's views are made.

    It follows from them, so that nobody has to remember to raise it.
    """
    rules = None if platform is None else (platform.secrets, platform.literals)
    digest = hashlib.sha256(repr(rules).encode()).hexdigest()
    return f"{_VIEW_REVISION}-{digest[:8]}"


def mixed_view_rev(platforms: Iterable[Platform | None]) -> str:
    """Return the name of the rules of a series that several platforms' programs wrote."""
    names = sorted(set(map(view_rev, platforms)))
    if len(names) == 1:
        return names[0]
    return f"{_VIEW_REVISION}-{hashlib.sha256('+'.join(names).encode()).hexdigest()[:8]}"


def open_weave(keyring: KeyRing, row: StoredWeave | StoredPast) -> Weave:
    """Return the weave of a row; raises Corrupt or KeyUnavailable."""
    packed, aside = _unpacked(keyring, row)
    try:
        weave = unpack_weave(packed, zstd.decompress(aside) if aside else b"")
    except (WeaveMisfit, zstd.ZstdError):
        raise _corrupt(row.series) from None
    if weave.last_version != row.last_version:
        raise _corrupt(row.series)
    return weave


def open_weave_bytes(keyring: KeyRing, row: StoredWeave | StoredPast) -> WeaveBytes:
    """Return the weave of a row to be looked at in place; raises Corrupt or KeyUnavailable."""
    try:
        return WeaveBytes(_unpacked(keyring, row)[0])
    except WeaveMisfit:
        raise _corrupt(row.series) from None


@operation
def load_weaves(db: Session, series: Collection[Series]) -> dict[Series, StoredWeave]:
    """Return the rows of these series that there are."""
    found: dict[Series, StoredWeave] = {}
    for chunk in in_chunks(sorted(series)):
        devices = {device_id for device_id, _ in chunk}
        # SQLite finds rows by one column in a list, but not by two.
        wanted = _ROWS.where(History.device_id.in_(devices), _KEY.in_(chunk))
        found |= {(row[0], row[1]): StoredWeave(*row) for row in db.execute(wanted)}
    return found


@operation
def load_past(db: Session, series: Collection[Series]) -> dict[Series, list[StoredPast]]:
    """Return the parts of the past of those of these series that have any, the oldest first."""
    found: dict[Series, list[StoredPast]] = {}
    # Most installations have none at all.
    if not db.scalar(_HAS_PAST):
        return found
    for chunk in in_chunks(sorted({device_id for device_id, _ in series})):
        for row in db.execute(_PAST, {"device_ids": chunk}):
            past = StoredPast(*row)
            if past.series in series:
                found.setdefault(past.series, []).append(past)
    return found


@operation
def open_parts(db: Session, keyring: KeyRing, row: StoredWeave) -> list[Weave]:
    """Return a weave behind the parts of its past; raises Corrupt or KeyUnavailable.

    Each kept version's text comes back from one of them.
    """
    weave = open_weave(keyring, row)
    past: list[Weave] = []
    if weave.has_past():
        rows = load_past(db, [row.series]).get(row.series, ())
        past = [open_weave(keyring, each) for each in rows]
        if not weave.follows(past):
            raise _corrupt(row.series)
    return [*past, weave]


@operation
def keep_weaves(db: Session, keyring: KeyRing, fresh: Sequence[FreshWeave]) -> None:
    """Store weaves in place of those that are there; the caller holds their series."""
    if not fresh:
        return
    rows = [_row(keyring, each) for each in sorted(fresh, key=lambda each: each.series)]
    insertion = insert_into(db, History)
    replaced = {name: insertion.excluded[name] for name in _REPLACED}
    key = ["device_id", "config_type"]
    kept = insertion.on_conflict_do_update(index_elements=key, set_=replaced)
    db.connection().execute(kept, rows)
    keep_past(db, keyring, [(each.series, past) for each in fresh for past in each.past])


@operation
def keep_past(db: Session, keyring: KeyRing, past: Sequence[tuple[Series, Weave]]) -> None:
    """Store parts of the past of series, in place of those that end with the same version."""
    if not past:
        return
    rows = [_past_row(keyring, *each) for each in past]
    insertion = insert_into(db, HistoryPast)
    replaced = {name: insertion.excluded[name] for name in ("format", "data")}
    key = ["device_id", "config_type", "last_version"]
    db.connection().execute(
        insertion.on_conflict_do_update(index_elements=key, set_=replaced), rows
    )


@operation
def drop_weaves(db: Session, series: Collection[Series]) -> None:
    """Remove the weaves of these series, and their past."""
    for chunk in in_chunks(sorted(series)):
        db.execute(delete(History).where(_KEY.in_(chunk)))
        db.execute(delete(HistoryPast).where(_PAST_KEY.in_(chunk)))


# Raised when the tokens, the folds or the way they are put in become others.
_VIEW_REVISION = 2
_LEVEL = 1
# A frame that readers pass over unread (RFC 8878, 3.1.2): one of sixteen numbers, and its size.
_ASIDE = struct.Struct("<II")
_ASIDE_MAGIC = 0x184D2A57
_REPLACED = ("last_version", "view_rev", "format", "data")
_KEY = tuple_(History.device_id, History.config_type)
_ROWS = select(
    History.device_id,
    History.config_type,
    History.last_version,
    History.view_rev,
    History.format,
    History.data,
).execution_options(**SEND_AS_BYTES)
_PAST_KEY = tuple_(HistoryPast.device_id, HistoryPast.config_type)
_HAS_PAST = select(select(HistoryPast.last_version).exists())
_PAST = (
    select(
        HistoryPast.device_id,
        HistoryPast.config_type,
        HistoryPast.last_version,
        HistoryPast.format,
        HistoryPast.data,
    )
    .where(HistoryPast.device_id.in_(bindparam("device_ids", expanding=True)))
    .order_by(HistoryPast.device_id, HistoryPast.config_type, HistoryPast.last_version)
    .execution_options(**SEND_AS_BYTES)
)


def _row(keyring: KeyRing, fresh: FreshWeave) -> Mapping[str, object]:
    device_id, config_type = fresh.series
    return {
        "device_id": device_id,
        "config_type": config_type,
        "last_version": fresh.weave.last_version,
        "view_rev": fresh.view_rev,
        "format": FORMAT,
        "data": _sealed(keyring, fresh.weave, weave_place(fresh.series)),
    }


def _past_row(keyring: KeyRing, series: Series, past: Weave) -> Mapping[str, object]:
    return {
        "device_id": series[0],
        "config_type": series[1],
        "last_version": past.last_version,
        "format": FORMAT,
        "data": _sealed(keyring, past, past_place(series, past.last_version)),
    }


def _sealed(keyring: KeyRing, weave: Weave, place: Place) -> bytes:
    packed = zstd.compress(weave.pack(), _LEVEL)
    known = zstd.compress(weave.pack_known(), _LEVEL)
    return keyring.seal(packed + _ASIDE.pack(_ASIDE_MAGIC, len(known)) + known, place)


def weave_place(series: Series) -> Place:
    """Return the place that a weave's sealed bytes are bound to."""
    return Place(History.__tablename__, f"{series[0]}/{series[1]}", "data")


def past_place(series: Series, last_version: int) -> Place:
    """Return the place that the sealed bytes of a part of the past are bound to."""
    return Place(HistoryPast.__tablename__, f"{series[0]}/{series[1]}/{last_version}", "data")


def _unpacked(keyring: KeyRing, row: StoredWeave | StoredPast) -> tuple[bytes, bytes]:
    """Return the packed weave and, still compressed, what is known of its lines."""
    if row.format != FORMAT:
        raise _corrupt(row.series)
    try:
        # Its seal is ours, so it swells to no more than we packed.
        reader = zstd.ZstdDecompressor()
        packed = reader.decompress(keyring.open(row.data, row.place))
    except zstd.ZstdError:
        raise _corrupt(row.series) from None
    return packed, reader.unused_data[_ASIDE.size :]


def _corrupt(series: Series) -> Corrupt:
    return Corrupt(f"the history of {series[1]} of device {series[0]}")
