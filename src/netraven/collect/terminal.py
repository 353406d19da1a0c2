"""What bytes from a device leave on a screen: text, without what a terminal acts upon.

Line by line: carriage return, backspace and the control sequences that move within a line or
erase are carried out, all others are dropped; tabs stay. Sources: ECMA-48, xterm's ctlseqs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

UTF_8: Final = "utf-8"
LATIN_1: Final = "latin-1"

_IGNORED: Final = re.compile(r"[\x00\x05\x07\x0e\x0f\x11\x13\x7f]")
_ACTIVE: Final = re.compile(r"[\x00\x05\x07\x08\x0d-\x0f\x11\x13\x1b\x7f]")
_ACTIVE_BYTES: Final = b"\x00\x05\x07\x08\r\x0e\x0f\x11\x13\x1b\x7f"
_ENDS: Final = re.compile(r"\r+\n")
_SEQUENCE: Final = re.compile(
    r"\x1b(?:\[(?P<args>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\][^\x07\x1b\n]*(?:\x07|\x1b\\)"
    r"|[PX^_][^\x1b\n]*\x1b\\"
    r"|[ -/]+[0-~]"
    r"|[0-Z\\-~])"
)
_QUERY: Final = re.compile(
    rb"(?P<far>\x1b\[\d{3,5};\d{3,5}[Hf])?(?P<place>\x1b\[\??6n)|\x1b\[0?c|\x1bZ"
)
_TOKEN: Final = re.compile(r"[^\x08\r\x1b]+|[\x08\r]|\x1b")
_SPACES: Final = re.compile(r"\s+")
# The screen's columns, as `find_queries` tells them; what is written may be longer.
_MARGIN: Final = 512
_MOST_DIGITS: Final = 9
# Blank space that moving the cursor makes, all lines together: a device says little for much of it.
_MOST_BLANK: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Screen:
    """Resolved text, its lines ended by LF, and what overwriting or erasing destroyed.

    `lost` holds (line number, text that is no longer seen); `encoding` is utf-8 or latin-1.
    """

    text: str
    encoding: str
    lost: tuple[tuple[int, str], ...]

    @property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        return self.text.split("\n")


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the terminal: where it ends within the data, and what a terminal answers."""

    ends_at: int
    answer: bytes


def find_queries(data: bytes) -> Iterator[Query]:
    """Yield what is asked: the cursor's place, and the kind of terminal (VT102).

    Who moves the cursor to the far end first wants to know the screen's size.
    """
    for match in _QUERY.finditer(data):
        if match["place"] is None:
            answer = b"\x1b[?6c"
        else:
            answer = b"\x1b[1000;512R" if match["far"] else b"\x1b[1;1R"
        yield Query(match.end(), answer)


def resolve(data: bytes) -> Screen:
    """Return what `data` leaves on a screen of endless length whose lines never wrap."""
    plain = data.translate(None, _ACTIVE_BYTES)
    # All that acts upon the terminal is the CR of line ends, as nearly always.
    if len(data) - len(plain) == data.count(b"\r\n"):
        return Screen(*decode(plain), ())
    return _drawn(data)


def _drawn(data: bytes) -> Screen:
    text, encoding = decode(data.replace(b"\r\n", b"\n"))
    lines = unify_ends(text).split("\n")
    lost: list[tuple[int, str]] = []
    blank = 0
    for number, line in enumerate(lines):
        if _ACTIVE.search(line) is None:
            continue
        if blank > _MOST_BLANK:
            lines[number] = _ACTIVE.sub("", _SEQUENCE.sub("", line))
            continue
        lines[number], gone = _draw(line)
        blank += max(0, len(lines[number]) - len(line))
        if gone:
            lost.append((number, gone))
    return Screen("\n".join(lines), encoding, tuple(lost))


def decode(data: bytes) -> tuple[str, str]:
    """Return the text and its encoding: UTF-8, else Latin-1, which takes any byte."""
    try:
        return data.decode(UTF_8), UTF_8
    except UnicodeDecodeError:
        return data.decode(LATIN_1), LATIN_1


def visible_line(data: bytes) -> str:
    """Return one unfinished line as it is seen, without blanks around it."""
    text, _ = decode(data)
    if _ACTIVE.search(text) is not None:
        text, _ = _draw(text)
    return text.strip()


def unify_ends(text: str) -> str:
    """Return the text with LF for CR LF and CR CR LF."""
    if "\r\r\n" in text:
        return _ENDS.sub("\n", text)
    return text.replace("\r\n", "\n")


def squash(text: str) -> str:
    """Return the text without white space and control sequences, to compare wrapped echoes."""
    if _ACTIVE.search(text) is None:
        return "".join(text.split())
    return _SPACES.sub("", _IGNORED.sub("", _SEQUENCE.sub("", text))).replace("\b", "")


def _draw(line: str) -> tuple[str, str]:
    """Carry out what a line tells the terminal; return the text and what it destroyed."""
    pen = _Pen()
    position = 0
    while position < len(line):
        if line[position] == "\x1b":
            sequence = _SEQUENCE.match(line, position)
            if sequence is None:
                pen.lose("\x1b")
                position += 1
            else:
                pen.obey(sequence["final"], sequence["args"] or "")
                position = sequence.end()
            continue
        token = _TOKEN.match(line, position)
        if token is None:  # pragma: no cover - every character starts a token
            break
        pen.write(_IGNORED.sub("", token.group()))
        position = token.end()
    return pen.text(), pen.lost()


class _Pen:
    """One line of a screen. A cell erased or overwritten with a blank is None: it was text."""

    def __init__(self) -> None:
        self._cells: list[str | None] = []
        self._column = 0
        self._lost: list[str] = []

    def write(self, text: str) -> None:
        if text == "\r":
            self._column = 0
        elif text == "\b":
            self._column = max(0, self._column - 1)
        elif self._column == len(self._cells):
            self._cells += text
            self._column += len(text)
        else:
            self._overwrite(text)

    def text(self) -> str:
        cells = self._cells
        while cells and cells[-1] is None:
            cells.pop()
        return "".join(cell or " " for cell in cells)

    def lose(self, text: str) -> None:
        self._lost.append(text)

    def lost(self) -> str:
        return "".join(self._lost).strip()

    def obey(self, final: str | None, args: str) -> None:
        count = _count(args)
        if final == "K":
            self._erase_line(count)
        elif final == "J":
            self._erase_line(0 if count == 0 else 2)
        elif final == "C":
            self._move_to(self._column + max(1, count))
        elif final == "D":
            self._column = max(0, self._column - max(1, count))
        elif final in ("G", "`"):
            self._move_to(max(1, count) - 1)
        elif final in ("H", "f"):
            self._move_to(max(1, _count(args.partition(";")[2])) - 1)
        elif final == "X":
            self._erase(self._column, self._column + max(1, count))
        elif final == "P":
            self._delete(max(1, count))
        elif final == "@":
            self._insert(max(1, count))

    def _move_to(self, column: int) -> None:
        # As on every terminal, no blank space is won beyond the margin.
        self._column = min(column, max(_MARGIN, len(self._cells)))

    def _insert(self, count: int) -> None:
        width = max(_MARGIN, len(self._cells))
        self._cells[self._column : self._column] = [" "] * min(count, width)
        self._lost += [cell for cell in self._cells[width:] if cell is not None]
        del self._cells[width:]

    def _overwrite(self, text: str) -> None:
        """Write within what is there already; the same text again destroys nothing."""
        if self._column > len(self._cells):
            self._cells += [None] * (self._column - len(self._cells))
        for char in text:
            if self._column < len(self._cells):
                before = self._cells[self._column]
                if before not in (None, " ", char):
                    self._lost.append(before or "")
                self._cells[self._column] = (
                    None if char == " " and before not in (" ", char) else char
                )
            else:
                self._cells.append(char)
            self._column += 1

    def _erase_line(self, mode: int) -> None:
        start = self._column if mode == 0 else 0
        self._erase(start, self._column + 1 if mode == 1 else len(self._cells))

    def _erase(self, start: int, end: int) -> None:
        end = min(end, len(self._cells))
        self._lost += [cell for cell in self._cells[start:end] if cell is not None]
        self._cells[start:end] = [None] * max(0, end - start)

    def _delete(self, count: int) -> None:
        end = self._column + count
        self._lost += [cell for cell in self._cells[self._column : end] if cell is not None]
        del self._cells[self._column : end]


def _count(text: str) -> int:
    """Return the number, 0 for none; of one that no screen is wide enough for, some of it."""
    return int(text[:_MOST_DIGITS]) if text.isascii() and text.isdecimal() else 0
