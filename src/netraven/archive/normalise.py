"""The text without the lines that change by themselves: what is compared, never what is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from netraven.archive.linematch import LineFinder, LinePattern, Span
from netraven.platforms.platform import Platform

NORMAL_REVISION = 1
"""Raised when this module makes something else of the same text and the same platform."""


def normalise(text: str, platform: Platform) -> str:
    """Return the text without what changes by itself; doing so twice changes nothing."""
    return _without_volatile(text, platform).decode("utf-8", "surrogateescape")


def changed(old: str, new: str, platform: Platform) -> bool:
    """Tell whether the texts differ in more than lines that change by themselves."""
    return old != new and _without_volatile(old, platform) != _without_volatile(new, platform)


def normal_hash(text: str | bytes, platform: Platform) -> str:
    """Return the revision of the rules, a colon and the SHA-256 hex digest of the normal text.

    At most 80 characters; `rules_differ` tells whether two can be compared.
    """
    digest = hashlib.sha256(_without_volatile(text, platform)).hexdigest()
    return f"{_compiled(platform).revision}:{digest}"


def rules_differ(normal_hash_a: str, normal_hash_b: str) -> bool:
    """Tell whether other rules made the one than the other: then their digests say nothing."""
    return normal_hash_a.partition(":")[0] != normal_hash_b.partition(":")[0]


@dataclass(frozen=True, slots=True)
class _Rules:
    """`blocks` holds, for each volatile block, what knows its first line and finds its last.

    `unordered` find the lines whose order means nothing, `any_unordered` does all of these, and
    `finder` besides those that change by themselves, which `volatile` tells from them.
    """

    finder: LineFinder
    volatile: LineFinder
    blocks: tuple[tuple[LinePattern, LineFinder], ...]
    unordered: tuple[LineFinder, ...]
    any_unordered: LineFinder
    revision: str

    def behind(self, content: bytes, line: tuple[int, int], unclosed: set[int]) -> int | None:
        """Return where the text goes on behind a found line or the block that it begins.

        None where that block is never closed: then it is none. `unclosed` keeps which are not,
        so that no text is searched for their ends again and again.
        """
        after = line[1] + 1
        for number, (begin, end) in enumerate(self.blocks):
            if begin.matches(content[line[0] : line[1]]):
                is_searched = number not in unclosed and after <= len(content)
                last = end.next_line(content, after) if is_searched else None
                if last is None:
                    unclosed.add(number)
                    return None
                return last[1] + 1
        return after


@lru_cache(maxsize=256)
def _compiled(platform: Platform) -> _Rules:
    """Return the platform's rules and their revision, which follows from them.

    So that nobody has to remember to raise it when a platform gets another volatile line.
    """
    lines = [_whole(pattern.pattern) for pattern in platform.volatile]
    blocks = [
        (_whole(block.begin.pattern), _whole(block.end.pattern))
        for block in platform.volatile_blocks
    ]
    unordered = [_whole(pattern.pattern) for pattern in platform.unordered]
    rules = [*lines, *(begin + end for begin, end in blocks), *unordered]
    digest = hashlib.sha256("\n".join(rules).encode()).hexdigest()
    changing = [*lines, *(begin for begin, _ in blocks)]
    return _Rules(
        finder=LineFinder([*changing, *unordered], ignores_case=False),
        volatile=LineFinder(changing, ignores_case=False),
        blocks=tuple(
            (LinePattern(begin), LineFinder([end], ignores_case=False)) for begin, end in blocks
        ),
        unordered=tuple(LineFinder([each], ignores_case=False) for each in unordered),
        any_unordered=LineFinder(unordered, ignores_case=False),
        revision=f"{NORMAL_REVISION}-{digest[:8]}",
    )


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})[ \t\r]*$"


def _without_volatile(text: str | bytes, platform: Platform) -> bytes:
    """Return what is left, neighbours whose order means nothing sorted among themselves.

    One pass finds the lines of both kinds, which are few.
    """
    content = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    rules = _compiled(platform)
    kept: list[bytes] = []
    unclosed: set[int] = set()
    runs: list[Span] = []
    at = kept_bytes = 0
    while (line := rules.finder.next_line(content, at)) is not None:
        start, end = line
        is_volatile = rules.volatile.next_line(content, start, end) is not None
        behind = rules.behind(content, line, unclosed) if is_volatile else None
        kept.append(content[at : start if behind is not None else end + 1])
        if behind is None:
            place = kept_bytes + start - at
            if rules.any_unordered.next_line(content, start, end) is not None:
                _extend(runs, (place, place + end - start))
            behind = end + 1
        kept_bytes += len(kept[-1])
        at = behind
    kept.append(content[at:])
    return _in_order(b"".join(kept), runs, rules)


def _extend(runs: list[Span], line: Span) -> None:
    """Add a line to the last run where it follows it, else begin another."""
    if runs and runs[-1][1] + 1 == line[0]:
        runs[-1] = runs[-1][0], line[1]
    else:
        runs.append(line)


def _in_order(content: bytes, runs: Sequence[Span], rules: _Rules) -> bytes:
    parts: list[bytes] = []
    at = 0
    for start, end in runs:
        lines = content[start:end]
        if b"\n" in lines:
            for finder in rules.unordered:
                lines = _with_sorted_runs(lines, finder)
        parts += [content[at:start], lines]
        at = end
    return b"".join([*parts, content[at:]])


def _with_sorted_runs(content: bytes, finder: LineFinder) -> bytes:
    """Return the text with neighbouring lines that are found sorted among themselves."""
    parts: list[bytes] = []
    at = 0
    for start, end in _runs(content, finder):
        run = sorted(content[start:end].split(b"\n"))
        parts += [content[at:start], b"\n".join(run)]
        at = end
    return b"".join([*parts, content[at:]])


def _runs(content: bytes, finder: LineFinder) -> Iterator[Span]:
    """Yield where lines begin and end that are found and follow one another."""
    line = finder.next_line(content, 0)
    while line is not None:
        start, end = line
        while (line := finder.next_line(content, end + 1)) is not None and line[0] == end + 1:
            end = line[1]
        yield start, end
