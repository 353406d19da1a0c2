"""Schedules that are due: each due time becomes one run, however many processes look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import Id, UtcDateTime, as_uuid, operation
from netraven.db.enums import HoldBack, JobType, RunStatus
from netraven.db.paging import check_page
from netraven.errors import Conflict
from netraven.jobs.blackouts import get_held_back
from netraven.jobs.firing import RUNS_ONCE, moved_on
from netraven.jobs.holding_back import hold_back
from netraven.jobs.options import NEEDS_DEVICES
from netraven.jobs.runs import create_job_log
from netraven.jobs.schedule_rows import lock_schedule, with_relations
from netraven.jobs.targets import get_target_ids
from netraven.jobs.waits import forget_waits, get_waited_for, put_off, take_waits
from netraven.models import JobLog, ScheduledJob
from netraven.schemas.job import JobLogCreate

# Hourly, over a large fleet: a month of such runs would be most of the database.
_KEPT_DAYS = {JobType.REACHABILITY: 3}


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
    Devices in a black-out are left out, or get a run of their own when it is over, which is made
    here too. Safe in any number of processes: a row that another one fired, edited or disabled
    meanwhile is left alone.
    """
    moment = clock.moment(now)
    made = [
        run
        for job in get_due_jobs(db, moment, limit)
        if _claim(db, job, moment) and (run := _run_of(db, job, moment)) is not None
    ]
    waited_for = get_waited_for(db, now=moment, limit=limit)
    runs = (_run_after_blackout(db, job_id, moment) for job_id in waited_for)
    return made + [run for run in runs if run is not None]


@operation
def run_scheduled_job_now(
    db: Session, job_id: Id, user_id: Id | None = None, *, now: datetime | None = None
) -> JobLog | None:
    """Return a run beside the plan, whose next time stays; None if there is no such schedule."""
    job = db.scalar(select(ScheduledJob).where(ScheduledJob.id == as_uuid(job_id)))
    if job is None:
        return None
    run = create_job_log(db, _wanted_run(job, _target_ids(db, job)), user_id, now=now)
    if run.status is RunStatus.QUEUED:
        forget_waits(db, job.id, _target_ids(db, job))
    return run


def due_at(moment: ColumnElement[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of the schedules that are due at that moment."""
    return ScheduledJob.enabled.is_(True), ScheduledJob.next_run <= moment


def _due(now: datetime | None) -> tuple[ColumnElement[bool], ...]:
    return due_at(literal(clock.moment(now), UtcDateTime()))


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
    wanted = _wanted_run(job, _target_ids(db, job), scheduled_for=job.next_run)
    try:
        run = create_job_log(db, wanted, job.created_by, now=now)
    except Conflict:  # somebody made the run of this time by hand
        return None
    return hold_back(db, run, now=now)


def _run_after_blackout(db: Session, job_id: UUID, now: datetime) -> JobLog | None:
    """Return a run for the devices of the schedule that have waited long enough, if any.

    Those that are no longer its targets are forgotten, and so are all of a schedule that somebody
    switched off meanwhile; those that are in a black-out still wait on.
    """
    job = lock_schedule(db, job_id)
    if job is None:
        return None
    taken = take_waits(db, job_id, now=now)
    if not job.enabled and job.schedule_type not in RUNS_ONCE:
        return None
    waiting = [one for one in _target_ids(db, job) if one in taken]
    held = get_held_back(db, waiting, now=now)
    again = {one: why.until for one, why in held.items() if why.hold_back is HoldBack.WAIT}
    put_off(db, job_id, again, now=now)
    free = [one for one in waiting if one not in held]
    if not free:
        return None
    try:
        wanted = _wanted_run(job, free, scheduled_for=max(taken[one] for one in free))
        return create_job_log(db, wanted, job.created_by, now=now)
    except Conflict:  # the schedule has a run for this very time
        return create_job_log(db, _wanted_run(job, free), job.created_by, now=now)


def _target_ids(db: Session, job: ScheduledJob) -> list[UUID]:
    return get_target_ids(db, job) if job.job_type in NEEDS_DEVICES else []


def _wanted_run(
    job: ScheduledJob, device_ids: Sequence[Id], *, scheduled_for: datetime | None = None
) -> JobLogCreate:
    return JobLogCreate(
        job_type=job.job_type,
        device_ids=list(device_ids),
        job_data=job.job_data,
        scheduled_job_id=job.id,
        scheduled_for=scheduled_for,
        retention_days=_KEPT_DAYS.get(job.job_type),
    )
