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
from netraven.archive.search_scope import SearchScope, check_scope
from netraven.archive.weave import OPEN
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
    end_s = time.monotonic() + within_s
    seen: list[Scanned] = []
    found = 0
    for turn in FleetScan(scope, scan).turns(db, start):
        for scanned in turn:
            seen.append(scanned)
            found += len(_spans_by_line(scanned))
            if found >= limit:
                return _page(db, seen, PageEnd.LIMIT)
        if time.monotonic() >= end_s:
            return _page(db, seen, PageEnd.TIME)
    return _page(db, seen, PageEnd.END)


@dataclass(frozen=True, slots=True)
class _Span:
    """Versions that a line stood in without a gap; `gone` is the next one, if there is any."""

    first: int
    last: int
    gone: int | None


_Key = tuple[UUID, str, int]


def _page(db: Session, seen: Sequence[Scanned], why: PageEnd) -> BiographyPage:
    hits = [each for each in seen if each.hits]
    rows = _rows(db, hits)
    return BiographyPage(
        lives=tuple(life for each in hits for life in _lives(each, rows)),
        searched=len(seen),
        unwoven=sum(each.is_unwoven for each in seen),
        unreadable=tuple(
            each.searched.hostname for each in seen if each.search is None and not each.is_unwoven
        ),
        ended=why,
        cursor=None if why is PageEnd.END else str(Cursor(seen[-1].searched.place)),
    )


def _spans_by_line(scanned: Scanned) -> Mapping[bytes, list[_Span]]:
    """Return when each of the lines found stood, put together where it stood several times."""
    search = scanned.search
    spans: defaultdict[bytes, list[tuple[int, int]]] = defaultdict(list)
    if search is None:
        return {}
    for place in scanned.hits:
        spans[search.text_of(place)].append(search.span_of(place))
    return {line: [*_joined(search, sorted(found))] for line, found in spans.items()}


def _joined(search: WeaveSearch | SeriesSearch, spans: list[tuple[int, int]]) -> Iterator[_Span]:
    first, last = spans[0]
    for next_first, next_last in [*spans[1:], (OPEN, OPEN)]:
        behind = None if last == OPEN else search.following(last)
        if next_first != OPEN and (behind is None or next_first <= behind.number):
            last = max(last, next_last)
            continue
        yield _Span(first, last, None if behind is None else behind.number)
        first, last = next_first, next_last


def _rows(
    db: Session, hits: Sequence[Scanned]
) -> Mapping[_Key, Row[UUID, str, int | None, str | None, datetime]]:
    """Return what the backups of the versions say that a line came, stood and went with."""
    devices = {each.searched.standing.device_id for each in hits}
    numbers = {
        number
        for each in hits
        for spans in _spans_by_line(each).values()
        for span in spans
        for number in (span.first, span.last, span.gone, each.searched.standing.newest)
        if number is not None and number != OPEN
    }
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


def _lives(
    scanned: Scanned, rows: Mapping[_Key, Row[UUID, str, int | None, str | None, datetime]]
) -> Iterator[LineLife]:
    search, standing = scanned.search, scanned.searched.standing
    if search is None:
        return

    def stay(span: _Span) -> Stay:
        series = standing.series
        last = (standing.newest or 0) if span.last == OPEN else span.last
        came, seen = rows.get((*series, span.first)), rows.get((*series, last))
        went = None if span.gone is None else rows.get((*series, span.gone))
        return Stay(
            first=span.first,
            since=search.version(span.first).at,
            is_from_start=search.is_first(span.first),
            added_by=None if came is None else came[3],
            last=last,
            seen_at=None if seen is None else seen[4],
            gone_at=None if span.gone is None else search.version(span.gone).at,
            removed_by=None if went is None else went[3],
        )

    for line, spans in _spans_by_line(scanned).items():
        yield LineLife(
            device_id=standing.device_id,
            hostname=scanned.searched.hostname,
            config_type=standing.config_type,
            line=line.decode("utf-8", "surrogateescape"),
            stays=tuple(map(stay, spans)),
        )
