"""Which lines of a text stay as they are while nobody changes the configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from netraven.platforms.platform import Block, Platform


def settled_lines(text: str, platform: Platform) -> list[str]:
    """Return the lines that do not change by themselves, in an order that does not either.

    A block that is never closed is none.
    """
    lines = text.split("\n")
    kept: list[str] = []
    unclosed: set[Block] = set()
    at = 0
    while at < len(lines):
        behind = _behind_block(lines, at, platform.volatile_blocks, unclosed)
        if behind is not None:
            at = behind
            continue
        if not any(pattern.fullmatch(lines[at]) for pattern in platform.volatile):
            kept.append(lines[at])
        at += 1
    for pattern in platform.unordered:
        kept = _sorted_runs(kept, pattern)
    return kept


def _sorted_runs(lines: Sequence[str], pattern: re.Pattern[str]) -> list[str]:
    """Return the lines, neighbours that match the pattern sorted among themselves."""
    runs = groupby(lines, key=lambda line: pattern.fullmatch(line) is not None)
    return [line for is_unordered, run in runs for line in (sorted(run) if is_unordered else run)]


def _behind_block(
    lines: Sequence[str], at: int, blocks: Sequence[Block], unclosed: set[Block]
) -> int | None:
    for block in blocks:
        if block in unclosed or not block.begin.fullmatch(lines[at]):
            continue
        for number in range(at + 1, len(lines)):
            if block.end.fullmatch(lines[number]):
                return number + 1
        unclosed.add(block)
    return None
