"""Weaves as they lie in the database: packed, compressed, and sealed for their series.

Nothing here knows the database, so that a process that only looks at weaves begins at once.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from netraven.archive.weave import Weave, WeaveBytes, WeaveMisfit, unpack_weave
from netraven.errors import Corrupt
from netraven.seal import KeyRing, Place

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from netraven.archive.series import Series

FORMAT = 1
"""How this program packs weaves; rows of another format are made anew."""


class StoredWeave(NamedTuple):
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
        return self.sealed.place

    @property
    def sealed(self) -> SealedWeave:
        """Return what is needed to look at it."""
        return SealedWeave(_TABLE, f"{self.device_id}/{self.config_type}", self.format, self.data)


class StoredPast(NamedTuple):
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
        return self.sealed.place

    @property
    def sealed(self) -> SealedWeave:
        """Return what is needed to look at it."""
        row = f"{self.device_id}/{self.config_type}/{self.last_version}"
        return SealedWeave(_PAST_TABLE, row, self.format, self.data)


class SealedWeave(NamedTuple):
    """What of a row is needed to look at its weave, in a form that travels cheaply."""

    table: str
    row: str
    format: int
    data: bytes

    @property
    def place(self) -> Place:
        """Return the place that the sealed bytes are bound to."""
        return Place(self.table, self.row, "data")

    @property
    def series(self) -> Series:
        """Return whose weave it is."""
        device_id, config_type = self.row.split("/")[:2]
        return UUID(device_id), config_type


def open_weave(keyring: KeyRing, row: StoredWeave | StoredPast) -> Weave:
    """Return the weave of a row; raises Corrupt or KeyUnavailable."""
    packed, aside = _unpacked(keyring, row)
    try:
        weave = unpack_weave(packed, zstd.decompress(aside) if aside else b"")
    except (WeaveMisfit, zstd.ZstdError):
        raise corrupt_history(row.series) from None
    if weave.last_version != row.last_version:
        raise corrupt_history(row.series)
    return weave


def open_weave_bytes(keyring: KeyRing, row: StoredWeave | StoredPast | SealedWeave) -> WeaveBytes:
    """Return the weave of a row to be looked at in place; raises Corrupt or KeyUnavailable."""
    try:
        return WeaveBytes(_unpacked(keyring, row)[0])
    except WeaveMisfit:
        raise corrupt_history(row.series) from None


def seal_weave(keyring: KeyRing, weave: Weave, place: Place) -> bytes:
    """Return the bytes that `open_weave` reads where they lie in this place."""
    packed = zstd.compress(weave.pack(), _LEVEL)
    known = zstd.compress(weave.pack_known(), _LEVEL)
    return keyring.seal(packed + _ASIDE.pack(_ASIDE_MAGIC, len(known)) + known, place)


def weave_place(series: Series) -> Place:
    """Return the place that a weave's sealed bytes are bound to."""
    return Place(_TABLE, f"{series[0]}/{series[1]}", "data")


def past_place(series: Series, last_version: int) -> Place:
    """Return the place that the sealed bytes of a part of the past are bound to."""
    return Place(_PAST_TABLE, f"{series[0]}/{series[1]}/{last_version}", "data")


def corrupt_history(series: Series) -> Corrupt:
    """Return what is raised where a weave or its past is damaged."""
    return Corrupt(f"the history of {series[1]} of device {series[0]}")


_LEVEL = 1
# A frame that readers pass over unread (RFC 8878, 3.1.2): one of sixteen numbers, and its size.
_ASIDE = struct.Struct("<II")
_ASIDE_MAGIC = 0x184D2A57
# The names of the models' tables.
_TABLE = "history"
_PAST_TABLE = "history_past"


def _unpacked(keyring: KeyRing, row: StoredWeave | StoredPast | SealedWeave) -> tuple[bytes, bytes]:
    """Return the packed weave and, still compressed, what is known of its lines."""
    if row.format != FORMAT:
        raise corrupt_history(row.series)
    try:
        # Its seal is ours, so it swells to no more than we packed.
        reader = zstd.ZstdDecompressor()
        packed = reader.decompress(keyring.open(row.data, row.place))
    except zstd.ZstdError:
        raise corrupt_history(row.series) from None
    return packed, reader.unused_data[_ASIDE.size :]
