"""Deleting what is over: runs, whose backups stay, and workers that are dead."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.settings import get_number
from netraven.db import Id, as_uuid, operation
from netraven.db.enums import ACTIVE_RUN, WorkerState
from netraven.errors import InUse, Invalid
from netraven.models import JobLog, Worker
from netraven.schemas.job import LogRetentionCounts

MAX_RETENTION_DAYS = 3650
KEEP_WORKERS_DAYS = 30
"""For so long it is known which sites had a collector of their own, and what died when."""

_BATCH = 500
_IS_FINAL = JobLog.status.not_in(ACTIVE_RUN)
_AGE_FROM = func.coalesce(JobLog.end_time, JobLog.start_time, JobLog.created_at)


@operation
def delete_job_log(db: Session, log_id: Id) -> bool:
    """Delete the run with its entries and results; False if there is none.

    Raises InUse for a run that has not ended.
    """
    wanted = select(JobLog).where(JobLog.id == as_uuid(log_id)).with_for_update()
    run = db.scalar(wanted.execution_options(populate_existing=True))
    if run is None:
        return False
    if run.status in ACTIVE_RUN:
        raise InUse(f"the run is {run.status}; cancel it first")
    db.delete(run)
    db.flush()
    audit(
        db,
        event_name="job_log_deleted",
        target_type="job_log",
        target_id=run.id,
        target_name=run.job_type.value,
        description=f"deleted a {run.status} run of type {run.job_type}",
    )
    return True


@operation
def delete_old_job_logs(db: Session, days: int, *, now: datetime | None = None) -> int:
    """Delete runs that ended more than `days` ago, whatever their own retention; return how many.

    Raises Invalid("days") below 1.
    """
    if days < 1:
        raise Invalid("days", f"must be 1 or more, not {days}")
    removed = _delete_older(db, days, now)
    _tell(db, removed)
    return removed


@operation
def delete_job_logs_by_retention_policy(
    db: Session,
    default_days: int | None = None,
    *,
    apply_to_existing: bool = False,
    now: datetime | None = None,
) -> LogRetentionCounts:
    """Delete runs older than their own retention, or than the default; return how many of each.

    Without `default_days` the setting decides. `apply_to_existing` first makes the default the
    own retention of every ended run. Raises Invalid("default_days") outside 1 to 3650.
    """
    days = (
        get_number(db, "system.jobs.log_retention_days") if default_days is None else default_days
    )
    if not 1 <= days <= MAX_RETENTION_DAYS:
        raise Invalid("default_days", f"must be from 1 to {MAX_RETENTION_DAYS}, not {days}")
    moment = clock.moment(now)
    if apply_to_existing:
        is_other = JobLog.retention_days.is_distinct_from(days)
        set_days = update(JobLog).where(_IS_FINAL, is_other).values(retention_days=days)
        db.execute(set_days.execution_options(synchronize_session=False))
    by_policy, by_default = (
        sum(_delete_older(db, kept, moment, condition) for kept, condition in kinds)
        for kinds in _kinds(db, days)
    )
    _tell(db, by_policy + by_default)
    return LogRetentionCounts(
        policy_count=by_policy, default_count=by_default, total_count=by_policy + by_default
    )


@operation
def delete_some_old_job_logs(db: Session, *, most: int, now: datetime | None = None) -> int:
    """Delete at most so many of the runs whose own retention, or the default, is over.

    Returns how many went; called until none does, it is `delete_job_logs_by_retention_policy` in
    units that hold nobody up, of whatever size the runs are.
    """
    moment, removed = clock.moment(now), 0
    days = get_number(db, "system.jobs.log_retention_days")
    for kept, condition in (kind for kinds in _kinds(db, days) for kind in kinds):
        if removed < most:
            removed += _delete_older(db, kept, moment, condition, most=most - removed)
    _tell(db, removed)
    return removed


@operation
def count_old_job_logs(db: Session, *, now: datetime | None = None) -> int:
    """Return how many runs `delete_job_logs_by_retention_policy` would delete."""
    moment = clock.moment(now)
    days = get_number(db, "system.jobs.log_retention_days")
    counted = 0
    for kept, condition in (kind for kinds in _kinds(db, days) for kind in kinds):
        old = _older(kept, moment, condition)
        counted += 0 if old is None else db.scalars(select(func.count()).where(*old)).one()
    return counted


@operation
def forget_dead_workers(
    db: Session, *, days: int = KEEP_WORKERS_DAYS, now: datetime | None = None
) -> int:
    """Delete workers that have been dead for so many days; return how many."""
    long_ago = clock.moment(now) - timedelta(days=days)
    dead = delete(Worker).where(Worker.state == WorkerState.DEAD, Worker.heartbeat_at < long_ago)
    return len(db.scalars(dead.returning(Worker.id)).all())


def _kinds(
    db: Session, default_days: int
) -> tuple[list[tuple[int, ColumnElement[bool]]], list[tuple[int, ColumnElement[bool]]]]:
    """Return how many days runs are kept, with the runs' condition: by their own, by default."""
    own = select(JobLog.retention_days).where(JobLog.retention_days.is_not(None)).distinct()
    by_own = [
        (kept, JobLog.retention_days == kept) for kept in db.scalars(own).all() if kept is not None
    ]
    return by_own, [(default_days, JobLog.retention_days.is_(None))]


def _delete_older(
    db: Session,
    days: int,
    now: datetime | None,
    *conditions: ColumnElement[bool],
    most: int | None = None,
) -> int:
    older = _older(days, clock.moment(now), *conditions)
    if older is None:
        return 0
    old = select(JobLog.id).where(*older).order_by(JobLog.id)
    removed = 0
    while batch := db.scalars(old.limit(_BATCH if most is None else most - removed)).all():
        gone = delete(JobLog).where(JobLog.id.in_(batch)).returning(JobLog.id)
        removed += len(db.scalars(gone).all())
    return removed


def _older(
    days: int, now: datetime, *conditions: ColumnElement[bool]
) -> tuple[ColumnElement[bool], ...] | None:
    """Return the conditions on ended runs that are older than so many days."""
    try:
        limit = now - timedelta(days=days)
    except OverflowError:  # older than the calendar
        return None
    return _IS_FINAL, limit > _AGE_FROM, *conditions


def _tell(db: Session, removed: int) -> None:
    if removed:
        audit(
            db,
            event_name="job_logs_deleted",
            target_type="job_log",
            target_id=None,
            target_name="runs",
            description=f"deleted {removed} runs whose time was over",
            changes={"removed": removed},
        )
