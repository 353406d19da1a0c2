"""What every command over histories does first: see to it that the histories are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netraven.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netraven.archive.series import Series
    from netraven.cli.home import AnyHome, Home
    from netraven.tasks.weaving import WeaveUnits

_MOST_AT_ONCE = 200
"""Series that a command makes the histories of by itself; more are left to `history build`."""


def bring_histories(home: AnyHome, *, is_quiet: bool = False) -> None:
    """Make the few histories that are missing or out of date; say so where they are many."""
    from netraven.archive.weave_standing import get_history_status
    from netraven.cli.home import Home
    from netraven.tasks.weaving import find_series_to_weave

    if not isinstance(home, Home):  # a server sees to its own
        return
    with home.reading() as db:
        status = get_history_status(db)
    if not status.unwoven:
        return
    if status.unwoven <= _MOST_AT_ONCE:
        units = weave_units(home)
        weave_all(units, find_series_to_weave(units), total=status.unwoven, is_quiet=is_quiet)
        return
    devices = output.counted(status.unwoven, "history is", "histories are")
    output.note(
        f"{devices} not made yet, so not all is searched; `netraven history build` makes them.",
        style="yellow",
    )


def weave_all(
    units: WeaveUnits, found: Iterable[Series], *, total: int | None, is_quiet: bool = False
) -> tuple[int, int]:
    """Make the histories of these series; return how many, and of how many versions."""
    from netraven.cli.progress import progress_bar
    from netraven.tasks.weaving import weave_anew

    made = versions = 0
    with progress_bar("Weaving", total, is_quiet=is_quiet) as bar:
        for series in found:
            count = weave_anew(units, series)
            made += count > 0
            versions += count
            bar.advance()
            bar.tell(output.counted(versions, "version"))
    return made, versions


def weave_units(home: Home) -> WeaveUnits:
    """Return how this installation's units are opened."""
    from netraven.tasks.weaving import WeaveUnits

    return WeaveUnits(home.reading, home.writing)
