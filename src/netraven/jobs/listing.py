"""Runs as people ask for them: one, or a page of many."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from netraven.admin.visibility import (
    named_devices,
    sees_everything,
    sees_own,
    sees_unowned,
    visible_devices,
)
from netraven.clock import as_utc
from netraven.db import Id, as_uuid, operation
from netraven.db.enums import ACTIVE_RUN
from netraven.db.paging import Order, Place, check_page
from netraven.models import Device, JobLog, JobResult
from netraven.schemas.job import JobLogFilter

_EMPTY = JobLogFilter()
_began = func.coalesce(JobLog.start_time, JobLog.created_at)
_RELATIONS = (JobLog.device, JobLog.creator, JobLog.scheduled_job)

# By their start, before the start by their making.
NEWEST_FIRST: Order[JobLog] = Order(
    (_began, JobLog.id), lambda run: (run.start_time or run.created_at, run.id), is_descending=True
)


@operation
def get_job_log(db: Session, log_id: Id, *, visible_to: Id | None = None) -> JobLog | None:
    """Return the run with its device, creator and schedule loaded, or None."""
    wanted = select(JobLog).where(_is(JobLog.id, log_id), _visible(visible_to))
    return db.scalar(_with_relations(wanted))


@operation
def get_job_logs(
    db: Session,
    skip: int = 0,
    limit: int = 100,
    filter_params: JobLogFilter | None = None,
    *,
    after: Place | None = None,
) -> list[JobLog]:
    """Return runs, newest first: by their start, before the start by their making.

    With `after`, a place in `NEWEST_FIRST`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = select(JobLog).where(*_conditions(filter_params or _EMPTY))
    page = NEWEST_FIRST.page(wanted, skip=skip, limit=limit, after=after)
    return list(db.scalars(_with_relations(page)))


@operation
def count_job_logs(db: Session, filter_params: JobLogFilter | None = None) -> int:
    """Return how many runs `get_job_logs` would list without paging."""
    wanted = select(func.count()).select_from(JobLog)
    return db.scalars(wanted.where(*_conditions(filter_params or _EMPTY))).one()


def visible_runs(user_id: Id) -> ColumnElement[bool]:
    """Return the condition on `JobLog` that holds for what this user may see."""
    viewer = as_uuid(user_id)
    if viewer is None:
        return false()
    own_device = exists().where(Device.id == JobLog.device_id, visible_devices(viewer))
    created = and_(JobLog.created_by == viewer, sees_own(viewer))
    # A query that has devices of its own asks about those of the run all the same.
    of_run = own_device.correlate(JobLog)
    return or_(sees_everything(viewer), created, of_run, *_has_visible_result(viewer))


def _has_visible_result(viewer: UUID) -> Iterator[ColumnElement[bool]]:
    """Yield two conditions, of which one holds for a run with a result that the viewer may see.

    The few devices that are the viewer's lead to their runs; of the many without owner each run
    meets one early. Asked in one, either would mean to look at all results.
    """
    named = select(JobResult.job_log_id).where(JobResult.device_id.in_(named_devices(viewer)))
    yield JobLog.id.in_(named)
    unowned = exists().where(
        JobResult.job_log_id == JobLog.id,
        Device.id == JobResult.device_id,
        Device.owner_id.is_(None),
    )
    yield and_(sees_unowned(viewer), unowned.correlate(JobLog))


def _visible(user_id: Id | None) -> ColumnElement[bool]:
    return and_(True) if user_id is None else visible_runs(user_id)  # noqa: FBT003  SQL's TRUE


def _conditions(wanted: JobLogFilter) -> list[ColumnElement[bool]]:
    conditions = [_visible(wanted.visible_to)]
    if wanted.device_id is not None:
        of_device = exists().where(
            JobResult.job_log_id == JobLog.id, _is(JobResult.device_id, wanted.device_id)
        )
        conditions.append(or_(_is(JobLog.device_id, wanted.device_id), of_device))
    if wanted.job_type is not None:
        conditions.append(JobLog.job_type == wanted.job_type)
    if wanted.status is not None:
        conditions.append(JobLog.status == wanted.status)
    if wanted.active is not None:
        is_active = JobLog.status.in_(ACTIVE_RUN)
        conditions.append(is_active if wanted.active else ~is_active)
    if wanted.created_by is not None:
        conditions.append(_is(JobLog.created_by, wanted.created_by))
    if wanted.scheduled_job_id is not None:
        conditions.append(_is(JobLog.scheduled_job_id, wanted.scheduled_job_id))
    if wanted.start_date is not None:
        conditions.append(_began >= as_utc(wanted.start_date))
    if wanted.end_date is not None:
        conditions.append(_began <= as_utc(wanted.end_date))
    return conditions


def _is(
    column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], row_id: Id
) -> ColumnElement[bool]:
    known = as_uuid(row_id)
    return false() if known is None else column == known


def _with_relations(wanted: Select[JobLog]) -> Select[JobLog]:
    return wanted.options(*(selectinload(relation) for relation in _RELATIONS))
