"""The lines of redacted views as weaves keep them, made anew only where there may be a secret.

Most lines are plain: no rule of the platform has to do with them, and nothing folds them. Whether
a line is plain follows from that line alone, so one that was plain in any text of a platform is
plain in all of them, whatever stands around it. Those that a weave knows are not looked at again,
and the view comes out as if they had been.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from netraven.archive.linematch import Span
from netraven.archive.opaque import fold
from netraven.archive.redact import redact, token_of
from netraven.archive.secretspans import SecretSearch
from netraven.platforms.platform import Platform


@dataclass(frozen=True, slots=True)
class ViewLines:
    """The lines of a view; `are_plain` holds 1 for each that is plain, else 0."""

    lines: list[bytes]
    are_plain: bytearray


def view_lines(
    content: bytes, platform: Platform | None, key: bytes, plain: Collection[bytes] = frozenset()
) -> ViewLines:
    """Return the lines of a content's redacted view; `plain` are some that are known to be so.

    Raises KeyUnavailable as `redact` does.
    """
    if platform is None or not platform.secrets or not key:
        text = redact(content.decode("utf-8", "surrogateescape"), platform, key)
        hidden = text.encode("utf-8", "surrogateescape").split(b"\n")
        return ViewLines(hidden, bytearray(len(hidden)))
    lines = content.split(b"\n")
    are_plain = bytearray(map(plain.__contains__, lines))
    runs = [*_runs_of_others(are_plain)]
    asks_for_few = sum(map(len, runs)) <= _FEW_LINES
    search = SecretSearch(content, platform, [*_spans(lines, runs)] if asks_for_few else None)
    for run in runs:
        are_plain[run.start : run.stop] = b"\1" * len(run)
    numbers = _Numbers(content)
    for start, _ in search.told:
        are_plain[numbers.of(start)] = 0
    for number in (*_hide(lines, search, content, key), *fold(lines, key, runs)):
        are_plain[number] = 0
    return ViewLines(lines, are_plain)


# To ask about as many lines one by one takes as long as to search a whole text at once.
_FEW_LINES = 256


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
        at += sum(map(len, lines[number : run.start])) + run.start - number
        end = at + sum(map(len, lines[run.start : run.stop])) + len(run) - 1
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
