"""The log of a run: numbered lines without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, new_id, operation
from netraven.db.enums import ACTIVE_RUN, LogLevel
from netraven.db.paging import Order, Place, check_page
from netraven.errors import Conflict, Invalid
from netraven.jobs.listing import get_job_log, visible_runs
from netraven.models import Device, JobLog, JobLogEntry
from netraven.schemas.job import JobLogEntryCreate

BY_NUMBER: Order[JobLogEntry] = Order((JobLogEntry.seq,), lambda entry: (entry.seq,))

_LEVELS = tuple(LogLevel)


class JobLogWithEntries(TypedDict):
    """A run with some of its entries and the number of all of them."""

    job_log: JobLog
    entries: list[JobLogEntry]
    total_entries: int
    last_seq: int


@operation
def append_job_log_entries(
    db: Session,
    job_log_id: Id,
    entries: Sequence[JobLogEntryCreate],
    *,
    now: datetime | None = None,
) -> list[JobLogEntry]:
    """Add lines to a run's log, numbered without gaps also with concurrent writers.

    Raises Invalid("job_log_id") for an absent run, Conflict("status") for an ended one.
    """
    run_id = as_uuid(job_log_id)
    reserved = db.scalar(
        update(JobLog)
        .where(JobLog.id == run_id, JobLog.status.in_(ACTIVE_RUN))
        .values(last_seq=JobLog.last_seq + len(entries))
        .returning(JobLog.last_seq)
        .execution_options(synchronize_session=False)
    )
    if reserved is None:
        if run_id is None or db.get(JobLog, run_id) is None:
            raise Invalid("job_log_id", f"there is no run {job_log_id}")
        raise Conflict("status", "the run has ended; its log takes no more entries")
    if not entries:
        return []
    moment = clock.moment(now)
    rows = [
        {
            "id": new_id(),
            "job_log_id": run_id,
            "seq": seq,
            "timestamp": moment,
            "created_at": moment,
            **entry.model_dump(exclude={"device_id"}),
            "device_id": None if entry.device_id is None else as_uuid(entry.device_id),
        }
        for seq, entry in enumerate(entries, start=reserved - len(entries) + 1)
    ]
    return list(db.scalars(insert(JobLogEntry).returning(JobLogEntry), rows))


@operation
def get_job_log_entries(  # noqa: PLR0917  the contract fixes this signature
    db: Session,
    job_log_id: Id,
    skip: int = 0,
    limit: int = 100,
    level: str | None = None,
    *,
    after_seq: int | None = None,
    visible_to: Id | None = None,
    after: Place | None = None,
) -> list[JobLogEntry]:
    """Return lines of a run's log in their order; `level` is the least severe one wanted.

    With `after`, a place in `BY_NUMBER`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = select(JobLogEntry).where(*_conditions(job_log_id, level, after_seq, visible_to))
    return list(db.scalars(BY_NUMBER.page(wanted, skip=skip, limit=limit, after=after)))


@operation
def count_job_log_entries(
    db: Session,
    job_log_id: Id,
    level: str | None = None,
    *,
    after_seq: int | None = None,
    visible_to: Id | None = None,
) -> int:
    """Return how many lines `get_job_log_entries` would list without paging."""
    wanted = select(func.count()).select_from(JobLogEntry)
    return db.scalars(wanted.where(*_conditions(job_log_id, level, after_seq, visible_to))).one()


@operation
def get_job_log_with_entries(
    db: Session,
    log_id: Id,
    entries_limit: int = 100,
    *,
    after_seq: int | None = None,
    visible_to: Id | None = None,
) -> JobLogWithEntries | None:
    """Return a run with its first lines (after `after_seq`) and how many there are."""
    run = get_job_log(db, log_id, visible_to=visible_to)
    if run is None:
        return None
    return JobLogWithEntries(
        job_log=run,
        entries=get_job_log_entries(
            db, run.id, limit=entries_limit, after_seq=after_seq, visible_to=visible_to
        ),
        total_entries=count_job_log_entries(db, run.id, visible_to=visible_to),
        last_seq=run.last_seq,
    )


def _conditions(
    job_log_id: Id, level: str | None, after_seq: int | None, visible_to: Id | None
) -> list[ColumnElement[bool]]:
    conditions = [JobLogEntry.job_log_id == as_uuid(job_log_id)]
    if level is not None and level.strip():
        conditions.append(JobLogEntry.level.in_(_at_least(level)))
    if after_seq is not None:
        conditions.append(JobLogEntry.seq > after_seq)
    if visible_to is not None:
        seen = select(Device.id).where(visible_devices(visible_to))
        of_seen = or_(JobLogEntry.device_id.is_(None), JobLogEntry.device_id.in_(seen))
        runs = select(JobLog.id).where(visible_runs(visible_to))
        conditions += [of_seen, JobLogEntry.job_log_id.in_(runs)]
    return conditions


def _at_least(level: str) -> tuple[LogLevel, ...]:
    name = level.strip().upper()
    if name not in _LEVELS:
        raise Invalid("level", f"{level} is not one of {', '.join(_LEVELS)}")
    return _LEVELS[_LEVELS.index(LogLevel(name)) :]
