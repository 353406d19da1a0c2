"""Answers that come line by line, a JSON document each: what is found, then how it ended."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netraven.archive.search_history import DeviceHits, PageEnd, SearchPage
from netraven.errors import ServerFailed

if TYPE_CHECKING:
    from netraven.cli.remote.server import Server

_MOST_LINES = 1000
_MOST_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an answer ended, and what was looked at; `cursor` leads on where it is not the end."""

    ended: PageEnd
    searched: int
    too_young: int = 0
    pruned: int = 0
    unwoven: int
    unreadable: list[str]
    cursor: str | None


NOTHING_YET = End(ended=PageEnd.TIME, searched=0, unwoven=0, unreadable=[], cursor=None)


def scope_of(asked: Mapping[str, object]) -> dict[str, object]:
    """Return what limits a search, by the API's names."""
    renamed = {"devices": "device_id", "tags": "tag_id", "platforms": "platform"}
    names = (*renamed, "kind", "case", "config_type", "limit", "cursor")
    return {renamed.get(name, name): asked.get(name) for name in names}


def read(
    server: Server, path: str, query: Mapping[str, object]
) -> Iterator[dict[str, object] | End]:
    """Yield each finding as it comes, and how the answer ended last."""
    with server.stream(path, query) as received:
        for line in received:
            try:
                ((kind, told),) = json.loads(line).items()
            except (ValueError, AttributeError):
                break
            if kind == "end":
                yield server.read(End, told)
                return
            yield told
    message = f"the answer of {server.address.url} broke off; try again"
    raise ServerFailed(message)


def search_pages(
    server: Server, asked: Mapping[str, object], *, is_enough: int, end_s: float
) -> Iterator[tuple[SearchPage, bool]]:
    """Yield what a search finds as it comes: a device a page, then what was looked at.

    `asked` is what is searched for, by the API's names. With each page comes whether it goes on
    with the device of the one before. It ends where all is searched, after `is_enough` lines, or
    at `end_s` of the monotonic clock.
    """
    cursor: str | None = None
    before: tuple[object, str] | None = None
    shown = 0
    while True:
        left_s = math.ceil(end_s - time.monotonic())
        query = {
            **asked,
            "limit": min(_MOST_LINES, is_enough - shown),
            "within_s": max(1, min(_MOST_SECONDS, left_s)),
            "cursor": cursor,
        }
        for told in read(server, "/search", query):
            if isinstance(told, End):
                cursor = told.cursor
                yield _page(end=told), False
                continue
            found = server.read(DeviceHits, told)
            place = (found.device_id, found.config_type)
            shown += len(found.hits)
            yield _page(devices=(found,)), place == before
            before = place
        if cursor is None or shown >= is_enough or time.monotonic() >= end_s:
            return


def _page(*, devices: tuple[DeviceHits, ...] = (), end: End | None = None) -> SearchPage:
    return SearchPage(
        devices=devices,
        searched=end.searched if end else 0,
        too_young=end.too_young if end else 0,
        pruned=end.pruned if end else 0,
        unwoven=end.unwoven if end else 0,
        unreadable=tuple(end.unreadable) if end else (),
        ended=end.ended if end else PageEnd.TIME,
        cursor=end.cursor if end else None,
    )
