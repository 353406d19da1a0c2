"""`netraven changes`: what changed across the fleet, as stories instead of hundreds of diffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.search_options import Tags, Until, read_scope
from netraven.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from netraven.archive.history_stories import Story

_MOST_NAMED = 8
_MOST_LINES = 20
_STYLES = {"+": "green", "-": "red"}


def changes(
    *,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="From when on: 24h, 7d, 2026-06-03.")
    ] = "24h",
    until: Until = None,
    tag: Tags = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Show at most N stories.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Tell what changed, one story for each change however many devices it happened to.

    With --tag also the devices that it did not happen to. Ends with 1 where nothing changed.
    """
    from netraven.archive.history_stories import change_stories
    from netraven.cli.home import reach_home
    from netraven.cli.moments import read_moment
    from netraven.cli.weaves import bring_histories
    from netraven.errors import Invalid

    began = read_moment(since, "since")
    if began is None:
        raise Invalid("since", "is missing")
    home = reach_home()
    scope = read_scope(home, tags=tag)
    bring_histories(home, is_quiet=as_json)
    with home.reading() as db:
        page = change_stories(db, began, read_moment(until, "until"), tags=scope.tags, limit=limit)
    if as_json:
        output.say_json(
            {"stories": [_as_json(story) for story in page.stories], "total": page.total}
        )
    else:
        show_stories(page.stories)
        if page.total > len(page.stories):
            output.note(f"{len(page.stories)} of {page.total} stories shown; --limit shows more.")
        if not page.stories:
            output.note(f"Nothing changed since {output.local_minute(began)}.", style="dim")
    if not page.stories:
        raise typer.Exit(ExitCode.ERROR)


def show_stories(stories: Sequence[Story]) -> None:
    """Write stories, one block each."""
    from netraven.cli.pager import paged

    with paged() as console:
        for number, story in enumerate(stories):
            write_story(console, story, is_first=number == 0)


def write_story(console: Console, story: Story, *, is_first: bool) -> None:
    """Write one story, behind a blank line unless it is the first."""
    from netraven.cli.search_view import write

    if not is_first:
        write(console, Text(""))
    head = Text(output.counted(story.device_count, "device"), style="bold")
    began, ended = output.local_minute(story.began_at), output.local_minute(story.ended_at)
    head.append(f"  {began}" + ("" if began == ended else f" to {ended}"), style="not bold dim")
    authors = sorted({each.author for each in story.same if each.author})
    if authors:
        head.append(f"  by {output.visible(', '.join(authors))}", style="not bold dim")
    write(console, head)
    _write_lines(console, story.lines, indent=2)
    names = [each.hostname for each in story.same]
    if story.deviants:
        _write_names(console, "Exactly these lines", names)
        write(console, Text("  Something like it", style="yellow"))
        for deviant in story.deviants[:_MOST_NAMED]:
            write(console, Text(f"    {output.visible(deviant.device.hostname)}"))
            _write_lines(console, deviant.lines, indent=6)
        if len(story.deviants) > _MOST_NAMED:
            write(console, Text(f"    and {len(story.deviants) - _MOST_NAMED} more", style="dim"))
    else:
        _write_names(console, "On", names)
    if story.missing:
        _write_names(console, "Not on", story.missing, style="yellow")


def _write_lines(console: Console, lines: Sequence[str], *, indent: int) -> None:
    from netraven.cli.search_view import write

    if not lines:
        write(console, Text(f"{'':{indent}}(its lines cannot be told now)", style="dim"))
    for line in lines[:_MOST_LINES]:
        shown = output.visible(line, keep="\t")
        write(console, Text(f"{'':{indent}}{shown}", style=_STYLES.get(shown[:1], "")))
    if len(lines) > _MOST_LINES:
        more = output.counted(len(lines) - _MOST_LINES, "line")
        write(console, Text(f"{'':{indent}}and {more} more", style="dim"))


def _write_names(console: Console, title: str, names: Sequence[str], *, style: str = "") -> None:
    from netraven.cli.search_view import write

    told = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    write(console, Text(f"  {title}: {output.visible(told)}{more}", style=style))


def _as_json(story: Story) -> dict[str, object]:
    def device(each: object) -> dict[str, object]:
        names = ("device_id", "hostname", "config_type", "version", "at", "author")
        return {name: getattr(each, name) for name in names}

    return {
        "began_at": story.began_at,
        "ended_at": story.ended_at,
        "devices": story.device_count,
        "lines": story.lines,
        "same": [device(each) for each in story.same],
        "deviants": [{**device(each.device), "lines": each.lines} for each in story.deviants],
        "missing": story.missing,
    }
