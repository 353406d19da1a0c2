"""Searching all lines that all devices ever had, page by page.

Hits are decided on the redacted view, so nobody can confirm a guess of a secret; a token finds
every device that shares the secret. What somebody may not see is left out before anything is
opened, so neither counts nor times tell of it. A page ends where its limit or its time does and
says where the next one begins: a search is a stream of pages that can be left after any of them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from netraven import clock
from netraven.archive.search_fleet import Cursor, FleetScan, Scanned
from netraven.archive.search_pace import admit_search
from netraven.archive.search_past import SeriesSearch
from netraven.archive.search_pattern import PatternKind, read_pattern
from netraven.archive.search_scan import LineHit, Scan, WeaveSearch, Window
from netraven.archive.search_scope import Place, SearchScope, check_scope
from netraven.db import Id, operation
from netraven.db.paging import check_page
from netraven.errors import Invalid

MOST_CONTEXT = 100
PAGE_S = 10.0


class PageEnd(StrEnum):
    """Why a page ended: nothing follows, it holds as many hits as it may, or its time was over."""

    END = "end"
    LIMIT = "limit"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHits:
    """How many lines of a series are hits, and those of them that are on this page.

    `device_type` is the platform that read its newest version.
    """

    device_id: UUID
    hostname: str
    config_type: str
    device_type: str
    count: int
    hits: tuple[LineHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What a page found, in the order of hostnames, and how far it came.

    `searched` series were looked at. Of a search at a moment, `too_young` had no version yet, and
    of `pruned` the version of then is not kept: lines that stood only then are not known any more.
    `unwoven` could not be looked at until their weaves are made, `unreadable` are the names of
    devices whose weaves are damaged. `cursor` leads to the next page, None at the end.
    """

    devices: tuple[DeviceHits, ...]
    searched: int
    too_young: int
    pruned: int
    unwoven: int
    unreadable: tuple[str, ...]
    ended: PageEnd
    cursor: str | None


@operation
def search_history(
    db: Session,
    pattern: str,
    *,
    kind: PatternKind | str = PatternKind.LITERAL,
    case: bool = True,
    at: datetime | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    devices: Collection[Id] | None = None,
    tags: Collection[Id] | None = None,
    platforms: Collection[str] | None = None,
    config_type: str | None = None,
    section: str | None = None,
    context: int = 0,
    counts_only: bool = False,
    visible_to: Id | None = None,
    limit: int = 100,
    cursor: str | None = None,
    within_s: float = PAGE_S,
) -> SearchPage:
    """Return a page of the lines that match, over all versions of all devices.

    `kind` and `case` say how the pattern is read, `at` what stood at a moment, `since` and `until`
    what stood within a span. Devices have any of the `tags`; `section` is a text in a header above
    the line. At most `limit` lines, with `context` lines around each; all counts are whole. A page
    takes about `within_s` seconds at most. Raises Invalid for what is wrong with any of these,
    TooManySearches for somebody who searches too often, and KeyUnavailable.
    """
    check_page(0, limit)
    scan = Scan(
        pattern=read_pattern(pattern, kind, case=case),
        window=read_window(at, since, until),
        section=section.strip().lower().encode() if section and section.strip() else None,
        context=_checked_context(context),
    )
    scope = SearchScope(
        devices=devices,
        tags=tags,
        platforms=platforms,
        config_type=config_type,
        visible_to=visible_to,
    )
    start = Cursor.read(cursor)
    if cursor is None:
        check_scope(db, scope)
        if visible_to is not None:
            admit_search(visible_to)
    page = _Page(start, None if counts_only else limit)
    fleet = FleetScan(scope, scan)
    if page.fill(fleet.turns(db, start, end_s=time.monotonic() + within_s)):
        why = PageEnd.LIMIT
    else:
        why = PageEnd.END if fleet.is_through else PageEnd.TIME
    return page.ended(why, fleet.read(db, page.shown, page.described))


@operation
def who_had(
    db: Session,
    pattern: str,
    at: datetime,
    *,
    kind: PatternKind | str = PatternKind.LITERAL,
    case: bool = True,
    tags: Collection[Id] | None = None,
    platforms: Collection[str] | None = None,
    config_type: str | None = None,
    visible_to: Id | None = None,
    cursor: str | None = None,
    within_s: float = PAGE_S,
) -> SearchPage:
    """Return a page of the devices that had a matching line at that moment, with their counts.

    The rest is as for `search_history`.
    """
    return search_history(
        db,
        pattern,
        kind=kind,
        case=case,
        at=at,
        tags=tags,
        platforms=platforms,
        config_type=config_type,
        counts_only=True,
        visible_to=visible_to,
        cursor=cursor,
        within_s=within_s,
    )


def read_window(at: datetime | None, since: datetime | None, until: datetime | None) -> Window:
    """Return when hits must have stood; raises Invalid for what cannot be meant together."""
    if at is not None and (since is not None or until is not None):
        raise Invalid("at", "is one moment; leave `since` and `until` out, or ask for a span")
    moments = [None if each is None else clock.as_utc(each) for each in (at, since, until)]
    window = Window(at=moments[0], since=moments[1], until=moments[2])
    if window.since is not None and window.until is not None and window.since > window.until:
        raise Invalid("since", "lies behind `until`")
    return window


def _checked_context(context: int) -> int:
    if not 0 <= context <= MOST_CONTEXT:
        raise Invalid("context", f"must be from 0 to {MOST_CONTEXT}, not {context}")
    return context


class _Page:
    """A page being filled; it has room for so many hits, with None it only counts them."""

    def __init__(self, start: Cursor, room: int | None) -> None:
        self._cursor = start
        self._skip = start.skip
        self._room = room
        self._found: list[Scanned] = []
        self._places: dict[Place, Sequence[int]] = {}
        self._unreadable: list[str] = []
        self._searched = self._too_young = self._pruned = self._unwoven = 0

    def fill(self, turns: Iterator[Sequence[Scanned]]) -> bool:
        """Take series until there is no room for a hit; return whether there is none."""
        for turn in turns:
            for scanned in turn:
                self._take(scanned)
                if self._room == 0:
                    return True
        return False

    @property
    def shown(self) -> Sequence[Scanned]:
        """Return the series of which hits are on the page."""
        return [each for each in self._found if each.searched.place in self._places]

    def described(
        self, scanned: Scanned, search: WeaveSearch | SeriesSearch
    ) -> tuple[LineHit, ...]:
        """Return the hits of a series that are on the page."""
        return tuple(map(search.described, self._places[scanned.searched.place]))

    def ended(self, why: PageEnd, described: Iterable[tuple[LineHit, ...]]) -> SearchPage:
        """Return the page, with the hits that are `described` for each series `shown`."""
        lines = dict(zip(self._places, described, strict=True))
        return SearchPage(
            devices=tuple(
                _device_hits(each, lines.get(each.searched.place, ())) for each in self._found
            ),
            searched=self._searched,
            too_young=self._too_young,
            pruned=self._pruned,
            unwoven=self._unwoven,
            unreadable=tuple(self._unreadable),
            ended=why,
            cursor=None if why is PageEnd.END else str(self._cursor),
        )

    def _take(self, scanned: Scanned) -> None:
        """Put a series on the page: all its hits, or those that there is room for."""
        place, looked = scanned.searched.place, scanned.looked
        skip = self._skip if place == self._cursor.place else 0
        self._cursor = Cursor(place)
        if not skip:
            self._searched += 1
            self._unwoven += scanned.sought is None
            self._too_young += looked is not None and looked.is_too_young
            self._pruned += looked is not None and looked.is_pruned
        if scanned.sought is not None and looked is None:
            self._unreadable.append(scanned.searched.hostname)
        if not scanned.hits:
            return
        self._found.append(scanned)
        if self._room is None:
            return
        self._places[place] = scanned.hits[skip : skip + self._room]
        self._room -= len(self._places[place])
        if self._room == 0 and skip + len(self._places[place]) < len(scanned.hits):
            self._cursor = Cursor(place, skip + len(self._places[place]))


def _device_hits(scanned: Scanned, hits: tuple[LineHit, ...]) -> DeviceHits:
    standing = scanned.searched.standing
    return DeviceHits(
        device_id=standing.device_id,
        hostname=scanned.searched.hostname,
        config_type=standing.config_type,
        device_type=standing.device_type,
        count=len(scanned.hits),
        hits=hits,
    )
