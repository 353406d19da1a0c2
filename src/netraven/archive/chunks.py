"""Lists in pieces that fit into one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

# SQLite takes 32 766 variables in a statement, PostgreSQL 65 535.
CHUNK = 5_000


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield the values in lists of up to `CHUNK`, in order."""
    source = iter(values)
    while chunk := list(islice(source, CHUNK)):
        yield chunk
