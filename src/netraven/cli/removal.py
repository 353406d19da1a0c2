"""What `delete` does, whatever is deleted: find it, ask, delete it, say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from netraven.cli import output
from netraven.cli.home import reach_home
from netraven.cli.questions import confirm
from netraven.db import Unit


class Named(Protocol):
    """A row that people call by its name."""

    @property
    def id(self) -> UUID:
        """By which it is deleted."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...


def remove(
    find: Callable[[Unit], Named],
    delete: Callable[[Unit, UUID], object],
    *,
    noun: str,
    along: str = "",
    stays: str = "",
    is_answered: bool,
    as_json: bool,
) -> None:
    """Delete the row that is found; `along` says what goes with it, `stays` what does not.

    Raises what finding and deleting raise, and what `confirm` does; nothing is gone then.
    """
    home = reach_home()
    with home.reading() as db:
        row = find(db)
    confirm(f"Delete the {noun} {row.name}{along}?", is_answered=is_answered)
    with home.writing() as db:
        delete(db, row.id)
    if as_json:
        output.say_json({"deleted": row.id, "name": row.name})
    else:
        output.say(f"Deleted the {noun} {row.name}{stays}.")
