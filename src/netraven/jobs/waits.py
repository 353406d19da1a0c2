"""Devices that a schedule wanted during a black-out, until they get their turn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, func, literal, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import UtcDateTime, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import ACTIVE_RUN
from netraven.models import JobLog, ScheduledJob, ScheduleWait


@operation
def put_off(
    db: Session, job_id: UUID, until: Mapping[UUID, datetime], *, now: datetime | None = None
) -> None:
    """Let these devices wait for the schedule until then; a device waits once, however often."""
    moment = clock.moment(now)
    for chunk in in_chunks(sorted(until.items())):
        rows = [
            {"scheduled_job_id": job_id, "device_id": one, "until": end, "created_at": moment}
            for one, end in chunk
        ]
        insertion = insert_into(db, ScheduleWait)
        put = insertion.on_conflict_do_update(
            index_elements=[ScheduleWait.scheduled_job_id, ScheduleWait.device_id],
            set_={"until": insertion.excluded.until},
        )
        db.connection().execute(put, rows)


@operation
def forget_waits(db: Session, job_id: UUID, device_ids: Collection[UUID]) -> None:
    """Let these devices wait for the schedule no longer: it has got to them."""
    of_job = ScheduleWait.scheduled_job_id == job_id
    if not db.scalar(select(exists().where(of_job))):
        return
    for chunk in in_chunks(sorted(device_ids)):
        gone = delete(ScheduleWait).where(of_job, ScheduleWait.device_id.in_(chunk))
        db.execute(gone.execution_options(synchronize_session=False))


@operation
def take_waits(db: Session, job_id: UUID, *, now: datetime) -> dict[UUID, datetime]:
    """Return the devices whose wait for the schedule is over, with its end; they wait no longer."""
    over = delete(ScheduleWait).where(
        ScheduleWait.scheduled_job_id == job_id, ScheduleWait.until <= now
    )
    taken = over.returning(ScheduleWait.device_id, ScheduleWait.until)
    return {row[0]: row[1] for row in db.execute(taken)}


@operation
def get_waited_for(db: Session, *, now: datetime, limit: int) -> list[UUID]:
    """Return the schedules for which a wait is over and of which no run is active."""
    wanted = waited_for(literal(now, UtcDateTime()))
    return list(db.scalars(wanted.order_by(ScheduledJob.id).limit(limit)))


def waited_for(now: ColumnElement[datetime]) -> Select[UUID]:
    """Return the question that `get_waited_for` asks, without order and limit."""
    of_job = ScheduleWait.scheduled_job_id == ScheduledJob.id
    is_over = exists().where(of_job, ScheduleWait.until <= now)
    is_active = exists().where(
        JobLog.scheduled_job_id == ScheduledJob.id, JobLog.status.in_(ACTIVE_RUN)
    )
    # By schedule: one look into an index for each, however many devices wait.
    return select(ScheduledJob.id).where(is_over, ~is_active)


@operation
def count_waits(db: Session, job_id: UUID) -> tuple[int, datetime | None]:
    """Return how many devices wait for the schedule, and when the first of them has its turn."""
    wanted = select(func.count(), func.min(ScheduleWait.until))
    number, first = db.execute(wanted.where(ScheduleWait.scheduled_job_id == job_id)).one()
    return number, first


@operation
def ask_all_again(db: Session, *, now: datetime | None = None) -> None:
    """Let every wait be over: whoever is in a black-out still is put off anew."""
    over = update(ScheduleWait).values(until=clock.moment(now))
    db.execute(over.execution_options(synchronize_session=False))
