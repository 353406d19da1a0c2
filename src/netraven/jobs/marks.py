"""How far runs have come, for those who follow them live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from netraven.admin.visibility import sees_everything, visible_devices
from netraven.db import Id, as_uuid, operation
from netraven.db.enums import ResultStatus, RunStatus
from netraven.db.paging import check_page
from netraven.models import Device, JobLog, JobResult


@dataclass(frozen=True, slots=True)
class RunMark:
    """What changes when something happens in a run: its last line, its status, its results."""

    last_seq: int
    status: RunStatus
    results_at: datetime | None


@operation
def get_run_marks(db: Session, run_ids: Iterable[UUID]) -> dict[UUID, RunMark]:
    """Return how far these runs have come, in two statements however many there are."""
    wanted = list(run_ids)
    changed = select(JobResult.job_log_id, func.max(JobResult.updated_at))
    grouped = changed.where(JobResult.job_log_id.in_(wanted)).group_by(JobResult.job_log_id)
    results_at = {row[0]: row[1] for row in db.execute(grouped)}
    runs = select(JobLog.id, JobLog.last_seq, JobLog.status).where(JobLog.id.in_(wanted))
    return {
        row.id: RunMark(row.last_seq, row.status, results_at.get(row.id))
        for row in db.execute(runs)
    }


@operation
def get_changed_results(
    db: Session,
    job_log_id: Id,
    *,
    after: tuple[datetime, UUID] | None = None,
    until: datetime | None = None,
    limit: int = 100,
    visible_to: Id | None = None,
) -> list[JobResult]:
    """Return results that are more than pending, in the order of their last change.

    `after` is the change and the id of the last one known, `until` the latest change to look at.
    The caller has looked whether the run is visible; its results are filtered by device.
    """
    check_page(0, limit)
    is_begun = JobResult.status != ResultStatus.PENDING
    wanted = select(JobResult).where(JobResult.job_log_id == as_uuid(job_log_id), is_begun)
    if after is not None:
        at, row_id = after
        later = JobResult.updated_at > at
        wanted = wanted.where(or_(later, and_(JobResult.updated_at == at, JobResult.id > row_id)))
    if until is not None:
        wanted = wanted.where(JobResult.updated_at <= until)
    if visible_to is not None:
        seen = select(Device.id).where(visible_devices(visible_to))
        of_seen = or_(JobResult.device_id.in_(seen), sees_everything(visible_to))
        wanted = wanted.where(of_seen)
    ordered = wanted.order_by(JobResult.updated_at, JobResult.id).limit(limit)
    return list(db.scalars(ordered))
