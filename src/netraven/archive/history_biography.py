"""The biography of a line: which devices had it, from when to when, and who brought it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from netraven.archive.search_fleet import Cursor, FleetScan, Scanned
from netraven.archive.search_history import PAGE_S, PageEnd
from netraven.archive.search_pace import admit_search
from netraven.archive.search_past import SeriesSearch
from netraven.archive.search_pattern import PatternKind, read_pattern
from netraven.archive.search_scan import Scan, WeaveSearch, Window
from netraven.archive.search_scope import Searched, SearchScope, check_scope
from netraven.archive.weave import OPEN, WovenVersion
from netraven.db import Id, operation
from netraven.db.chunks import in_chunks
from netraven.db.paging import check_page
from netraven.models import Backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A time without a gap in which a device had a line.

    It came with version `first`, stored at `since`, by `added_by`; version `last` had it and was
    last seen at `seen_at`; the next version, of `gone_at` and `removed_by`, had it no more. Both
    are None for a line that stands still. `is_from_start` says that the first known version had
    it: it may be older. Who and when last seen are None where the version is not kept any more.
    """

    first: int
    since: datetime
    is_from_start: bool
    added_by: str | None
    last: int
    seen_at: datetime | None
    gone_at: datetime | None = None
    removed_by: str | None = None

    @property
    def is_standing(self) -> bool:
        """The newest version has the line."""
        return self.gone_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLife:
    """One line of one series: its stays, the oldest first; between them it was gone."""

    device_id: UUID
    hostname: str
    config_type: str
    line: str
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BiographyPage:
    """Lives of lines in the order of hostnames; the rest as for `SearchPage`.

    A page ends behind a whole series, so it may hold more than was asked for.
    """

    lives: tuple[LineLife, ...]
    searched: int
    unwoven: int
    unreadable: tuple[str, ...]
    ended: PageEnd
    cursor: str | None


@operation
def line_biography(
    db: Session,
    line: str,
    *,
    kind: PatternKind | str = PatternKind.LINE,
    case: bool = True,
    devices: Collection[Id] | None = None,
    tags: Collection[Id] | None = None,
    platforms: Collection[str] | None = None,
    config_type: str | None = None,
    visible_to: Id | None = None,
    limit: int = 100,
    cursor: str | None = None,
    within_s: float = PAGE_S,
) -> BiographyPage:
    """Return a page of the lives of a line, or of all lines that match a pattern.

    A line is taken without the blanks around it. Filters, paging and errors are those of
    `search_history`.
    """
    check_page(0, limit)
    scan = Scan(pattern=read_pattern(line, kind, case=case), window=Window())
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
    page = _Page(start)
    fleet = FleetScan(scope, scan)
    for turn in fleet.turns(db, start, end_s=time.monotonic() + within_s):
        traces = iter(fleet.read(db, [each for each in turn if each.hits], _traces))
        for scanned in turn:
            page.take(scanned, next(traces) if scanned.hits else [])
            if len(page.traces) >= limit:
                return page.ended(db, PageEnd.LIMIT)
    return page.ended(db, PageEnd.END if fleet.is_through else PageEnd.TIME)


@dataclass(frozen=True, slots=True)
class _Span:
    """Versions that a line stood in without a gap, `OPEN` if it stands; `gone` is the next one."""

    first: WovenVersion
    last: int
    gone: WovenVersion | None
    is_from_start: bool


@dataclass(frozen=True, slots=True)
class _Trace:
    """A line that was found, and when it stood in its series."""

    searched: Searched
    line: bytes
    spans: Sequence[_Span]

    @property
    def numbers(self) -> set[int]:
        """Return the versions by which it came, stood last and went."""
        newest = {self.searched.standing.newest or 0}
        known = {each for span in self.spans for each in (span.first.number, span.last)}
        return (known | newest | {span.gone.number for span in self.spans if span.gone}) - {OPEN}


_Key = tuple[UUID, str, int]
_Rows = Mapping[_Key, Row[UUID, str, int | None, str | None, datetime]]


class _Page:
    """A page being filled."""

    def __init__(self, start: Cursor) -> None:
        self._cursor = start
        self._searched = self._unwoven = 0
        self._unreadable: list[str] = []
        self.traces: list[_Trace] = []

    def take(self, scanned: Scanned, traces: Sequence[_Trace]) -> None:
        """Put a series on the page, with all lines found there."""
        self._cursor = Cursor(scanned.searched.place)
        self._searched += 1
        self._unwoven += scanned.sought is None
        if scanned.sought is not None and scanned.looked is None:
            self._unreadable.append(scanned.searched.hostname)
        self.traces += traces

    def ended(self, db: Session, why: PageEnd) -> BiographyPage:
        """Return the page."""
        rows = _rows(db, self.traces)
        return BiographyPage(
            lives=tuple(_life(each, rows) for each in self.traces),
            searched=self._searched,
            unwoven=self._unwoven,
            unreadable=tuple(self._unreadable),
            ended=why,
            cursor=None if why is PageEnd.END else str(self._cursor),
        )


def _traces(scanned: Scanned, search: WeaveSearch | SeriesSearch) -> list[_Trace]:
    """Return the lines found in a series, put together where one stood several times."""
    spans: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for place in scanned.hits:
        spans[search.text_of(place)].append(search.span_of(place))
    return [
        _Trace(scanned.searched, line, [*_joined(search, sorted(found))])
        for line, found in spans.items()
    ]


def _joined(search: WeaveSearch | SeriesSearch, spans: list[tuple[int, int]]) -> Iterator[_Span]:
    first, last = spans[0]
    for next_first, next_last in [*spans[1:], (OPEN, OPEN)]:
        behind = None if last == OPEN else search.following(last)
        if next_first != OPEN and (behind is None or next_first <= behind.number):
            last = max(last, next_last)
            continue
        yield _Span(search.version(first), last, behind, search.is_first(first))
        first, last = next_first, next_last


def _rows(db: Session, traces: Sequence[_Trace]) -> _Rows:
    """Return what the backups of the versions say that lines came, stood and went with."""
    devices = {each.searched.standing.device_id for each in traces}
    numbers = {number for each in traces for number in each.numbers}
    columns = (
        Backup.device_id,
        Backup.config_type,
        Backup.version,
        Backup.author,
        Backup.last_seen_at,
    )
    return {
        (row[0], row[1], row[2] or 0): row
        for some in in_chunks(sorted(devices))
        for few in in_chunks(sorted(numbers))
        for row in db.execute(
            select(*columns).where(Backup.device_id.in_(some), Backup.version.in_(few))
        )
    }


def _life(trace: _Trace, rows: _Rows) -> LineLife:
    standing = trace.searched.standing

    def stay(span: _Span) -> Stay:
        series = standing.series
        last = (standing.newest or 0) if span.last == OPEN else span.last
        came, seen = rows.get((*series, span.first.number)), rows.get((*series, last))
        went = None if span.gone is None else rows.get((*series, span.gone.number))
        return Stay(
            first=span.first.number,
            since=span.first.at,
            is_from_start=span.is_from_start,
            added_by=None if came is None else came[3],
            last=last,
            seen_at=None if seen is None else seen[4],
            gone_at=None if span.gone is None else span.gone.at,
            removed_by=None if went is None else went[3],
        )

    return LineLife(
        device_id=standing.device_id,
        hostname=trace.searched.hostname,
        config_type=standing.config_type,
        line=trace.line.decode("utf-8", "surrogateescape"),
        stays=tuple(map(stay, trace.spans)),
    )
