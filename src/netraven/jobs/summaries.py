"""Runs told as plain values: one with all names, and many in numbers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, false, func, select
from sqlalchemy.orm import Session

from netraven.clock import as_utc
from netraven.db import Id, as_uuid, operation, seconds_between
from netraven.db.enums import RunStatus
from netraven.jobs.listing import visible_runs
from netraven.models import Device, JobLog, User
from netraven.schemas.job import JobLogDetails, JobLogStatistics

_JUDGED = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED)


@operation
def get_job_log_with_details(
    db: Session, log_id: Id, *, visible_to: Id | None = None
) -> JobLogDetails | None:
    """Return the run with the names of its device and creator, also where these are gone."""
    known = as_uuid(log_id)
    wanted = (
        select(JobLog, Device.hostname, Device.ip_address, Device.device_type, User.username)
        .outerjoin(Device, Device.id == JobLog.device_id)
        .outerjoin(User, User.id == JobLog.created_by)
        .where(false() if known is None else JobLog.id == known)
    )
    if visible_to is not None:
        wanted = wanted.where(visible_runs(visible_to))
    found = db.execute(wanted).one_or_none()
    if found is None:
        return None
    run, hostname, address, device_type, username = found
    return JobLogDetails(
        id=run.id,
        session_id=run.session_id,
        job_type=run.job_type,
        status=run.status,
        reason=run.reason,
        start_time=run.start_time,
        end_time=run.end_time,
        result_message=run.result_message,
        job_data=run.job_data,
        retention_days=run.retention_days,
        device_id=run.device_id,
        created_by=run.created_by,
        actor_name=run.actor_name,
        scheduled_job_id=run.scheduled_job_id,
        created_at=run.created_at,
        device_hostname=hostname or run.device_hostname,
        device_ip=address,
        device_type=device_type,
        username=username,
    )


@operation
def get_job_log_statistics(
    db: Session, *, since: datetime | None = None, visible_to: Id | None = None
) -> JobLogStatistics:
    """Return how many runs there are and how they turned out.

    `since` is about their start, before the start about their making.
    """
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(func.coalesce(JobLog.start_time, JobLog.created_at) >= as_utc(since))
    if visible_to is not None:
        conditions.append(visible_runs(visible_to))
    kinds = select(JobLog.status, JobLog.job_type, func.count()).where(*conditions)
    by_status: dict[str, int] = {}
    by_type: dict[str, int] = {}
    for status, job_type, number in db.execute(kinds.group_by(JobLog.status, JobLog.job_type)):
        by_status[status.value] = by_status.get(status.value, 0) + number
        by_type[job_type.value] = by_type.get(job_type.value, 0) + number
    took = select(func.avg(seconds_between(db, JobLog.start_time, JobLog.end_time)))
    average = db.scalar(took.where(*conditions))
    judged = sum(by_status.get(status, 0) for status in _JUDGED)
    return JobLogStatistics(
        total=sum(by_status.values()),
        by_status=by_status,
        by_type=by_type,
        success_rate=by_status.get(RunStatus.SUCCEEDED, 0) / judged if judged else None,
        average_seconds=None if average is None else float(average),
    )
