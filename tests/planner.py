"""Scheduled jobs, runs, and what they are for, in few words."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from netraven.admin.users import create_user
from netraven.db import name_key, new_id
from netraven.db.enums import JobType, LinkSource, ResultStatus
from netraven.jobs.blackouts import create_blackout
from netraven.jobs.due import enqueue_due_jobs
from netraven.jobs.listing import get_job_log
from netraven.jobs.results import get_job_results, record_job_result
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.jobs.schedule_listing import get_scheduled_job
from netraven.jobs.schedules import create_scheduled_job, update_scheduled_job
from netraven.models import AuditEvent, Device, DeviceTag, JobLog, ScheduledJob, Tag
from netraven.schemas.blackout import BlackoutCreate
from netraven.schemas.job import JobLogCreate, JobResultCreate
from netraven.schemas.schedule import ScheduledJobCreate, ScheduledJobUpdate
from netraven.schemas.user import UserCreate
from tests.conftest import Database

# A Monday.
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return a moment of March 2026, from its day and time: `02 10:30`."""
    return datetime.fromisoformat(f"2026-03-{text}:00Z")


class Planner:
    """One database with schedules; each call is a unit of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, *, user: UUID | None = None, now: datetime = NINE, **fields: object) -> UUID:
        """Keep a schedule: all devices' backup, daily at 10:30, unless something else is said."""
        wanted = {"name": "nightly", "job_type": "backup", "schedule_type": "daily", **fields}
        if wanted["schedule_type"] in {"daily", "weekly", "monthly", "yearly"}:
            wanted.setdefault("schedule_time", "10:30")
        if not {"targets", "device_ids", "tag_ids"} & wanted.keys():
            wanted["targets"] = "all"
        create = ScheduledJobCreate.model_validate(wanted)
        return self.database.run(create_scheduled_job, create, user, now=now).id

    def update(self, job_id: UUID, *, now: datetime = NINE, **fields: object) -> ScheduledJob:
        update = ScheduledJobUpdate.model_validate(fields)
        changed = self.database.run(update_scheduled_job, job_id, update, now=now)
        assert changed is not None
        return changed

    def read(self, job_id: UUID) -> ScheduledJob:
        """Return the stored schedule, read in a fresh unit."""
        job = self.database.run(get_scheduled_job, job_id)
        assert job is not None
        return job

    def tick(self, now: datetime, limit: int = 10) -> list[JobLog]:
        return self.database.run(enqueue_due_jobs, now=now, limit=limit)

    def add_run(self, *device_ids: UUID, **fields: object) -> UUID:
        """Queue a run; a backup, unless something else is said."""
        wanted = {"job_type": JobType.BACKUP, "device_ids": list(device_ids), **fields}
        return self.database.run(create_job_log, JobLogCreate.model_validate(wanted)).id

    def read_run(self, run_id: UUID) -> JobLog:
        run = self.database.run(get_job_log, run_id)
        assert run is not None
        return run

    def end(self, run_id: UUID) -> None:
        """Let a run begin, and end as its results say."""
        self.database.run(start_job_log, run_id)
        self.database.run(finish_job_log, run_id)

    def record(self, run_id: UUID, device_id: UUID, status: str) -> None:
        result = JobResultCreate(status=ResultStatus(status))
        self.database.run(record_job_result, run_id, device_id, result)

    def runs(self) -> list[JobLog]:
        """Return all runs, oldest first."""
        with self.database.unit() as db:
            return list(db.scalars(select(JobLog).order_by(JobLog.id)))

    def events(self) -> list[str]:
        """Return the names of all audit events in their order."""
        with self.database.unit() as db:
            return list(db.scalars(select(AuditEvent.event_name).order_by(AuditEvent.seq)))

    def add_device(
        self, hostname: str, *tag_ids: UUID, owner: UUID | None = None, enabled: bool = True
    ) -> UUID:
        device = Device(
            id=new_id(),
            hostname=hostname,
            hostname_key=name_key(hostname),
            ip_address=f"{hostname}.example.com",
            device_type="cisco_ios",
            owner_id=owner,
            enabled=enabled,
        )
        with self.database.unit() as db:
            db.add(device)
            db.flush()
            db.add_all(
                DeviceTag(device_id=device.id, tag_id=tag_id, source=LinkSource.MANUAL)
                for tag_id in tag_ids
            )
        return device.id

    def add_tag(self, name: str) -> UUID:
        tag = Tag(id=new_id(), name=name, name_key=name_key(name))
        with self.database.unit() as db:
            db.add(tag)
        return tag.id

    def add_blackout(self, tag_id: UUID, *, now: datetime = NINE, **fields: object) -> UUID:
        """Keep a black-out of the tag: daily from 10:00 to 12:00, unless something else is said."""
        wanted = {"name": "hours", "tag_id": tag_id, **fields}
        if "starts_at" not in wanted:
            wanted = {"from_time": "10:00", "until_time": "12:00", **wanted}
        create = BlackoutCreate.model_validate(wanted)
        return self.database.run(create_blackout, create, now=now).id

    def results(self, run_id: UUID) -> dict[str, tuple[str, str | None]]:
        """Return status and reason of each device of a run, by its name."""
        rows = self.database.run(get_job_results, run_id)
        return {row.device_hostname: (row.status.value, row.reason) for row in rows}

    def add_user(self, username: str, **fields: object) -> UUID:
        wanted = {
            "username": username,
            "email": f"{username}@example.com",
            "password": "Correct-horse-7",
            **fields,
        }
        with self.database.unit() as db:
            return create_user(db, UserCreate.model_validate(wanted)).id
