"""Runs that last longer than any may: what nobody ends by itself ends at its deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from netraven.db import operation, present_time
from netraven.db.enums import ACTIVE_RUN, RunReason, RunStatus
from netraven.jobs.runs import finish_job_log
from netraven.jobs.shards import OPEN_SHARD, fail_open_results
from netraven.models import JobLog, JobResult, JobShard


@operation
def get_overdue_runs(db: Session, *, older_than: timedelta) -> list[UUID]:
    """Return the active runs that began, or were queued, so long ago."""
    return list(db.scalars(select(JobLog.id).where(*_overdue(db, older_than))))


@operation
def end_overdue_runs(
    db: Session, run_ids: Sequence[UUID], *, older_than: timedelta
) -> list[JobLog]:
    """End those of the runs that still last: devices not done fail with `deadline`."""
    wanted = select(JobLog).where(JobLog.id.in_(run_ids), *_overdue(db, older_than))
    held = wanted.order_by(JobLog.id).with_for_update(skip_locked=True)
    return [_end(db, run, older_than) for run in db.scalars(held)]


def _end(db: Session, run: JobLog, older_than: timedelta) -> JobLog:
    hours = older_than.total_seconds() / 3600
    message = f"the run did not end within {hours:g} hours; see its log for what it waited for"
    fail_open_results(db, run, None, reason=RunReason.DEADLINE, message=message)
    db.execute(
        update(JobShard)
        .where(JobShard.job_log_id == run.id, JobShard.status.in_(OPEN_SHARD))
        .values(status=RunStatus.FAILED, worker_id=None)
        .execution_options(synchronize_session=False)
    )
    has_results = select(JobResult.id).where(JobResult.job_log_id == run.id).limit(1)
    is_counted = run.status is RunStatus.RUNNING and db.scalar(has_results) is not None
    status = None if is_counted else RunStatus.FAILED
    ended = finish_job_log(
        db, run.id, status=status, reason=RunReason.DEADLINE, message=message, now=present_time(db)
    )
    return ended or run


def _overdue(db: Session, older_than: timedelta) -> tuple[ColumnElement[bool], ...]:
    begun_at = func.coalesce(JobLog.start_time, JobLog.created_at)
    return JobLog.status.in_(ACTIVE_RUN), begun_at < present_time(db) - older_than
