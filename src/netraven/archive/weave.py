"""The weave of a series: every line that any of its versions ever had, in order, with its span.

The idea is that of the interleaved deltas of SCCS (Rochkind, 1975): a line carries the first and
the last version that has it, so any version's text is the lines whose span holds it. A weave is
derived: it can be made again from the contents at any time. Nothing here touches a database.

A text is taken as the pieces between its line feeds, so that what comes back is the text exactly:
without a final line feed, with carriage returns, or empty.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import NamedTuple

from netraven.archive.alignment import changed_blocks

OPEN = 2**32 - 1
"""The last version of a line that stands still; above every version, so that spans compare."""


class WeaveMisfit(ValueError):
    """Bytes that are no weave, or a version that does not fit behind those of a weave."""


MOST_BYTES = 1024 * 1024
"""A weave that is larger, and mostly lines that stand no more, is parted from these."""


class WovenVersion(NamedTuple):
    """A version whose lines a weave knows; what only one not kept any more had, has gone.

    The text of one that is kept `is_elsewhere` comes back from a part of the past.
    """

    number: int
    at_us: int
    is_kept: bool = True
    is_elsewhere: bool = False

    @property
    def is_here(self) -> bool:
        """The version's text comes back from this weave."""
        return self.is_kept and not self.is_elsewhere

    @property
    def at(self) -> datetime:
        """Return since when it was there."""
        return _EPOCH + timedelta(microseconds=self.at_us)


@dataclass(frozen=True, slots=True)
class LineChange:
    """The lines that a version has and the one before had not, and those that it lost."""

    added: tuple[bytes, ...]
    removed: tuple[bytes, ...]


@dataclass(slots=True)
class Weave:
    """Lines in the order of the texts; line i stands in versions `firsts[i]` to `lasts[i]`.

    `are_plain` holds 1 for each line that is known to say nothing that would have to be hidden or
    folded, whatever stands around it. `seen` has others of the newest version that come out the
    same wherever they stand, by the marks of what the device wrote.
    """

    versions: list[WovenVersion] = field(default_factory=list)
    firsts: array[int] = field(default_factory=lambda: array("I"))
    lasts: array[int] = field(default_factory=lambda: array("I"))
    lines: list[bytes] = field(default_factory=list)
    are_plain: bytearray = field(default_factory=bytearray)
    seen: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def last_version(self) -> int:
        """Return the number of the newest version, 0 without any."""
        return self.versions[-1].number if self.versions else 0

    @property
    def kept(self) -> tuple[int, ...]:
        """Return the numbers of the versions whose texts come back exactly from here."""
        return tuple(version.number for version in self.versions if version.is_here)

    @property
    def plain_lines(self) -> set[bytes]:
        """Return the lines that are known to be plain."""
        return set(compress(self.lines, self.are_plain))

    def append(
        self,
        number: int,
        at: datetime,
        lines: Sequence[bytes],
        are_plain: bytes | bytearray | None = None,
        *,
        seen: Mapping[int, bytes] | None = None,
    ) -> LineChange:
        """Weave the next version in; its lines are its text split at the line feeds.

        Times do not fall within a weave: a moment before the newest version's is taken for that.
        Raises WeaveMisfit for a number that does not follow.
        """
        at_us = self._next(number, at)
        plain = bytes(len(lines)) if are_plain is None else are_plain
        self.seen = seen or {}
        if 1 not in self.are_plain:
            self._learn(set(compress(lines, plain)))
        stands = self._standing()
        standing = [*compress(range(len(stands)), stands)] if 0 in stands else range(len(stands))
        old = [*compress(self.lines, stands)]
        added: list[bytes] = []
        removed: list[bytes] = []
        # From the end, so that what is inserted moves no place that is still needed.
        for block in reversed(changed_blocks(old, lines)):
            new = lines[block.b_start : block.b_end]
            added += reversed(new)
            removed += reversed(old[block.a_start : block.a_end])
            for place in standing[block.a_start : block.a_end]:
                self.lasts[place] = self.last_version
            at_place = standing[block.a_end] if block.a_end < len(standing) else len(self.lines)
            self._insert(at_place, number, new, plain[block.b_start : block.b_end])
        self.versions.append(WovenVersion(number, at_us))
        return LineChange(tuple(reversed(added)), tuple(reversed(removed)))

    def pass_over(self, number: int, at: datetime) -> None:
        """Note that there was a next version, of which nothing is known; raises as `append`."""
        self.versions.append(WovenVersion(number, self._next(number, at), is_kept=False))

    def text_lines(self, number: int) -> list[bytes]:
        """Return the lines of a version that is kept; join them by line feeds for its text."""
        return [self.lines[place] for place in self.places(number)]

    def places(self, number: int) -> Iterator[int]:
        """Yield where the lines of this version stand in the weave, in order."""
        spans = zip(self.firsts, self.lasts, strict=True)
        return (place for place, (first, last) in enumerate(spans) if first <= number <= last)

    def change_of(self, number: int) -> LineChange:
        """Return what a version changed against the one before it, in the order of the texts."""
        before = max((each.number for each in self.versions if each.number < number), default=0)
        spans = [*zip(self.firsts, self.lasts, self.lines, strict=True)]
        return LineChange(
            added=tuple(line for first, _, line in spans if first == number),
            removed=tuple(line for _, last, line in spans if before <= last < number and before),
        )

    def remove(self, numbers: Collection[int]) -> None:
        """Forget versions: lines that none of those left has are gone, the others' bounds stay.

        Without any version left nothing is.
        """
        self._forget(numbers)
        kept = [version.number for version in self.versions if version.is_kept]
        newest = kept[-1] if kept else 0
        self.versions = [each for each in self.versions if each.number <= newest]
        spans = zip(self.firsts, self.lasts, strict=True)
        self._choose([_has_any(kept, first, last) for first, last in spans])
        # What the newest version has stands still, whatever came after it.
        self.lasts = array("I", [OPEN if last >= newest else last for last in self.lasts])

    def part_past(self) -> Weave | None:
        """Part an overgrown weave from what stands no more; return that part of the past.

        It has the texts of all versions that were here, and also the lines that stand still, which
        go on here with their bounds. None where little would be gained.
        """
        if self.size_bytes <= MOST_BYTES or not self._is_mostly_closed():
            return None
        past = Weave(self.versions, self.firsts, self.lasts, self.lines, self.are_plain)
        self.versions = [each._replace(is_elsewhere=each.is_kept) for each in past.versions]
        self._choose([last == OPEN for last in past.lasts])
        return past

    def remove_past(self, numbers: Collection[int]) -> None:
        """Forget versions as `remove`, in a part of the past: what stands at its end goes on."""
        self._forget(numbers)
        kept = [version.number for version in self.versions if version.is_kept]
        newest = max(self.kept, default=0)
        self._choose(
            [
                first <= newest if last == OPEN else _has_any(kept, first, last)
                for first, last in zip(self.firsts, self.lasts, strict=True)
            ]
        )

    def has_past(self) -> bool:
        """Tell whether texts of kept versions come back from parts of the past only."""
        return any(version.is_elsewhere for version in self.versions)

    def follows(self, past: Iterable[Weave]) -> bool:
        """Tell whether these parts have all texts that are elsewhere."""
        return _follow(self.versions, (part.versions for part in past))

    @property
    def size_bytes(self) -> int:
        """Return how many bytes the lines are, with their spans."""
        return len(b"".join(self.lines)) + 9 * len(self.lines)

    def pack_known(self) -> bytes:
        """Return what is known of the lines: `unpack_weave` reads it, nobody else has to."""
        marks = {line: mark for mark, line in self.seen.items()}
        others = compress(self.lines, self.are_plain.translate(_SWAPPED))
        return bytes(self.are_plain) + _little(array("Q", [marks.get(line, 0) for line in others]))

    def pack(self) -> bytes:
        """Return the bytes that `WeaveBytes` and `unpack_weave` read."""
        numbers = array("I", [version.number for version in self.versions])
        moments = array("q", [version.at_us for version in self.versions])
        head = _HEAD.pack(len(self.lines), len(self.versions))
        columns = (numbers, moments, self.firsts, self.lasts)
        kept = bytes(version.is_kept + 2 * version.is_elsewhere for version in self.versions)
        return b"".join((head, kept, *map(_little, columns), b"\n".join(self.lines)))

    def _learn(self, plain: Collection[bytes]) -> None:
        """Note which lines are plain where nothing is known of any."""
        if plain:
            self.are_plain = bytearray(map(plain.__contains__, self.lines))

    def _forget(self, numbers: Collection[int]) -> None:
        self.versions = [
            each._replace(is_kept=False, is_elsewhere=False) if each.number in numbers else each
            for each in self.versions
        ]

    def _choose(self, chosen: Sequence[bool]) -> None:
        """Keep the lines at these places only."""
        self.firsts = array("I", compress(self.firsts, chosen))
        self.lasts = array("I", compress(self.lasts, chosen))
        self.lines = [*compress(self.lines, chosen)]
        self.are_plain = bytearray(compress(self.are_plain, chosen))

    def _standing(self) -> bytes:
        """Return 1 for each line that stands still, else 0."""
        # No version's number begins with such a byte.
        return self.lasts.tobytes()[_TOP_BYTE :: self.lasts.itemsize].translate(_ONLY_OPEN)

    def _is_mostly_closed(self) -> bool:
        standing = sum(
            len(line) for line, last in zip(self.lines, self.lasts, strict=True) if last == OPEN
        )
        return standing * 2 < sum(map(len, self.lines))

    def _next(self, number: int, at: datetime) -> int:
        """Return the moment of a next version; raises WeaveMisfit where it is none."""
        newest = self.versions[-1] if self.versions else WovenVersion(0, microseconds(at))
        if not newest.number < number <= _MOST_VERSIONS:
            raise WeaveMisfit(f"version {number} does not follow version {newest.number}")
        return max(newest.at_us, microseconds(at))

    def _insert(
        self, place: int, number: int, lines: Sequence[bytes], are_plain: bytes | bytearray
    ) -> None:
        self.lines[place:place] = lines
        self.are_plain[place:place] = are_plain
        self.firsts[place:place] = array("I", [number]) * len(lines)
        self.lasts[place:place] = array("I", [OPEN]) * len(lines)


class WeaveBytes:
    """A packed weave that is looked at in place: `text` holds its lines from `start` on."""

    def __init__(self, packed: bytes) -> None:
        if len(packed) < _HEAD.size:
            raise WeaveMisfit("too short for a weave")
        self.text = packed
        counts: tuple[int, int] = _HEAD.unpack_from(packed)
        self.line_count, self._version_count = counts
        self._numbers_at = _HEAD.size + self._version_count
        self._moments_at = self._numbers_at + 4 * self._version_count
        self._spans_at = self._moments_at + 8 * self._version_count
        self.start = self._spans_at + 8 * self.line_count
        if len(packed) < self.start:
            raise WeaveMisfit("too short for its lines")

    def versions(self) -> list[WovenVersion]:
        """Return the versions, the oldest first."""
        kept = self.text[_HEAD.size : self._numbers_at]
        return [
            WovenVersion(number, at_us, bool(flags & 1), bool(flags & 2))
            for number, at_us, flags in zip(self.numbers(), self.moments(), kept, strict=True)
        ]

    def version(self, place: int) -> WovenVersion:
        """Return the version at this place, from 0, of the versions."""
        (number,) = _NUMBER.unpack_from(self.text, self._numbers_at + 4 * place)
        (at_us,) = _MOMENT.unpack_from(self.text, self._moments_at + 8 * place)
        flags = self.text[_HEAD.size + place]
        return WovenVersion(number, at_us, bool(flags & 1), bool(flags & 2))

    def has_past(self) -> bool:
        """Tell whether texts of kept versions come back from parts of the past only."""
        return self.text.find(b"\x03", _HEAD.size, self._numbers_at) >= 0

    def follows(self, past: Iterable[WeaveBytes]) -> bool:
        """Tell whether these parts have all texts that are elsewhere."""
        return _follow(self.versions(), (part.versions() for part in past))

    def numbers(self) -> array[int]:
        """Return the numbers of the versions, rising."""
        return _column("I", self.text[self._numbers_at : self._moments_at])

    def moments(self) -> array[int]:
        """Return since when the versions were there, in microseconds, never falling."""
        return _column("q", self.text[self._moments_at : self._spans_at])

    def firsts(self) -> array[int]:
        """Return the first version of each line."""
        return _column("I", self.text[self._spans_at : self._spans_at + 4 * self.line_count])

    def lasts(self) -> array[int]:
        """Return the last version of each line, `OPEN` where it stands still."""
        return _column("I", self.text[self._spans_at + 4 * self.line_count : self.start])

    def lines(self) -> list[bytes]:
        """Return the lines."""
        lines = self.text[self.start :].split(b"\n") if self.line_count else []
        if len(lines) != self.line_count:
            raise WeaveMisfit(f"{len(lines)} lines instead of {self.line_count}")
        return lines

    def line_at(self, offset: int) -> int:
        """Return the number of the line, from 0, that holds this offset of `text`."""
        return self.text.count(b"\n", self.start, offset)


def unpack_weave(packed: bytes, known: bytes = b"") -> Weave:
    """Return the weave that these bytes hold; raises WeaveMisfit where they hold none.

    What is known of its lines is kept beside them: nobody who searches asks for it.
    """
    found = WeaveBytes(packed)
    lines = found.lines()
    are_plain = bytearray(known[: len(lines)])
    weave = Weave(found.versions(), found.firsts(), found.lasts(), lines, are_plain)
    others = [*compress(lines, are_plain.translate(_SWAPPED))]
    if len(known) != len(lines) + _MARK_BYTES * len(others):
        weave.are_plain = bytearray(len(lines))
    else:
        marks = _column("Q", known[len(lines) :])
        weave.seen = {mark: line for mark, line in zip(marks, others, strict=True) if mark}
    return weave


def microseconds(moment: datetime) -> int:
    """Return how many microseconds the moment lies behind 1970, as weaves keep it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


_HEAD = struct.Struct("<II")
_NUMBER = struct.Struct("<I")
_MOMENT = struct.Struct("<q")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SWAPPED = bytes.maketrans(b"\0\1", b"\1\0")
_MARK_BYTES = 8
_MOST_VERSIONS = 2**31 - 1
_TOP_BYTE = 3 if sys.byteorder == "little" else 0
_ONLY_OPEN = bytes(255) + b"\1"


def _follow(versions: list[WovenVersion], past: Iterable[list[WovenVersion]]) -> bool:
    there = {version.number for part in past for version in part if version.is_here}
    return all(version.number in there for version in versions if version.is_elsewhere)


def _has_any(kept: Sequence[int], first: int, last: int) -> bool:
    return bisect_left(kept, first) < bisect_right(kept, last)


def _little(column: array[int]) -> bytes:
    if sys.byteorder == "little":
        return column.tobytes()
    swapped = array(column.typecode, column)
    swapped.byteswap()
    return swapped.tobytes()


def _column(typecode: str, packed: bytes) -> array[int]:
    column: array[int] = array(typecode)
    column.frombytes(packed)
    if sys.byteorder != "little":
        column.byteswap()
    return column
