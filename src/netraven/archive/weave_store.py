"""Weaves as they lie in the database: packed, compressed, and sealed for their series."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from netraven.archive.opaque import fold
from netraven.archive.redact import redact
from netraven.archive.series import Series
from netraven.archive.weave import Weave, WeaveBytes, WeaveMisfit, unpack_weave
from netraven.db import KeyRing, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.errors import Corrupt
from netraven.models import History
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


@dataclass(frozen=True, slots=True)
class FreshWeave:
    """A weave to be stored in place of the series' present one."""

    series: Series
    weave: Weave
    view_rev: str


def view_lines(content: bytes, platform: Platform | None, key: bytes) -> list[bytes]:
    """Return the lines of a content's redacted view as a weave keeps them."""
    text = content.decode("utf-8", "surrogateescape")
    return fold(redact(text, platform, key).encode("utf-8", "surrogateescape"), key)


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


def open_weave(keyring: KeyRing, row: StoredWeave) -> Weave:
    """Return the weave of a row; raises Corrupt or KeyUnavailable."""
    try:
        weave = unpack_weave(_plain(keyring, row))
    except WeaveMisfit:
        raise _corrupt(row.series) from None
    if weave.last_version != row.last_version:
        raise _corrupt(row.series)
    return weave


def open_weave_bytes(keyring: KeyRing, row: StoredWeave) -> WeaveBytes:
    """Return the weave of a row to be looked at in place; raises Corrupt or KeyUnavailable."""
    try:
        return WeaveBytes(_plain(keyring, row))
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


@operation
def drop_weaves(db: Session, series: Collection[Series]) -> None:
    """Remove the weaves of these series."""
    for chunk in in_chunks(sorted(series)):
        db.execute(delete(History).where(_KEY.in_(chunk)))


# Raised when the tokens, the folds or the way they are put in become others.
_VIEW_REVISION = 1
_LEVEL = 3
_REPLACED = ("last_version", "view_rev", "format", "data")
_KEY = tuple_(History.device_id, History.config_type)
_ROWS = select(
    History.device_id,
    History.config_type,
    History.last_version,
    History.view_rev,
    History.format,
    History.data,
)


def _row(keyring: KeyRing, fresh: FreshWeave) -> Mapping[str, object]:
    device_id, config_type = fresh.series
    packed = zstd.compress(fresh.weave.pack(), _LEVEL)
    return {
        "device_id": device_id,
        "config_type": config_type,
        "last_version": fresh.weave.last_version,
        "view_rev": fresh.view_rev,
        "format": FORMAT,
        "data": keyring.seal(packed, weave_place(fresh.series)),
    }


def weave_place(series: Series) -> Place:
    """Return the place that a weave's sealed bytes are bound to."""
    return Place(History.__tablename__, f"{series[0]}/{series[1]}", "data")


def _plain(keyring: KeyRing, row: StoredWeave) -> bytes:
    if row.format != FORMAT:
        raise _corrupt(row.series)
    try:
        # Its seal is ours, so it swells to no more than we packed.
        return zstd.decompress(keyring.open(row.data, weave_place(row.series)))
    except zstd.ZstdError:
        raise _corrupt(row.series) from None


def _corrupt(series: Series) -> Corrupt:
    return Corrupt(f"the history of {series[1]} of device {series[0]}")
