"""Lists in pieces that fit into one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

# SQLite takes 32 766 variables in a statement; a piece may name several a row.
CHUNK: Final = 1_000


def in_chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the values in lists of up to `size`, in order."""
    source = iter(values)
    while chunk := list(islice(source, size)):
        yield chunk
