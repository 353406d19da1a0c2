"""Searching a series whose weave has parts of its past: as one, from the oldest line on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from netraven.archive.search_scan import LineHit, WeaveSearch
from netraven.archive.weave import WovenVersion


class SeriesSearch:
    """The searches of a weave and of its past, with places that go on from one to the next.

    The weave comes last and knows all versions, the parts before it their own lines.
    """

    def __init__(self, parts: Sequence[WeaveSearch]) -> None:
        self._parts = parts
        self._ends = [*accumulate(part.line_count for part in parts)]
        self.is_too_young, self.is_pruned = parts[-1].is_too_young, parts[-1].is_pruned

    def hits(self) -> Iterator[int]:
        """Yield the places of the lines that are hits."""
        for part, end in zip(self._parts, self._ends, strict=True):
            for place in part.hits():
                yield end - part.line_count + place

    def described(self, place: int) -> LineHit:
        """Return what is known of the line at a place."""
        part, there = self._at(place)
        return part.described(there)

    def text_of(self, place: int) -> bytes:
        """Return the line at a place without the blanks around it."""
        part, there = self._at(place)
        return part.text_of(there)

    def span_of(self, place: int) -> tuple[int, int]:
        """Return the first and the last version of the line at a place, `OPEN` if it stands."""
        part, there = self._at(place)
        return part.span_of(there)

    def version(self, number: int) -> WovenVersion:
        """Return a version that a line's span begins or ends with."""
        return self._parts[-1].version(number)

    def following(self, number: int) -> WovenVersion | None:
        """Return the version behind this one, None behind the newest."""
        return self._parts[-1].following(number)

    def is_first(self, number: int) -> bool:
        """Tell whether no version is known from before this one."""
        return self._parts[-1].is_first(number)

    def _at(self, place: int) -> tuple[WeaveSearch, int]:
        number = next(number for number, end in enumerate(self._ends) if place < end)
        part = self._parts[number]
        return part, place - (self._ends[number] - part.line_count)
