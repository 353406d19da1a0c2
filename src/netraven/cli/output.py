"""What the command line writes: sentences, tables, JSON, progress; foreign text made harmless.

Everything that comes from a device, a user or a file passes `visible` before it reaches a
terminal. Results go to standard output; errors, notes and progress to standard error.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from netraven.clock import as_utc
from netraven.tasks.words import counted as counted  # noqa: PLC0414  sentences here count too

STYLES = {
    "completed": "green",
    "succeeded": "green",
    "trusted": "green",
    "ok": "green",
    "create": "green",
    "quarantined": "yellow",
    "partial": "yellow",
    "offered": "yellow",
    "warning": "yellow",
    "update": "yellow",
    "cancelled": "yellow",
    "skipped": "dim",
    "replaced": "dim",
    "same": "dim",
    "failed": "red",
    "refuse": "red",
    "error": "red",
}

_UNWRAPPED_COLUMNS = 4096

# JSON's escapes, each whole, so that none is taken for a part of another; the group is the byte of
# a lone surrogate, by which a byte that is no UTF-8 is held (PEP 383).
_ESCAPES = re.compile(r"\\ud[89ab]..\\ud[c-f]..|\\udc([89a-f].)|\\.")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; where room is short, only `wraps` ones break into several lines.

    And `is_spare` ones are left out there, so that no other is cut.
    """

    title: str
    wraps: bool = False
    right: bool = False
    is_spare: bool = False


def visible(text: str, *, keep: str = "") -> str:
    r"""Return the text with control, formatting and broken characters written as `\x1b`.

    Those of `keep`, such as line ends, stay. Nothing that moves a cursor, colours, hides or
    turns the direction of what follows is left.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in keep else _escaped(character)
        for character in text
    )


def out() -> Console:
    """Return the console of standard output."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console of standard error."""
    return _console(stderr=True)


def say(sentence: str, *, style: str = "") -> None:
    """Write one sentence to standard output."""
    _write(out(), Text(visible(sentence), style=style))


def note(sentence: str, *, style: str = "") -> None:
    """Write one sentence to standard error."""
    _write(err(), Text(visible(sentence), style=style))


def say_text(text: Text) -> None:
    """Write styled text, whose foreign parts were made visible, to standard output."""
    _write(out(), text)


def say_json(value: object) -> None:
    r"""Write one JSON value to standard output; nothing but ASCII is in it.

    Schemas become objects, moments UTC in ISO 8601, ids and paths text, a byte that is no UTF-8
    the four characters `\xe9`.
    """
    sys.stdout.write(_json(value, indent=2) + "\n")


def note_json(value: object) -> None:
    """Write one JSON value to standard error, on one line."""
    sys.stderr.write(_json(value) + "\n")


def say_table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as a table; cells are made visible, states coloured, None is a dash."""
    console = out()
    cells = [[cell(value) for value in row] for row in rows]
    table = _table(columns, cells)
    room = console.options.update(max_width=_UNWRAPPED_COLUMNS)
    if Measurement.get(console, room, table).maximum > console.width:
        kept = [place for place, column in enumerate(columns) if not column.is_spare]
        table = _table([columns[at] for at in kept], [[row[at] for at in kept] for row in cells])
    _write(console, table)


def say_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Write named facts, one below the other."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), cell(value))
    _write(out(), table)


@contextmanager
def waiting(sentence: str, *, is_quiet: bool = False) -> Iterator[None]:
    """Show on standard error that something goes on, where somebody watches."""
    console = err()
    if is_quiet or not console.is_terminal:
        yield
        return
    with console.status(Text(visible(sentence))):
        yield


def cell(value: object) -> Text:
    """Return how a value is shown to people."""
    match value:
        case None | "":
            return Text("-", style="dim")
        case Text():
            return value
        case bool():
            return Text("yes" if value else "no")
        case datetime():
            return Text(local_time(value))
        case StrEnum():
            return state(value.value)
        case _:
            return Text(visible(str(value)))


def state(word: str) -> Text:
    """Return the word for a state in its colour."""
    return Text(visible(word), style=STYLES.get(word, ""))


def local_time(moment: datetime) -> str:
    """Return a moment in the zone of this terminal; JSON holds UTC instead."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def local_minute(moment: datetime) -> str:
    """Return the same to the minute, for lists."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def milliseconds_in_words(duration_ms: int | None) -> str | None:
    """Return a duration as people read it: `0.4 s`, `12.0 s`, `3m05`, `1h02m`."""
    if duration_ms is None:
        return None
    seconds = duration_ms / 1000
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes}m{rest:02}"
    return f"{minutes // 60}h{minutes % 60:02}m"


def bytes_in_words(size: int | None) -> str | None:
    """Return a number of bytes as people read it, such as `12.4 KiB`."""
    if size is None:
        return None
    amount, units = float(size), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units[:-1]:
        if amount < 1024:  # noqa: PLR2004  1024 is what the units mean
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} {units[-1]}"


def versioned(hostname: str, version: int | None) -> str:
    """Return how a version is named: `core-1@3`."""
    return f"{hostname}@{version}" if version else f"{hostname} (failed, no version)"


def _table(columns: Iterable[Column], rows: Iterable[Iterable[Text]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
            justify="right" if column.right else "left",
        )
    for row in rows:
        table.add_row(*row)
    return table


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        markup=False,
        highlight=False,
        emoji=False,
        # What is piped into another program is never broken into lines of a terminal's width.
        width=None if stream.isatty() else _UNWRAPPED_COLUMNS,
    )


def _write(console: Console, what: Text | Table) -> None:
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what, soft_wrap=isinstance(what, Text))
    lines = captured.get().splitlines() or [""]
    console.file.write("".join(f"{line.rstrip()}\n" for line in lines))


def _json(value: object, *, indent: int | None = None) -> str:
    text = json.dumps(value, indent=indent, default=_json_form)
    return _ESCAPES.sub(lambda it: f"\\\\x{it[1]}" if it[1] else it[0], text)


def _json_form(value: object) -> object:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case datetime():
            return as_utc(value).isoformat().replace("+00:00", "Z")
        case UUID() | Path():
            return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        # Not `asdict`, which copies what is within and makes something else of a Counter.
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(type(value).__name__)


def _escaped(character: str) -> str:
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:  # noqa: PLR2004  a byte that is not UTF-8 (PEP 383)
        point -= 0xDC00
    if point <= 0xFF:  # noqa: PLR2004
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"  # noqa: PLR2004
