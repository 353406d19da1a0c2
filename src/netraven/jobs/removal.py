"""Deleting runs: one, or those whose time is over. Backups that they stored stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.settings import get_number
from netraven.db import Id, as_uuid, operation
from netraven.db.enums import ACTIVE_RUN
from netraven.errors import InUse, Invalid
from netraven.models import JobLog
from netraven.schemas.job import LogRetentionCounts

MAX_RETENTION_DAYS = 3650

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
    own = select(JobLog.retention_days).where(JobLog.retention_days.is_not(None)).distinct()
    by_policy = sum(
        _delete_older(db, kept, moment, JobLog.retention_days == kept)
        for kept in db.scalars(own).all()
        if kept is not None
    )
    by_default = _delete_older(db, days, moment, JobLog.retention_days.is_(None))
    _tell(db, by_policy + by_default)
    return LogRetentionCounts(
        policy_count=by_policy, default_count=by_default, total_count=by_policy + by_default
    )


def _delete_older(
    db: Session, days: int, now: datetime | None, *conditions: ColumnElement[bool]
) -> int:
    try:
        limit = clock.moment(now) - timedelta(days=days)
    except OverflowError:  # older than the calendar
        return 0
    old = select(JobLog.id).where(_IS_FINAL, limit > _AGE_FROM, *conditions)
    removed = 0
    while batch := db.scalars(old.order_by(JobLog.id).limit(_BATCH)).all():
        gone = delete(JobLog).where(JobLog.id.in_(batch)).returning(JobLog.id)
        removed += len(db.scalars(gone).all())
    return removed


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
