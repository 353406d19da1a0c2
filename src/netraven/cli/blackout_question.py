"""The question before a run by hand touches devices that are in a black-out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias
from uuid import UUID

import typer

from netraven.cli import output

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.jobs.blackouts import HeldBack

Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Do not ask where devices are in a black-out.")
]


def ask_about_blackouts(home: AnyHome, device_ids: Sequence[UUID], *, is_forced: bool) -> None:
    """Return where no device is in a black-out, or the answer is yes.

    Raises Abort on no, and Conflict("blackout") where nobody can be asked.
    """
    from netraven.errors import Conflict
    from netraven.jobs.blackouts import get_held_back

    if is_forced or not device_ids:
        return
    with home.reading() as db:
        held = get_held_back(db, device_ids)
    if not held:
        return
    fact = f"{_counted(len(held), len(device_ids))} in a black-out ({_named(held.values())})"
    if not sys.stdin.isatty():
        raise Conflict("blackout", f"{fact}; say --force to go ahead all the same")
    typer.confirm(output.visible(f"{fact}. Go ahead all the same?"), abort=True, err=True)


def _counted(held: int, devices: int) -> str:
    if devices == 1:
        return "the device is"
    return f"{held} of {devices} devices {'is' if held == 1 else 'are'}"


def _named(reasons: Iterable[HeldBack]) -> str:
    """Return the black-outs, those that hold back most first, with the end of each."""
    counts = Counter((why.name, output.local_minute(why.until)) for why in reasons)
    return ", ".join(f"{name} until {end}" for (name, end), _ in counts.most_common(3))
