"""Scheduled jobs: what recurs, when, and for which devices."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasId, HasUpdated
from netraven.db.enums import JobType, Overlap, ResultStatus, ScheduleType, TargetKind
from netraven.db.types import JsonColumn, JsonValue, enum_text
from netraven.models.device import Device
from netraven.models.tag import Tag
from netraven.models.user import User
from netraven.nextrun import Timing, jitter_offset


class ScheduledJob(HasId, HasUpdated, Base):
    """A job that recurs; each firing makes a run."""

    __tablename__ = "scheduled_jobs"
    __table_args__ = (
        Index("ix_scheduled_jobs_due", "enabled", "next_run"),
        # One built-in job of each type, whoever makes them first.
        Index(
            "uq_scheduled_jobs_system_type",
            "job_type",
            unique=True,
            sqlite_where=text("is_system"),
            postgresql_where=text("is_system"),
        ),
    )

    name: Mapped[str] = mapped_column(String(255))
    job_type: Mapped[JobType] = mapped_column(enum_text(JobType))
    schedule_type: Mapped[ScheduleType] = mapped_column(enum_text(ScheduleType))
    schedule_time: Mapped[str | None] = mapped_column(String(5))
    schedule_day: Mapped[str | None] = mapped_column(String(20))
    schedule_interval: Mapped[int | None]
    run_at: Mapped[datetime | None]
    month: Mapped[int | None]
    cron: Mapped[str | None] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(64))
    targets: Mapped[TargetKind] = mapped_column(enum_text(TargetKind))
    enabled: Mapped[bool] = mapped_column(default=True)
    is_system: Mapped[bool] = mapped_column(default=False)
    overlap: Mapped[Overlap] = mapped_column(enum_text(Overlap), default=Overlap.SKIP)
    jitter_seconds: Mapped[int] = mapped_column(default=0)
    job_data: Mapped[dict[str, JsonValue]] = mapped_column(JsonColumn, default=dict)
    next_run: Mapped[datetime | None]
    last_run: Mapped[datetime | None]
    last_status: Mapped[ResultStatus | None] = mapped_column(enum_text(ResultStatus))
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    missed_runs: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_by_name: Mapped[str] = mapped_column(String(120))

    devices: Mapped[list[Device]] = relationship(
        secondary="scheduled_job_devices",
        order_by=(Device.hostname_key, Device.id),
        viewonly=True,
        lazy="raise",
    )
    tags: Mapped[list[Tag]] = relationship(
        secondary="scheduled_job_tags",
        order_by=(Tag.name_key, Tag.id),
        viewonly=True,
        lazy="raise",
    )
    creator: Mapped[User | None] = relationship(lazy="raise", viewonly=True)

    @property
    def timing(self) -> Timing:
        """Return when the job runs, for arithmetic."""
        return Timing(
            schedule_type=self.schedule_type,
            schedule_time=self.schedule_time,
            schedule_day=self.schedule_day,
            schedule_interval=self.schedule_interval,
            run_at=self.run_at,
            month=self.month,
            cron=self.cron,
            timezone=self.timezone,
            offset=jitter_offset(self.id, self.jitter_seconds),
        )


class ScheduledJobDevice(Base):
    """A device that a scheduled job lists."""

    __tablename__ = "scheduled_job_devices"

    scheduled_job_id: Mapped[UUID] = mapped_column(
        ForeignKey("scheduled_jobs.id", ondelete="CASCADE"), primary_key=True
    )
    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ScheduledJobTag(Base):
    """A tag that a scheduled job lists."""

    __tablename__ = "scheduled_job_tags"

    scheduled_job_id: Mapped[UUID] = mapped_column(
        ForeignKey("scheduled_jobs.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[UUID] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )
