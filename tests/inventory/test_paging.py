"""Paging over whatever rows there are: each row once, in a fixed order, as many as counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol, TypeAlias
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from netraven import crud
from netraven.archive import backups as kept
from netraven.db import new_id
from netraven.db.enums import JobType, RunStatus
from netraven.db.paging import Place
from netraven.inventory.device_queries import BY_HOSTNAME
from netraven.jobs import listing
from netraven.models import Backup, Device, JobLog, Tag
from tests.conftest import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = st.sampled_from(["a", "A", "ab", "b", "ß", "_", "%", ""])
ROWS = st.lists(st.tuples(WORDS, st.integers(0, 2), st.booleans()), max_size=12)
Rows: TypeAlias = list[tuple[str, int, bool]]


class Row(Protocol):
    @property
    def id(self) -> UUID: ...


Page = Callable[[int, int], list[Row]]
Told: TypeAlias = tuple[list[Row], list[Place]]
Behind = Callable[[Place | None, int], Told]


class TakenBack(Exception):
    """Undoes a unit."""


@dataclass(frozen=True, slots=True)
class Question:
    """How long the pages are, and what is asked for."""

    size: int
    search: str | None
    flag: bool | None


QUESTIONS = st.builds(
    Question, st.integers(1, 5), WORDS.map(lambda word: word or None), st.none() | st.booleans()
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(rows=ROWS, asked=QUESTIONS)
def test_whatever_the_rows_pages_give_each_once(
    sync_database: Database, rows: Rows, asked: Question
) -> None:
    with suppress(TakenBack), sync_database.unit() as db:
        _fill(db, rows)

        for page, total in _lists(db, asked):
            whole = [row.id for row in page(0, 1000)]
            assert _all_pages(page, asked.size) == whole
            assert len(set(whole)) == len(whole) == total
        for behind in _going_on(db, asked):
            assert _all_behind(behind, asked.size) == [row.id for row in behind(None, 1000)[0]]
        raise TakenBack


def _lists(db: Session, asked: Question) -> Iterator[tuple[Page, int]]:
    """Yield each list with its count."""
    search, flag = asked.search, asked.flag
    yield (
        lambda skip, limit: [*crud.get_devices(db, skip, limit, search, None, flag)],
        crud.count_devices(db, search, None, flag),
    )
    yield (
        lambda skip, limit: [*crud.get_tags(db, skip, limit, search=search)],
        crud.count_tags(db, search=search),
    )
    yield (
        lambda skip, limit: [*crud.get_backups(db, skip, limit, is_automatic=flag)],
        crud.count_backups(db, is_automatic=flag),
    )
    yield lambda skip, limit: [*crud.get_job_logs(db, skip, limit)], crud.count_job_logs(db)


def _going_on(db: Session, asked: Question) -> Iterator[Behind]:
    """Yield each list that goes on behind a place, with the rows' places."""
    search, flag = asked.search, asked.flag

    def devices(after: Place | None, limit: int) -> Told:
        rows = crud.get_devices(db, 0, limit, search, None, flag, after=after)
        return [*rows], [BY_HOSTNAME.place_of(row) for row in rows]

    def backups(after: Place | None, limit: int) -> Told:
        rows = crud.get_backups(db, 0, limit, is_automatic=flag, after=after)
        return [*rows], [kept.NEWEST_FIRST.place_of(row) for row in rows]

    def runs(after: Place | None, limit: int) -> Told:
        rows = crud.get_job_logs(db, 0, limit, after=after)
        return [*rows], [listing.NEWEST_FIRST.place_of(row) for row in rows]

    yield from (devices, backups, runs)


def _fill(db: Session, rows: Rows) -> None:
    """Store rows whose sort keys are often the same."""
    for number, (word, hours, flag) in zip(count(), rows, strict=False):
        at = NOON + timedelta(hours=hours)
        name = f"{word}{number}" if flag else f"{number}{word}"
        device = Device(
            id=new_id(),
            hostname=name,
            hostname_key=f"{name.casefold()}",
            ip_address=f"192.0.2.{number}",
            port=22,
            jump_key="",
            device_type="cisco_ios",
            enabled=flag,
        )
        db.add_all(
            (
                device,
                Tag(id=new_id(), name=name, name_key=name.casefold()),
                JobLog(
                    id=new_id(),
                    job_type=JobType.BACKUP,
                    status=RunStatus.SUCCEEDED,
                    actor_name="ana",
                    job_data={},
                    start_time=at if flag else None,
                    created_at=at,
                ),
            )
        )
        db.flush()
        db.add(
            Backup(
                id=new_id(),
                device_id=device.id,
                status="failed",
                config_type="running",
                device_type="cisco_ios",
                is_automatic=flag,
                evidence={},
                last_seen_at=at,
                created_at=at,
            )
        )
    db.flush()


def _all_pages(page: Page, size: int) -> list[UUID]:
    found: list[UUID] = []
    while rows := page(len(found), size):
        found += [row.id for row in rows]
        assert len(rows) == size or not page(len(found), size)
    return found


def _all_behind(behind: Behind, size: int) -> list[UUID]:
    found: list[UUID] = []
    rows, places = behind(None, size)
    while rows:
        found += [row.id for row in rows]
        rows, places = behind(places[-1], size)
    return found
