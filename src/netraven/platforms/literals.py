"""Which lines of a configuration are commands, and which are free text within one."""

from __future__ import annotations

from collections.abc import Iterable

from netraven.platforms.platform import Literal, Platform


def find_free_text(text: str, platform: Platform) -> tuple[range, ...]:
    """Return where blocks of free text stand, their first lines apart, in order.

    Each reaches from the start of a line up to that of another, the last one perhaps up to the
    end of the text: so does a block that is never closed.
    """
    found: list[range] = []
    after = 0
    for line_at in _lines_with({literal.word for literal in platform.literals}, text):
        if line_at < after:
            continue
        body_at = _next_line(text, line_at)
        end = _opened(text[line_at:body_at].removesuffix("\n"), platform.literals)
        if end is not None:
            after = _closed(text, body_at, end)
            found.append(range(body_at, after))
    return tuple(found)


def _lines_with(words: Iterable[str], text: str) -> list[int]:
    """Return where lines with any of the words begin, in order."""
    found: set[int] = set()
    for word in words:
        at = text.find(word)
        while at >= 0:
            found.add(text.rfind("\n", 0, at) + 1)
            at = text.find(word, _next_line(text, at))
    return sorted(found)


def _next_line(text: str, at: int) -> int:
    """Return where the line after the one at this place begins, the text's end without one."""
    return text.find("\n", at) + 1 or len(text)


def _closed(text: str, at: int, end: _End) -> int:
    """Return where the text goes on behind the line that closes a block."""
    is_closed = False
    while not is_closed and at < len(text):
        line_at, at = at, _next_line(text, at)
        is_closed = end.is_met_by(text[line_at:at].removesuffix("\n"))
    return at


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
