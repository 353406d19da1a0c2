"""Schedules that are due: each due time becomes one run, however many processes look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import Id, as_uuid, operation
from netraven.db.paging import check_page
from netraven.errors import Conflict
from netraven.jobs.firing import moved_on
from netraven.jobs.options import NEEDS_DEVICES
from netraven.jobs.runs import create_job_log
from netraven.jobs.schedule_rows import with_relations
from netraven.jobs.targets import get_target_ids
from netraven.models import JobLog, ScheduledJob
from netraven.schemas.job import JobLogCreate


@operation
def get_due_jobs(db: Session, now: datetime | None = None, limit: int = 100) -> list[ScheduledJob]:
    """Return enabled schedules whose next run is not after `now`, the longest due first."""
    check_page(0, limit)
    ordered = (
        select(ScheduledJob).where(*_due(now)).order_by(ScheduledJob.next_run, ScheduledJob.id)
    )
    return list(db.scalars(with_relations(ordered.limit(limit))))


@operation
def count_due_jobs(db: Session, now: datetime | None = None) -> int:
    """Return how many schedules are due."""
    return db.scalars(select(func.count()).select_from(ScheduledJob).where(*_due(now))).one()


@operation
def enqueue_due_jobs(db: Session, *, now: datetime | None = None, limit: int = 10) -> list[JobLog]:
    """Make one run for each due schedule that no other process took, and move the schedule on.

    The run is for the time that was due; times that passed since then are counted as missed.
    Safe in any number of processes: a row that another one fired, edited or disabled meanwhile
    is left alone.
    """
    moment = clock.moment(now)
    return [
        run
        for job in get_due_jobs(db, moment, limit)
        if _claim(db, job, moment) and (run := _run_of(db, job, moment)) is not None
    ]


@operation
def run_scheduled_job_now(
    db: Session, job_id: Id, user_id: Id | None = None, *, now: datetime | None = None
) -> JobLog | None:
    """Return a run beside the plan, whose next time stays; None if there is no such schedule."""
    job = db.scalar(select(ScheduledJob).where(ScheduledJob.id == as_uuid(job_id)))
    if job is None:
        return None
    return create_job_log(db, _wanted_run(db, job), user_id, now=now)


def _due(now: datetime | None) -> tuple[ColumnElement[bool], ...]:
    moment = clock.moment(now)
    return ScheduledJob.enabled.is_(True), ScheduledJob.next_run <= moment


def _claim(db: Session, job: ScheduledJob, now: datetime) -> bool:
    """Move the schedule on, unless somebody else has touched it since it was read."""
    move = moved_on(job, now)
    claimed = (
        update(ScheduledJob)
        .where(
            ScheduledJob.id == job.id,
            ScheduledJob.next_run == job.next_run,
            ScheduledJob.revision == job.revision,
            ScheduledJob.enabled.is_(True),
        )
        .values(
            next_run=move.next_run,
            enabled=move.enabled,
            missed_runs=ScheduledJob.missed_runs + move.missed,
            revision=ScheduledJob.revision + 1,
        )
        .returning(ScheduledJob.id)
        .execution_options(synchronize_session=False)
    )
    return db.scalar(claimed) is not None


def _run_of(db: Session, job: ScheduledJob, now: datetime) -> JobLog | None:
    wanted = _wanted_run(db, job, scheduled_for=job.next_run)
    try:
        return create_job_log(db, wanted, job.created_by, now=now)
    except Conflict:  # somebody made the run of this time by hand
        return None


def _wanted_run(
    db: Session, job: ScheduledJob, *, scheduled_for: datetime | None = None
) -> JobLogCreate:
    device_ids: list[Id] = []
    if job.job_type in NEEDS_DEVICES:
        device_ids += get_target_ids(db, job)
    return JobLogCreate(
        job_type=job.job_type,
        device_ids=device_ids,
        job_data=job.job_data,
        scheduled_job_id=job.id,
        scheduled_for=scheduled_for,
    )
