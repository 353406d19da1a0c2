"""Lists of any length, taken from operations that give at most a thousand rows a call; shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from netraven.cli import output
from netraven.cli.output import Column

Item = TypeVar("Item")

_CALL_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    skip: int
    limit: int
    is_everything: bool = False


def take(page: Page, fetch: Callable[[int, int], list[Item]]) -> list[Item]:
    """Return the page's rows; `fetch` is called with skip and limit until it has no more."""
    rows: list[Item] = []
    while page.is_everything or len(rows) < page.limit:
        wanted = _CALL_LIMIT if page.is_everything else min(_CALL_LIMIT, page.limit - len(rows))
        found = fetch(page.skip + len(rows), wanted)
        rows += found
        if len(found) < wanted:
            break
    return rows


def take_all(fetch: Callable[[int, int], list[Item]]) -> list[Item]:
    """Return every row."""
    return take(Page(0, 0, is_everything=True), fetch)


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """A page's rows, and how many the list has."""

    page: Page
    rows: Sequence[Item]
    total: int


@dataclass(frozen=True, slots=True)
class Look(Generic[Item]):
    """How rows are shown: as a table, or each as one JSON value."""

    columns: Sequence[Column]
    cells: Callable[[Item], Sequence[object]]
    as_item: Callable[[Item], object] = lambda row: row


def show_list(
    listed: Listed[Item],
    look: Look[Item],
    noun: str,
    *,
    is_filtered: bool = False,
    begin: str = "",
    as_json: bool,
) -> None:
    """Write a list and what of it is left out; of an empty one why, or how to `begin` it."""
    page = listed.page
    if as_json:
        items = [look.as_item(row) for row in listed.rows]
        output.say_json({"items": items, "total": listed.total})
    elif listed.rows:
        output.say_table(look.columns, map(look.cells, listed.rows))
        _say_more(page, len(listed.rows), listed.total)
    elif is_filtered or page.skip or not begin:
        output.say(f"No {noun} fits.")
    else:
        output.say(f"No {noun}s yet; {begin}.")


def _say_more(page: Page, shown: int, total: int) -> None:
    if page.skip + shown < total:
        output.note(
            f"{shown} of {total} shown; `--skip {page.skip + shown}` goes on, `--all` shows all",
            style="dim",
        )
