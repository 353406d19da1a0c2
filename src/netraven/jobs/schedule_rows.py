"""A scheduled job's row: held for changing, or loaded for showing."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from netraven.db import Id, as_uuid, operation
from netraven.models import ScheduledJob

_RELATIONS = (ScheduledJob.devices, ScheduledJob.tags, ScheduledJob.creator)


@operation
def lock_schedule(db: Session, job_id: Id) -> ScheduledJob | None:
    """Return the schedule as it is stored, held until the unit ends, or None."""
    wanted = select(ScheduledJob).where(ScheduledJob.id == as_uuid(job_id)).with_for_update()
    return db.scalar(wanted.execution_options(populate_existing=True))


@operation
def load_schedule(db: Session, job: ScheduledJob) -> ScheduledJob:
    """Return the flushed schedule with its targets and creator."""
    wanted = with_relations(select(ScheduledJob).where(ScheduledJob.id == job.id))
    return db.scalars(wanted).one()


def with_relations(wanted: Select[ScheduledJob]) -> Select[ScheduledJob]:
    """Return the query with what every schedule carries, read anew."""
    loading = wanted.options(*(selectinload(relation) for relation in _RELATIONS))
    return loading.execution_options(populate_existing=True)
