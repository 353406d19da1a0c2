r"""Unified differences of two texts, with exact counts.

Lines end at `\n` only and keep it, so a missing final newline is a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from netraven.archive.alignment import Block, changed_blocks
from netraven.errors import Invalid


@dataclass(frozen=True, slots=True)
class TextDiff:
    """How one text becomes another: numbers of lines, and the unified diff (empty when equal).

    Bytes of `diff` that are not UTF-8 are lone surrogates, as `surrogateescape` makes them.
    """

    added: int
    removed: int
    diff: str


def diff_texts(a: bytes, b: bytes, *, context: int = 3) -> TextDiff:
    """Return the unified diff from `a` to `b` with so many unchanged lines around each change.

    The counts are those of the `+` and `-` lines of the hunks. Raises Invalid("context") for a
    negative one.
    """
    if context < 0:
        raise Invalid("context", f"must be 0 or more, not {context}")
    if a == b:
        return TextDiff(0, 0, "")
    a_lines, b_lines = _lines(a), _lines(b)
    blocks = changed_blocks(a_lines, b_lines)
    pieces = [b"--- a\n", b"+++ b\n"]
    for hunk in _hunks(blocks, context):
        pieces += _hunk_lines(hunk, a_lines, b_lines, context)
    return TextDiff(
        added=sum(block.b_end - block.b_start for block in blocks),
        removed=sum(block.a_end - block.a_start for block in blocks),
        diff=b"".join(pieces).decode("utf-8", "surrogateescape"),
    )


_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def _lines(text: bytes) -> list[bytes]:
    # Not splitlines: it would also part lines at a lone carriage return.
    lines = [line + b"\n" for line in text.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _hunks(blocks: list[Block], context: int) -> Iterator[list[Block]]:
    hunk = blocks[:1]
    for above, below in pairwise(blocks):
        if below.a_start - above.a_end > 2 * context:
            yield hunk
            hunk = []
        hunk.append(below)
    yield hunk


def _hunk_lines(hunk: list[Block], a: list[bytes], b: list[bytes], context: int) -> Iterator[bytes]:
    first, last = hunk[0], hunk[-1]
    before = min(context, first.a_start)
    after = min(context, len(a) - last.a_end)
    in_a = _range(first.a_start - before, last.a_end + after)
    in_b = _range(first.b_start - before, last.b_end + after)
    yield f"@@ -{in_a} +{in_b} @@\n".encode()
    shown = first.a_start - before
    for block in hunk:
        yield from _marked(b" ", a[shown : block.a_start])
        yield from _marked(b"-", a[block.a_start : block.a_end])
        yield from _marked(b"+", b[block.b_start : block.b_end])
        shown = block.a_end
    yield from _marked(b" ", a[shown : last.a_end + after])


def _range(start: int, end: int) -> str:
    """Return a range as POSIX's unified format writes it: an empty one names the line before."""
    count = end - start
    return str(start + 1) if count == 1 else f"{start + 1 if count else start},{count}"


def _marked(mark: bytes, lines: list[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + (line if line.endswith(b"\n") else line + _NO_NEWLINE)
