"""Searching one weave: which of its lines are hits, when they stood, and in which section."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice

from netraven.archive.search_pattern import SearchPattern
from netraven.archive.weave import OPEN, WeaveBytes, WovenVersion, microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which lines count by their time: those that stood at one moment, or within a span.

    Without any moment all do.
    """

    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What is looked for in weaves; hits may lie below a header that has `section` in it."""

    pattern: SearchPattern
    window: Window
    section: bytes | None = None
    context: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHit:
    """A line that a device had, in the redacted view.

    It stood from version `first` on, stored at `since`, up to version `last`; the next version, of
    `gone_at`, had it no more. Both are None for a line that stands still. `is_from_start` says that
    the first known version had it: it may be older. `section` are the headers above it, the
    outermost first, `before` and `after` the lines around it.
    """

    line: str
    first: int
    since: datetime
    is_from_start: bool
    last: int | None = None
    gone_at: datetime | None = None
    section: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class WeaveSearch:
    """One weave, as far as a search needs it opened; `has_sections` says that it is no flat list.

    Of a part of the past, which `is_past` tells, lines that stand at its end are no hits: they go
    on in the next part, which has them from their beginning. `is_too_young` and `is_pruned` tell of
    a search at a moment that there was no version yet, and that the version of that moment is not
    kept any more.
    """

    def __init__(
        self, weave: WeaveBytes, scan: Scan, *, has_sections: bool, is_past: bool = False
    ) -> None:
        self._weave = weave
        self._scan = scan
        self._has_sections = has_sections
        self._is_past = is_past
        self.is_too_young = self.is_pruned = self._is_then_here = False
        self._at_version = self._version_at(scan.window.at)

    def hits(self) -> Iterator[int]:
        """Yield the places of the lines that are hits, in the order of the texts."""
        text, pattern = self._weave.text, self._scan.pattern
        if self.is_too_young or not self._weave.line_count:
            return
        counted_to, place = self._weave.start, 0
        at = pattern.find(text, self._weave.start)
        while at >= 0:
            begin = max(text.rfind(b"\n", 0, at) + 1, self._weave.start)
            end = text.find(b"\n", at)
            end = len(text) if end < 0 else end
            place += text.count(b"\n", counted_to, begin)
            counted_to = begin
            if pattern.fits(text[begin:end]) and self._counts(place):
                yield place
            at = pattern.find(text, end + 1) if end < len(text) else -1

    @property
    def line_count(self) -> int:
        """Return how many lines there are, at places from 0."""
        return self._weave.line_count

    def described(self, place: int) -> LineHit:
        """Return what is known of the line at a place."""
        first, last = self._firsts[place], self._lasts[place]
        gone = None if last == OPEN else self.following(last)
        before = [*islice(self._above(place), self._scan.context)]
        after = islice(self._below(place), self._scan.context)
        return LineHit(
            line=_shown(self._lines[place]),
            first=first,
            since=self.version(first).at,
            is_from_start=self.is_first(first),
            last=None if last == OPEN else last,
            gone_at=None if gone is None else gone.at,
            section=tuple(map(_shown, self._section(place))),
            before=tuple(_shown(self._lines[each]) for each in reversed(before)),
            after=tuple(_shown(self._lines[each]) for each in after),
        )

    def text_of(self, place: int) -> bytes:
        """Return the line at a place without the blanks around it."""
        return self._lines[place].strip()

    def span_of(self, place: int) -> tuple[int, int]:
        """Return the first and the last version of the line at a place, `OPEN` if it stands."""
        return self._firsts[place], self._lasts[place]

    def version(self, number: int) -> WovenVersion:
        """Return a version that a line's span begins or ends with."""
        return self._weave.version(min(bisect_left(self._numbers, number), len(self._numbers) - 1))

    def following(self, number: int) -> WovenVersion | None:
        """Return the version behind this one, None behind the newest."""
        place = bisect_right(self._numbers, number)
        return self._weave.version(place) if place < len(self._numbers) else None

    def is_first(self, number: int) -> bool:
        """Tell whether no version is known from before this one."""
        return number == self._numbers[0]

    @cached_property
    def _numbers(self) -> Sequence[int]:
        return self._weave.numbers()

    @cached_property
    def _firsts(self) -> Sequence[int]:
        return self._weave.firsts()

    @cached_property
    def _lasts(self) -> Sequence[int]:
        return self._weave.lasts()

    @cached_property
    def _lines(self) -> list[bytes]:
        return self._weave.lines()

    def _version_at(self, at: datetime | None) -> int | None:
        if at is None:
            return None
        place = bisect_right(self._weave.moments(), microseconds(at))
        self.is_too_young = place == 0
        if self.is_too_young:
            return None
        version = self._weave.version(place - 1)
        self.is_pruned, self._is_then_here = not version.is_kept, version.is_here
        return version.number

    def _counts(self, place: int) -> bool:
        if self._is_past and self._lasts[place] == OPEN:
            return False
        return self._is_within(place) and self._is_in_section(place)

    def _is_within(self, place: int) -> bool:
        window = self._scan.window
        first, last = self._firsts[place], self._lasts[place]
        if self._at_version is not None:
            return first <= self._at_version <= last
        if window.until is not None and self.version(first).at > window.until:
            return False
        if window.since is None or last == OPEN:
            return True
        gone = self.following(last)
        return gone is None or gone.at > window.since

    def _is_in_section(self, place: int) -> bool:
        wanted = self._scan.section
        return wanted is None or any(wanted in header.lower() for header in self._section(place))

    def _above(self, place: int) -> Iterator[int]:
        """Yield the places of the lines above it in a whole text that has it, the nearest first."""
        return self._standing(range(place - 1, -1, -1), self._telling_version(place))

    def _below(self, place: int) -> Iterator[int]:
        """Yield the places of the lines below it in the same text."""
        return self._standing(
            range(place + 1, self._weave.line_count), self._telling_version(place)
        )

    def _standing(self, places: Iterable[int], number: int) -> Iterator[int]:
        firsts, lasts = self._firsts, self._lasts
        return (each for each in places if firsts[each] <= number <= lasts[each])

    def _telling_version(self, place: int) -> int:
        """Return the version that was asked for, else the newest one here that has the line."""
        if self._at_version is not None and self._is_then_here:
            return self._at_version
        newest = bisect_right(self._numbers, self._lasts[place])
        versions = map(self._weave.version, range(newest - 1, -1, -1))
        here = (each.number for each in versions if each.is_here)
        return next(here, self._firsts[place])

    def _section(self, place: int) -> list[bytes]:
        """Return the headers above a line: each the nearest above that is indented less."""
        depth = _depth(self._lines[place])
        if not self._has_sections or depth == 0:
            return []
        headers: list[bytes] = []
        for each in self._above(place):
            line = self._lines[each]
            if _depth(line) < depth and line.strip() not in _NO_HEADERS:
                depth = _depth(line)
                headers.append(line.strip())
                if depth == 0:
                    break
        headers.reverse()
        return headers


_NO_HEADERS = (b"", b"!", b"#", b"}", b"exit", b"next", b"end")


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))


def _shown(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
