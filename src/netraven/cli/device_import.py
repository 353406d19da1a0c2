"""`netraven device import`: many devices from a file, one verdict a row."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.cli.progress import Bar
    from netraven.schemas.imports import RowAction, RowVerdict

Row = TypeVar("Row")

_MAX_FILE_BYTES = 256 * 1024 * 1024
_LISTED_ROWS = 500


def import_devices_from(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with a header; - is standard input.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell the verdicts and change nothing.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List every row of a long file, not only refused ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add and change devices from a CSV file; a refused row does not stop the others.

    Columns: hostname and ip_address are needed; device_type, port, description, serial_number,
    model, notes, tags (names or ids joined by |), site, enabled, legacy_ssh, host_key_policy,
    jump_device and credential may follow. A device without device_type is asked which one it
    is by its first backup. Importing the same file again changes nothing.
    """
    from netraven.cli.home import reach_home
    from netraven.errors import ExitCode
    from netraven.schemas.imports import RowAction

    home = reach_home()
    verdicts = import_content(home, _read(file), dry_run=dry_run, is_quiet=as_json)
    counts = Counter(verdict.action for verdict in verdicts)
    if as_json:
        by_action = {action.value: counts[action] for action in RowAction}
        output.say_json({"dry_run": dry_run, "counts": by_action, "rows": verdicts})
    else:
        _show(verdicts, counts, dry_run=dry_run, everything=everything)
    if counts[RowAction.REFUSE]:
        raise typer.Exit(ExitCode.USAGE)


def import_content(
    home: AnyHome, content: bytes, *, dry_run: bool = False, is_quiet: bool = False
) -> list[RowVerdict]:
    """Import the devices of a CSV file's content and return a verdict a row; raises Invalid."""
    from netraven.cli.home import Home
    from netraven.cli.progress import progress_bar
    from netraven.inventory.device_import import import_devices
    from netraven.inventory.importers.csv import read_devices

    if not isinstance(home, Home):
        with output.waiting("Importing", is_quiet=is_quiet):
            return home.import_devices(content, dry_run=dry_run)
    verdicts: list[RowVerdict] = []
    lines = max(content.count(b"\n"), content.count(b"\r")) - 1
    title = "Checking" if dry_run else "Importing"
    watched = progress_bar(title, max(lines, 1), is_quiet=is_quiet)
    with watched as bar, suppress(_TakenBack), home.writing() as db:
        verdicts = import_devices(
            db, _counted(read_devices(content, platforms=home.platforms), bar)
        )
        if dry_run:
            raise _TakenBack
    return verdicts


class _TakenBack(Exception):
    """Undoes the unit of a dry run."""


def _counted(rows: Iterator[Row], bar: Bar) -> Iterator[Row]:
    for row in rows:
        yield row
        bar.advance()


def _read(file: Path) -> bytes:
    from netraven.errors import Invalid

    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(_MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Invalid("file", f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _MAX_FILE_BYTES:
        most = output.bytes_in_words(_MAX_FILE_BYTES)
        raise Invalid("file", f"{file} is larger than {most}; split it")
    return content


def _show(
    verdicts: Sequence[RowVerdict],
    counts: Counter[RowAction],
    *,
    dry_run: bool,
    everything: bool,
) -> None:
    from netraven.schemas.imports import RowAction

    refused = [verdict for verdict in verdicts if verdict.action is RowAction.REFUSE]
    is_long = len(verdicts) > _LISTED_ROWS and not everything
    columns = (
        Column("Row", right=True),
        Column("Line", right=True),
        Column("Verdict"),
        Column("Hostname", wraps=True),
        Column("Why", wraps=True),
    )
    listed = refused if is_long else verdicts
    if listed:
        rows = ((each.number, each.line, each.action, each.hostname, _why(each)) for each in listed)
        output.say_table(columns, rows)
        output.say("")
    told = ", ".join(f"{counts[action]} {action.value}" for action in RowAction if counts[action])
    output.say(f"{output.counted(len(verdicts), 'row')}: {told}.")
    if is_long:
        output.note("Only refused rows are listed; --all lists every one.", style="dim")
    if dry_run:
        output.say("This was a dry run; nothing was changed.", style="yellow")


def _why(verdict: RowVerdict) -> str | None:
    if verdict.changed:
        return f"changes {', '.join(verdict.changed)}"
    return verdict.reason or None
