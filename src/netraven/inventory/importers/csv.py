"""Devices from CSV: NetRaven's own bulk format, as spreadsheets and scripts write it.

The header names the columns, in any order; hostname and ip_address are required, and an empty cell
says nothing. `device_type` takes NetRaven's or another tool's name; a new device without one is
asked when it is first met. Telnet's port is 23 where none is given. `tags` takes names or
ids joined by `|`, `jump_device` and `credential` a name or an id. `source` is allowed and not kept:
it belongs to the format, and every imported row has the same.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import count

from pydantic import ValidationError

from netraven.errors import Invalid
from netraven.inventory.addresses import canonical_address
from netraven.inventory.importers.text import FILE, checked_text, decode_text
from netraven.inventory.platform_hints import platform_hint
from netraven.platforms.catalogue import NATIVE, Platforms
from netraven.platforms.undetermined import UNDETERMINED
from netraven.schemas.device import DeviceCreate
from netraven.schemas.imports import DeviceRow, RowFault

REQUIRED = ("hostname", "ip_address")
HEADER = (
    *REQUIRED,
    *("device_type", "port", "description", "serial_number", "model", "source", "notes", "tags"),
)
FURTHER = (
    *("site", "enabled", "protocol", "legacy_ssh", "host_key_policy"),
    *("jump_device", "credential"),
)

_COLUMNS = frozenset({*HEADER, *FURTHER})
_NOT_OF_DEVICE = frozenset({"source", "tags", "jump_device", "credential"})
_LOWER_CASE = frozenset({"protocol", "host_key_policy"})
_SECRETS = frozenset({"password", "username", "secret", "enable", "enable_secret", "private_key"})
_DELIMITERS = ",;\t|"
_SHOWN = 40
_EXPECTED: Mapping[str, str] = {
    "hostname": "1 to 255 letters, digits, dots, dashes or underscores, a letter or digit first",
    "device_type": "a name of at most 64 characters",
    "port": "a whole number from 1 to 65535",
    "description": "a text of at most 10000 characters",
    "notes": "a text of at most 100000 characters",
    "enabled": "true or false",
    "legacy_ssh": "true or false",
    "protocol": "ssh or telnet",
    "host_key_policy": "tofu, pinned or ignore",
}
_ONE_LINE = "one line of at most 100 characters"


def read_devices(
    content: bytes | str, *, platforms: Platforms = NATIVE
) -> Iterator[DeviceRow | RowFault]:
    """Return the rows of the file in order, each a device or the fault that is in it.

    `platforms` are those that a row may name.
    Raises Invalid("file") for what is no such file at all: at once for encoding and header, at
    the row for broken quoting.
    """
    text = checked_text(content) if isinstance(content, str) else decode_text(content)
    first, text, delimiter = _without_hint(text.removeprefix("\ufeff"))
    delimiter = delimiter or _delimiter(text)
    records = _records(text, delimiter, first=first)
    _, header = next(records, (first, []))
    if not header:
        raise Invalid(FILE, f"it is empty; its first line must be {','.join(HEADER)}")
    columns = _checked_header([cell.strip().lower() for cell in header], delimiter)
    return _rows(columns, records, platforms)


def _rows(
    columns: Sequence[str], records: Iterator[tuple[int, list[str]]], platforms: Platforms
) -> Iterator[DeviceRow | RowFault]:
    number = 0
    for number, (line, cells) in zip(count(1), records, strict=False):
        filled = {at: cell.strip() for at, cell in enumerate(cells) if cell.strip()}
        given = {column: filled[at] for at, column in enumerate(columns) if at in filled}
        try:
            _refuse_surplus(filled, cells=len(cells), columns=len(columns))
            if "device_type" in given:
                given["device_type"] = _platform(given["device_type"], platforms)
            yield _row(given, number=number, line=line)
        except _Refused as refusal:
            hostname = _short(given.get("hostname", ""))
            yield RowFault(number=number, line=line, hostname=hostname, reason=str(refusal))
    if number == 0:
        raise Invalid(FILE, "it holds a header and no row below it")


class _Refused(Exception):
    """One sentence about one row."""


def _row(given: Mapping[str, str], *, number: int, line: int) -> DeviceRow:
    for column in REQUIRED:
        if column not in given:
            raise _Refused(f"{column} is empty; every device needs one")
    values = {
        column: _READERS.get(column, str)(text)
        for column, text in given.items()
        if column not in _NOT_OF_DEVICE
    }
    if values.get("protocol") == "telnet":
        values.setdefault("port", "23")
    try:
        device = DeviceCreate.model_validate({"device_type": UNDETERMINED.name, **values})
    except ValidationError as error:
        column = str(error.errors(include_url=False)[0]["loc"][0])
        expected = _EXPECTED.get(column, _ONE_LINE)
        raise _Refused(f"{column} {_short(given[column])!r} is not {expected}") from None
    if "device_type" not in values:  # nothing was said of it, so that a known device keeps its own
        device.model_fields_set.discard("device_type")
    tags = (tag.strip() for tag in given.get("tags", "").split("|"))
    return DeviceRow(
        number=number,
        line=line,
        device=device,
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
        jump_device=given.get("jump_device"),
        credential=given.get("credential"),
    )


def _platform(text: str, platforms: Platforms) -> str:
    platform = platforms.resolve(text)
    if platform is None:
        shown = _short(text)
        hint = platform_hint(shown, platforms)
        raise _Refused(f"device_type {shown!r} is not a platform; {hint}")
    return platform.name


def _address(text: str) -> str:
    try:
        return canonical_address(text)
    except Invalid:
        hint = "; leave out the prefix length" if "/" in text else ""
        raise _Refused(
            f"ip_address {_short(text)!r} is neither an IPv4 or IPv6 address nor a host name{hint}"
        ) from None


_READERS: Mapping[str, Callable[[str], str]] = {
    "ip_address": _address,
    **dict.fromkeys(_LOWER_CASE, str.lower),
}


def _records(text: str, delimiter: str, *, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record begins, and its cells; blank records are left out."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    while True:
        line = first + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(FILE, f"line {line}: {_quoting(str(error))}") from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _quoting(message: str) -> str:
    if "expected after" in message:
        return (
            "a quoted text goes on behind its closing quote; write a quote within it twice, "
            'as in "the ""old"" switch", or add the one that is missing'
        )
    return 'a quoted text begins in this row and never ends; close it with "'


def _without_hint(text: str) -> tuple[int, str, str | None]:
    """Return the first line's number, the text from there, and the delimiter that is named.

    Excel writes the line `sep=;` above the header where the delimiter is not the usual one.
    """
    hint, _, rest = text.partition("\n")
    hint = hint.strip("\r").lower()
    if hint.startswith("sep=") and len(hint) == len("sep=;"):
        return 2, rest, hint[-1]
    return 1, text, None


def _delimiter(text: str) -> str:
    """Return what parts the header into the most known columns; a comma where all do alike."""
    first = next(iter(text.lstrip().splitlines()), "")
    return max(_DELIMITERS, key=lambda delimiter: _known_columns(first, delimiter))


def _known_columns(line: str, delimiter: str) -> int:
    return len({cell.strip('" ').lower() for cell in line.split(delimiter)} & _COLUMNS)


def _checked_header(header: Sequence[str], delimiter: str) -> list[str]:
    # A delimiter behind the last column makes a nameless one, which every row has empty.
    columns = list(header)
    while columns and not columns[-1]:
        columns.pop()
    if not _COLUMNS & set(columns):
        raise Invalid(
            FILE,
            f"its first line is not the header; begin with {','.join(HEADER)}, "
            "of which the first two are required",
        )
    for position, column in enumerate(columns, start=1):
        if column not in _COLUMNS:
            raise Invalid(FILE, f"column {position} of the header, {_unknown(column)}")
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise Invalid(FILE, f"the header names the column {twice} twice; keep one of them")
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        shown = {"\t": "a tab"}.get(delimiter, delimiter)
        raise Invalid(
            FILE, f"the header lacks {', '.join(missing)}; its columns are parted by {shown}"
        )
    return columns


def _unknown(column: str) -> str:
    if column in _SECRETS:
        return (
            f"{column}, is not for devices; keep logins with `netraven credential add` "
            "and name one in the column credential"
        )
    close = get_close_matches(column, sorted(_COLUMNS), n=1)
    meant = f"did you mean {close[0]}?" if close else f"known are {', '.join((*HEADER, *FURTHER))}"
    return f"{_short(column)!r}, is not known; {meant}"


def _refuse_surplus(filled: Mapping[int, str], *, cells: int, columns: int) -> None:
    if max(filled) >= columns:
        raise _Refused(
            f"it has {cells} cells, the header {columns} columns; put a text that holds the "
            'delimiter in quotes, "like, this"'
        )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
