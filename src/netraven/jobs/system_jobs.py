"""The jobs that come with NetRaven: backup, reachability, retention, verification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.backup_plan import SECONDS_AN_HOUR
from netraven.admin.settings import get_number, get_setting_value
from netraven.db import SYSTEM, insert_into, new_id, operation
from netraven.db.enums import JobType, TargetKind
from netraven.jobs.planning import TIMING_FIELDS
from netraven.jobs.schedule_rows import with_relations
from netraven.models import ScheduledJob
from netraven.nextrun import Timing


@operation
def initialize_system_jobs(db: Session, *, now: datetime | None = None) -> list[ScheduledJob]:
    """Add the built-in jobs that are missing, and return those by their type.

    They are for all devices. The backup takes its state and spacing from `system.backup.*`.
    """
    moment = clock.moment(now)
    # Asked first, so that a second time writes nothing; who made one meanwhile is found by it.
    present = set(db.scalars(select(ScheduledJob.job_type).where(ScheduledJob.is_system.is_(True))))
    made = [
        job_id
        for job_type, name, timing in _builtin_jobs(db, moment)
        if job_type not in present
        and (job_id := _insert(db, job_type, name, timing, now=moment)) is not None
    ]
    if not made:
        return []
    audit(
        db,
        event_name="system_jobs_initialized",
        target_type="scheduled_job",
        target_id=None,
        target_name="built-in jobs",
        description=f"made {len(made)} built-in jobs",
    )
    wanted = select(ScheduledJob).where(ScheduledJob.id.in_(made)).order_by(ScheduledJob.job_type)
    return list(db.scalars(with_relations(wanted)))


def _builtin_jobs(db: Session, now: datetime) -> Iterator[tuple[JobType, str, Timing]]:
    zone = str(get_setting_value(db, "system.schedule.default_timezone"))
    backup_s = get_number(db, "system.backup.frequency_hours") * SECONDS_AN_HOUR
    for job_type, name, interval_s in (
        (JobType.BACKUP, "Automatic backup", backup_s),
        (JobType.REACHABILITY, "Reachability", SECONDS_AN_HOUR),
    ):
        every = Timing(schedule_type="interval", schedule_interval=interval_s, run_at=now)
        yield job_type, name, replace(every, timezone=zone)
    nightly = Timing(schedule_type="daily", schedule_time="03:30", timezone=zone)
    yield JobType.RETENTION, "Retention", nightly
    sundays = Timing(schedule_type="weekly", schedule_time="04:30", schedule_day="6", timezone=zone)
    yield JobType.VERIFY, "Verification", sundays


def _insert(
    db: Session, job_type: JobType, name: str, timing: Timing, *, now: datetime
) -> UUID | None:
    """Return the new job's id; None where a built-in one of its type is there already."""
    is_enabled = (
        job_type is not JobType.BACKUP or get_setting_value(db, "system.backup.enabled") is True
    )
    row = {
        "id": new_id(),
        "name": name,
        "job_type": job_type,
        **{field: getattr(timing, field) for field in TIMING_FIELDS},
        "targets": TargetKind.ALL,
        "enabled": is_enabled,
        "is_system": True,
        "next_run": timing.next_run(now) if is_enabled else None,
        "created_by_name": SYSTEM.name,
        "created_at": now,
        "updated_at": now,
    }
    missing = insert_into(db, ScheduledJob).values(row)
    of_type = missing.on_conflict_do_nothing(
        index_elements=[ScheduledJob.job_type], index_where=text("is_system")
    )
    return db.scalar(of_type.returning(ScheduledJob.id))
