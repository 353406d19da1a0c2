"""Frames: a text as zstd keeps it, in full or as what differs from a base text.

A delta is a frame whose raw-content dictionary is the base, so a line that both have costs a few
bits. Frames are sealed before they are stored; the place they are bound to is their content's.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from netraven.errors import Corrupt
from netraven.models import Content
from netraven.seal import KeyRing, Place

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Links below a frame: any read opens at most 16.
MAX_DEPTH = 15


@dataclass(frozen=True, slots=True)
class Frame:
    """One text as it is kept: sealed bytes, and whether they rest on the base offered."""

    data: bytes
    is_delta: bool


def content_hash(text: bytes) -> str:
    """Return the address of a content: SHA-256 in hex of its exact bytes."""
    return hashlib.sha256(text).hexdigest()


def make_frame(keyring: KeyRing, text: bytes, *, address: str, base: bytes | None) -> Frame:
    """Return the text sealed for its address, as a delta on `base` unless in full is smaller."""
    packed, is_delta = _packed(text, base)
    return Frame(keyring.seal(packed, _place(address)), is_delta)


def open_frame(
    keyring: KeyRing, data: bytes, *, address: str, base: bytes | None, size: int
) -> bytes:
    """Return the text of a frame; raises Corrupt or KeyUnavailable.

    On a wrong base it may be another text: what is given out goes through `check_text`.
    """
    text = unpack(keyring.open(data, _place(address)), size=size, base=base)
    if text is None:
        raise corrupt_content(address)
    return text


def check_text(text: bytes, *, address: str, size: int) -> bytes:
    """Return the text when it is the one of this address and size; raises Corrupt."""
    if len(text) != size or content_hash(text) != address:
        raise corrupt_content(address)
    return text


def pack(plain: bytes) -> bytes:
    """Return one zstd frame that holds these bytes in full."""
    return zstd.compress(plain, _LEVEL)


def unpack(packed: bytes, *, size: int, base: bytes | None = None) -> bytes | None:
    """Return what a frame of about `size` bytes holds; None where it is not one whole frame.

    It never swells to more than a byte beyond the size, which the caller checks.
    """
    try:
        prefix = None if base is None else zstd.ZstdDict(base, is_raw=True).as_prefix
        reader = zstd.ZstdDecompressor(zstd_dict=prefix, options=_READING)
        plain = reader.decompress(packed, max_length=size + 1)
    except (zstd.ZstdError, ValueError):
        return None
    return plain if reader.eof and not reader.unused_data else None


def corrupt_content(address: str) -> Corrupt:
    """Return the error for a content that fails its check."""
    return Corrupt(f"the content {address[:12]}")


_LEVEL = 3
# Level 9's ratio on configurations in a third of its time, as long matches are found by their
# hashes: level 3 takes a quarter longer, and no bytes less.
_DELTA_LEVEL = 2
# zstd takes nothing shorter for a dictionary.
_SHORTEST_BASE = 8
_NARROWEST_WINDOW_LOG = 17
_WIDEST_WINDOW_LOG = 30
_READING: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: _WIDEST_WINDOW_LOG}
# Configurations shrink to a tenth in full, so a smaller delta need not be weighed against that.
_DOUBTFUL_SHARE = 32
_SURELY_SMALL_BYTES = 128


def _packed(text: bytes, base: bytes | None) -> tuple[bytes, bool]:
    delta = _delta(text, base) if base is not None and len(base) >= _SHORTEST_BASE else None
    if delta is not None and not _is_doubtful(delta, text):
        return delta, True
    full = pack(text)
    return (full, False) if delta is None or len(full) <= len(delta) else (delta, True)


def _delta(text: bytes, base: bytes) -> bytes:
    # The window must span base and text together, else the far part of the base is out of reach.
    window_log = (len(base) + len(text)).bit_length()
    options: Mapping[int, int] = {
        zstd.CompressionParameter.compression_level: _DELTA_LEVEL,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
        zstd.CompressionParameter.window_log: min(
            max(window_log, _NARROWEST_WINDOW_LOG), _WIDEST_WINDOW_LOG
        ),
    }
    # A prefix is used as it lies; a dictionary would first be copied and digested.
    return zstd.compress(
        text, options=options, zstd_dict=zstd.ZstdDict(base, is_raw=True).as_prefix
    )


def _is_doubtful(delta: bytes, text: bytes) -> bool:
    return len(delta) > max(len(text) // _DOUBTFUL_SHARE, _SURELY_SMALL_BYTES)


def _place(address: str) -> Place:
    return Place(Content.__tablename__, address, "data")
