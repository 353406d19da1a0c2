"""`netraven biography`: which devices had a line, from when to when, and who brought it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column
from netraven.cli.search_options import (
    AnyConfigType,
    Devices,
    IgnoreCase,
    PlatformNames,
    Regex,
    Scope,
    SearchDeadline,
    Tags,
    read_scope,
)
from netraven.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netraven.archive.history_biography import BiographyPage, LineLife, Stay
    from netraven.archive.search_pattern import PatternKind
    from netraven.cli.home import AnyHome

_PAGE_S = 0.5
_PAGE_LIVES = 500


def biography(
    line: Annotated[str, typer.Argument(metavar="LINE", help="A whole line, without its indent.")],
    *,
    regex: Regex = False,
    ignore_case: IgnoreCase = False,
    device: Devices = None,
    tag: Tags = None,
    platform: PlatformNames = None,
    config_type: AnyConfigType = None,
    deadline: SearchDeadline = 60,
    as_json: AsJson = False,
) -> None:
    """Tell the life of a line: who had it, since when, until when, and with what gaps.

    Ends with 1 where no device ever had it.
    """
    from netraven.archive.search_pattern import PatternKind
    from netraven.cli.home import reach_home
    from netraven.cli.search_view import note_gaps
    from netraven.cli.weaves import bring_histories

    home = reach_home()
    scope = read_scope(home, device, tag, platform)
    bring_histories(home, is_quiet=as_json)
    kind = PatternKind.REGEX if regex else PatternKind.LINE
    pages = _pages(
        home, line, scope, kind=kind, case=not ignore_case, config_type=config_type, end_s=deadline
    )
    lives = [life for page in pages for life in page.lives]
    unwoven = sum(page.unwoven for page in pages)
    unreadable = [name for page in pages for name in page.unreadable]
    is_cut = pages[-1].cursor is not None
    if as_json:
        told = {"lives": lives, "not_made_yet": unwoven, "unreadable": unreadable}
        is_complete = not (unwoven or unreadable or is_cut)
        output.say_json({**told, "complete": is_complete})
    else:
        show_lives(lives)
        note_gaps(unwoven, unreadable)
        if is_cut:
            output.note(f"The search ended at its deadline of {deadline} s.", style="yellow")
    if unreadable:
        raise typer.Exit(ExitCode.CORRUPT)
    if not lives:
        raise typer.Exit(ExitCode.ERROR)


def show_lives(lives: Sequence[LineLife]) -> None:
    """Write the lives of lines, one table for each line."""
    if not lives:
        output.note("No device ever had such a line.", style="dim")
    for line in dict.fromkeys(life.line for life in lives):
        of_line = [life for life in lives if life.line == line]
        output.say(line, style="bold")
        columns = (
            Column("Device", wraps=True),
            Column("Since"),
            Column("Until"),
            Column("Versions"),
            Column("By", wraps=True),
        )
        output.say_table(columns, [row for life in of_line for row in _rows(life)])
        standing = sum(life.stays[-1].is_standing for life in of_line)
        devices = output.counted(len(of_line), "configuration")
        output.note(f"{devices} had it, {standing} of them still.", style="dim")


def _rows(life: LineLife) -> list[tuple[object, ...]]:
    name = life.hostname
    if life.config_type != "running":
        name = f"{name} ({life.config_type})"
    return [
        (name if stay is life.stays[0] else "", *_times(stay), _versions(stay), _people(stay))
        for stay in life.stays
    ]


def _times(stay: Stay) -> tuple[str, str]:
    since = output.local_minute(stay.since)
    until = "now" if stay.gone_at is None else output.local_minute(stay.gone_at)
    return f"≤ {since}" if stay.is_from_start else since, until


def _versions(stay: Stay) -> str:
    return f"{stay.first}–" if stay.is_standing else f"{stay.first}–{stay.last}"


def _people(stay: Stay) -> str | None:
    named = [who for who in (stay.added_by, stay.removed_by and f"– {stay.removed_by}") if who]
    return " ".join(named) or None


def _pages(
    home: AnyHome,
    line: str,
    scope: Scope,
    *,
    kind: PatternKind,
    case: bool,
    config_type: str | None,
    end_s: float,
) -> list[BiographyPage]:
    from netraven.archive.history_biography import line_biography

    pages: list[BiographyPage] = []
    deadline = time.monotonic() + end_s
    with output.waiting("Searching"):
        while not pages or (pages[-1].cursor is not None and time.monotonic() < deadline):
            with home.reading() as db:
                page = line_biography(
                    db,
                    line,
                    kind=kind,
                    case=case,
                    devices=scope.devices,
                    tags=scope.tags,
                    platforms=scope.platforms,
                    config_type=config_type,
                    limit=_PAGE_LIVES,
                    cursor=pages[-1].cursor if pages else None,
                    within_s=_PAGE_S,
                )
            pages.append(page)
    return pages
