"""Which lines of a configuration are commands, and which are free text within one."""

from __future__ import annotations

from collections.abc import Sequence

from netraven.platforms.platform import Literal, Platform


def literal_lines(lines: Sequence[str], platform: Platform) -> frozenset[int]:
    """Return the numbers of the lines that belong to free text, its first line apart.

    A block that is never closed reaches to the end.
    """
    found: set[int] = set()
    words = {literal.word for literal in platform.literals}
    after = 0
    for number in sorted(n for word in words for n, line in enumerate(lines) if word in line):
        end = _opened(lines[number], platform.literals) if number >= after else None
        if end is not None:
            after = number + 1
            while after < len(lines) and not end.is_met_by(lines[after]):
                after += 1
            after = min(after + 1, len(lines))
            found.update(range(number + 1, after))
    return frozenset(found)


class _End:
    """The end of an open block: a text within a line, or a whole line."""

    def __init__(self, text: str, *, is_whole_line: bool) -> None:
        self._text = text
        self._is_whole_line = is_whole_line

    def is_met_by(self, line: str) -> bool:
        return line.strip() == self._text if self._is_whole_line else self._text in line


def _opened(line: str, literals: tuple[Literal, ...]) -> _End | None:
    for literal in literals:
        match = literal.opens.match(line)
        if match is None:
            continue
        delimiter = match.groupdict().get("end")
        if delimiter is None:
            return _End(literal.closes, is_whole_line=True)
        if delimiter in line[match.end() :]:
            return None
        return _End(delimiter, is_whole_line=False)
    return None
