"""The lines of redacted views as weaves keep them, made anew only where there may be a secret.

Most lines are plain: no rule of the platform has to do with them, and nothing folds them. Whether
a line is plain follows from that line alone, so one that was plain in any text of a platform is
plain in all of them, whatever stands around it. Of most others too what is seen of them follows
from the line alone: these are known again by their marks, 64 bits of BLAKE2 under the installation
key, unless something above them says how they are to be read. Lines that a weave knows are not
looked at again, and the view comes out as if they had been.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from netraven.archive.linematch import Span
from netraven.archive.opaque import fold
from netraven.archive.redact import redact, token_of
from netraven.archive.secretspans import SecretSearch
from netraven.platforms.platform import Platform


@dataclass(frozen=True, slots=True)
class KnownLines:
    """What is known of lines of other texts: the plain ones, and what is seen of those by mark."""

    plain: Collection[bytes] = frozenset()
    seen: Mapping[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ViewLines:
    """The lines of a view; `are_plain` holds 1 for each that is plain, else 0.

    `seen` has by their marks those that come out the same wherever they stand.
    """

    lines: list[bytes]
    are_plain: bytearray
    seen: Mapping[int, bytes] = field(default_factory=dict)


_NOTHING_KNOWN = KnownLines()


def view_lines(
    content: bytes, platform: Platform | None, key: bytes, known: KnownLines = _NOTHING_KNOWN
) -> ViewLines:
    """Return the lines of a content's redacted view; `known` is of texts of this platform.

    Raises KeyUnavailable as `redact` does.
    """
    if platform is None or not platform.secrets or not key:
        text = redact(content.decode("utf-8", "surrogateescape"), platform, key)
        nothing = text.encode("utf-8", "surrogateescape").split(b"\n")
        return ViewLines(nothing, bytearray(len(nothing)))
    lines = content.split(b"\n")
    are_plain = bytearray(map(known.plain.__contains__, lines))
    again = _seen_again(lines, are_plain, known.seen, key)
    for number in again:
        are_plain[number] = 1
    runs = [*_runs_of_others(are_plain)]
    asks_for_few = sum(map(len, runs)) <= _FEW_LINES
    search = SecretSearch(content, platform, [*_spans(lines, runs)] if asks_for_few else None)
    for run in runs:
        are_plain[run.start : run.stop] = b"\1" * len(run)
    numbers = _Numbers(content)
    for start, _ in search.told:
        are_plain[numbers.of(start)] = 0
    hidden = {*_hide(lines, search, content, key)}
    folded = fold(lines, key, runs)
    if again and not again.keys().isdisjoint((*folded, *_reached(search, content))):
        return view_lines(content, platform, key, KnownLines(known.plain))
    for number in hidden | folded:
        are_plain[number] = 0
    seen: dict[int, bytes] = {}
    for number, (mark, line) in again.items():
        are_plain[number] = 0
        lines[number] = seen[mark] = line
    numbers = _Numbers(content)
    for start, end in search.lone:
        if (number := numbers.of(start)) not in folded:
            seen[_mark(content[start:end], key)] = lines[number]
    return ViewLines(lines, are_plain, seen)


# To ask about as many lines one by one takes as long as to search a whole text at once.
_FEW_LINES = 256
_DOMAIN = b"netraven seen 1"


def _mark(line: bytes, key: bytes) -> int:
    return int.from_bytes(blake2b(line, digest_size=8, key=key, person=_DOMAIN).digest(), "little")


def _seen_again(
    lines: list[bytes], are_plain: bytearray, seen: Mapping[int, bytes], key: bytes
) -> dict[int, tuple[int, bytes]]:
    """Return by number the marks of lines that are known, and what is seen of them."""
    again: dict[int, tuple[int, bytes]] = {}
    if not seen:
        return again
    number = are_plain.find(0)
    while number >= 0:
        mark = _mark(lines[number], key)
        if (line := seen.get(mark)) is not None:
            again[number] = mark, line
        number = are_plain.find(0, number + 1)
    return again


def _reached(search: SecretSearch, content: bytes) -> Iterator[int]:
    """Yield the numbers of lines that begin where something above says how to read them."""
    for start, end in search.reaches:
        first = content.count(b"\n", 0, start)
        yield from range(first, first + content.count(b"\n", start, max(start, end - 1)) + 1)


class _Numbers:
    """Numbers of lines, asked for from the first to the last."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = self._number = 0

    def of(self, offset: int) -> int:
        """Return the number, from 0, of the line that holds this offset."""
        self._number += self._content.count(b"\n", self._at, offset)
        self._at = offset
        return self._number


def _runs_of_others(are_plain: bytearray) -> Iterator[range]:
    """Yield the numbers of neighbouring lines that are not known to be plain."""
    start = are_plain.find(0)
    while start >= 0:
        end = are_plain.find(1, start)
        end = len(are_plain) if end < 0 else end
        yield range(start, end)
        start = are_plain.find(0, end)


def _spans(lines: list[bytes], runs: list[range]) -> Iterator[Span]:
    """Yield where in the text these runs of lines begin and end."""
    number = at = 0
    for run in runs:
        at += len(b"\n".join([*lines[number : run.start], b""]))
        end = at + len(b"\n".join(lines[run.start : run.stop]))
        yield at, end
        number, at = run.stop, end + 1


def _hide(lines: list[bytes], search: SecretSearch, content: bytes, key: bytes) -> Iterator[int]:
    """Put tokens into the lines that hold secrets, and yield their numbers."""
    numbers = _Numbers(content)
    # Where the line begins that is being written, and how much longer it has become.
    begin = longer = -1
    for secret in search.secrets():
        number = numbers.of(secret.start)
        line_at = content.rfind(b"\n", 0, secret.start) + 1
        if line_at != begin:
            begin, longer = line_at, 0
        line, shown = lines[number], token_of(secret.value, key)
        start, end = secret.start - begin + longer, secret.end - begin + longer
        lines[number] = line[:start] + shown + line[end:]
        longer += len(shown) - (end - start)
        yield number
