"""Scheduled jobs as people ask for them: one, a page of many, or one with all names."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from netraven.admin.visibility import sees_everything, sees_own, visible_devices
from netraven.db import Id, as_uuid, operation
from netraven.db.paging import check_page
from netraven.jobs.schedule_rows import with_relations
from netraven.models import Device, ScheduledJob, ScheduledJobDevice, ScheduledJobTag
from netraven.schemas.schedule import NamedTarget, ScheduledJobDetails, ScheduledJobFilter

_EVERYTHING = ScheduledJobFilter()


@operation
def get_scheduled_job(
    db: Session, job_id: Id, *, visible_to: Id | None = None
) -> ScheduledJob | None:
    """Return the schedule with its targets and creator, or None."""
    wanted = select(ScheduledJob).where(ScheduledJob.id == as_uuid(job_id))
    if visible_to is not None:
        wanted = wanted.where(visible_schedules(visible_to))
    return db.scalar(with_relations(wanted))


@operation
def get_scheduled_jobs(
    db: Session, skip: int = 0, limit: int = 100, filter_params: ScheduledJobFilter | None = None
) -> list[ScheduledJob]:
    """Return schedules with their targets and creators, newest first."""
    check_page(skip, limit)
    wanted = select(ScheduledJob).where(*_conditions(filter_params or _EVERYTHING))
    ordered = wanted.order_by(ScheduledJob.created_at.desc(), ScheduledJob.id.desc())
    return list(db.scalars(with_relations(ordered.offset(skip).limit(limit))))


@operation
def get_scheduled_jobs_by_name(db: Session, name: str) -> list[ScheduledJob]:
    """Return the schedules of exactly this name, which need not be unique, oldest first."""
    wanted = select(ScheduledJob).where(ScheduledJob.name == name.strip())
    return list(db.scalars(with_relations(wanted.order_by(ScheduledJob.id))))


@operation
def count_scheduled_jobs(db: Session, filter_params: ScheduledJobFilter | None = None) -> int:
    """Return how many schedules `get_scheduled_jobs` would list without paging."""
    wanted = select(func.count()).select_from(ScheduledJob)
    return db.scalars(wanted.where(*_conditions(filter_params or _EVERYTHING))).one()


@operation
def get_scheduled_job_with_details(
    db: Session, job_id: Id, *, visible_to: Id | None = None
) -> ScheduledJobDetails | None:
    """Return all columns of the schedule with the names of its targets and creator."""
    job = get_scheduled_job(db, job_id, visible_to=visible_to)
    if job is None:
        return None
    only = job.devices[0] if len(job.devices) == 1 else None
    return ScheduledJobDetails(
        id=job.id,
        name=job.name,
        job_type=job.job_type,
        schedule_type=job.schedule_type,
        schedule_time=job.schedule_time,
        schedule_day=job.schedule_day,
        schedule_interval=job.schedule_interval,
        run_at=job.run_at,
        month=job.month,
        cron=job.cron,
        timezone=job.timezone,
        targets=job.targets,
        enabled=job.enabled,
        is_system=job.is_system,
        overlap=job.overlap,
        jitter_seconds=job.jitter_seconds,
        job_data=job.job_data,
        next_run=job.next_run,
        last_run=job.last_run,
        last_status=job.last_status,
        consecutive_failures=job.consecutive_failures,
        missed_runs=job.missed_runs,
        revision=job.revision,
        created_by=job.created_by,
        created_by_name=job.created_by_name,
        created_at=job.created_at,
        updated_at=job.updated_at,
        devices=[NamedTarget(id=device.id, name=device.hostname) for device in job.devices],
        tags=[NamedTarget(id=tag.id, name=tag.name) for tag in job.tags],
        device_id=only.id if only else None,
        device_name=only.hostname if only else None,
        device_type=only.device_type if only else None,
        username=job.creator.username if job.creator else None,
    )


def visible_schedules(user_id: Id) -> ColumnElement[bool]:
    """Return the condition on `ScheduledJob` that holds for what this user may see."""
    viewer = as_uuid(user_id)
    if viewer is None:
        return false()
    created = and_(ScheduledJob.created_by == viewer, sees_own(viewer))
    listed = exists().where(
        ScheduledJobDevice.scheduled_job_id == ScheduledJob.id,
        ScheduledJobDevice.device_id == Device.id,
        visible_devices(viewer),
    )
    # A query that has devices of its own asks about those of the schedule all the same.
    return or_(sees_everything(viewer), created, listed.correlate(ScheduledJob))


def _conditions(wanted: ScheduledJobFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.device_id is not None:
        device_id = as_uuid(wanted.device_id)
        listed = ScheduledJobDevice.scheduled_job_id == ScheduledJob.id
        yield exists().where(listed, ScheduledJobDevice.device_id == device_id)
    if wanted.tag_id is not None:
        tag_id = as_uuid(wanted.tag_id)
        listed = ScheduledJobTag.scheduled_job_id == ScheduledJob.id
        yield exists().where(listed, ScheduledJobTag.tag_id == tag_id)
    if wanted.job_type is not None:
        yield ScheduledJob.job_type == wanted.job_type
    if wanted.schedule_type is not None:
        yield ScheduledJob.schedule_type == wanted.schedule_type
    if wanted.enabled is not None:
        yield ScheduledJob.enabled.is_(wanted.enabled)
    if wanted.created_by is not None:
        creator = as_uuid(wanted.created_by)
        # A malformed id is nobody's, and not that of schedules without a creator.
        yield false() if creator is None else ScheduledJob.created_by == creator
    if wanted.visible_to is not None:
        yield visible_schedules(wanted.visible_to)
