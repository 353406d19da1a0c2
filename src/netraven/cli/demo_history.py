"""The end of the demonstration: who has it, since when, and what happened, over all versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from netraven.cli import output
from netraven.cli.demo_story import LookBack, Stage

if TYPE_CHECKING:
    from datetime import datetime


_LINES_AROUND = 2


def look_back(stage: Stage, began_at: datetime) -> LookBack:
    """Ask for the line that came to several devices, and for what changed since `began_at`."""
    from netraven.archive.history_stories import change_stories
    from netraven.archive.search_history import search_history
    from netraven.cli.blame import annotated

    pattern = stage.plan.new_time_server
    with stage.home.reading() as db:
        found = search_history(db, pattern).devices
        stories = change_stories(db, began_at).stories
    shown = annotated(stage.home, found[0].hostname)
    return LookBack(pattern, found, shown, stories)


def show_search(back: LookBack) -> None:
    """Write what was found as `netraven search` does."""
    from netraven.archive.search_history import read_window
    from netraven.archive.search_pattern import PatternKind
    from netraven.cli.search_found import Asked
    from netraven.cli.search_options import Scope
    from netraven.cli.search_view import write_device

    asked = Asked(
        pattern=back.pattern,
        kind=PatternKind.LITERAL,
        case=True,
        window=read_window(None, None, None),
        scope=Scope([], [], []),
    )
    for each in back.found:
        write_device(output.out(), each, asked, goes_on=False)


def show_blame(back: LookBack) -> None:
    """Write the lines around the one that was found as `netraven blame` does."""
    from netraven.cli.blame import write_annotation

    lines = back.annotation.lines
    place = next(number for number, line in enumerate(lines) if back.pattern in line.text)
    near = lines[max(0, place - _LINES_AROUND) : place + _LINES_AROUND + 1]
    write_annotation(output.out(), replace(back.annotation, lines=near))


def show_story(back: LookBack) -> None:
    """Write the story of most devices as `netraven changes` does."""
    from netraven.cli.changes import write_story

    write_story(output.out(), back.stories[0], is_first=True)
    others = output.counted(len(back.stories) - 1, "other story", "other stories")
    output.say(f"and {others}", style="dim")
