"""Lists of any length, taken from operations that give at most a thousand rows a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from netraven.cli import output

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


def say_more(page: Page, shown: int, total: int) -> None:
    """Say how much of the list was left out, where some was."""
    if page.skip + shown < total:
        output.note(
            f"{shown} of {total} shown; `--skip {page.skip + shown}` goes on, `--all` shows all",
            style="dim",
        )
