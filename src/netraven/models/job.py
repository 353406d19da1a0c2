"""Runs (job logs), their shards, per-device results and entries; workers, and leases."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasCreated, HasId, HasUpdated
from netraven.db.enums import (
    JobType,
    LogLevel,
    ResultStatus,
    RunReason,
    RunStatus,
    WorkerState,
)
from netraven.db.types import JsonColumn, JsonValue, enum_text
from netraven.models.device import Device
from netraven.models.schedule import ScheduledJob
from netraven.models.user import User


class JobLog(HasId, HasCreated, Base):
    """One run."""

    __tablename__ = "job_logs"
    __table_args__ = (
        UniqueConstraint("scheduled_job_id", "scheduled_for", info={"field": "scheduled_for"}),
        Index("ix_job_logs_status", "status"),
        Index("ix_job_logs_start_time", "start_time", "id"),
    )

    job_type: Mapped[JobType] = mapped_column(enum_text(JobType))
    status: Mapped[RunStatus] = mapped_column(enum_text(RunStatus), default=RunStatus.QUEUED)
    reason: Mapped[RunReason | None] = mapped_column(enum_text(RunReason))
    session_id: Mapped[str | None] = mapped_column(String(64))
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    result_message: Mapped[str | None] = mapped_column(Text)
    job_data: Mapped[dict[str, JsonValue]] = mapped_column(JsonColumn, default=dict)
    retention_days: Mapped[int | None]
    device_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("devices.id", ondelete="SET NULL"), index=True
    )
    device_hostname: Mapped[str | None] = mapped_column(String(255))
    scheduled_job_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("scheduled_jobs.id", ondelete="SET NULL")
    )
    scheduled_for: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    actor_name: Mapped[str] = mapped_column(String(120))
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_requested_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)

    device: Mapped[Device | None] = relationship(lazy="raise", viewonly=True)
    creator: Mapped[User | None] = relationship(lazy="raise", viewonly=True)
    scheduled_job: Mapped[ScheduledJob | None] = relationship(lazy="raise", viewonly=True)


class JobShard(HasId, HasUpdated, Base):
    """A part of a run that one worker does at a time.

    `attempts` counts how often it was begun, and tells who does it now from who did before;
    `deaths` counts the workers that died of it, or with it.
    """

    __tablename__ = "job_shards"
    __table_args__ = (
        UniqueConstraint("job_log_id", "number", info={"field": "number"}),
        Index("ix_job_shards_status", "status", "updated_at"),
        Index("ix_job_shards_worker_id", "worker_id"),
    )

    job_log_id: Mapped[UUID] = mapped_column(ForeignKey("job_logs.id", ondelete="CASCADE"))
    number: Mapped[int]
    queue: Mapped[str] = mapped_column(String(64))
    status: Mapped[RunStatus] = mapped_column(enum_text(RunStatus), default=RunStatus.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    deaths: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[UUID | None] = mapped_column(ForeignKey("workers.id", ondelete="SET NULL"))
    begun_at: Mapped[datetime | None]


class JobResult(HasId, HasUpdated, Base):
    """What became of one device in a run."""

    __tablename__ = "job_results"
    __table_args__ = (UniqueConstraint("job_log_id", "device_id", info={"field": "device_id"}),)

    job_log_id: Mapped[UUID] = mapped_column(ForeignKey("job_logs.id", ondelete="CASCADE"))
    shard_number: Mapped[int | None]
    device_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("devices.id", ondelete="SET NULL"), index=True
    )
    device_hostname: Mapped[str] = mapped_column(String(255))
    status: Mapped[ResultStatus] = mapped_column(
        enum_text(ResultStatus), default=ResultStatus.PENDING
    )
    reason: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str | None] = mapped_column(Text)
    backup_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("backups.id", ondelete="SET NULL"), index=True
    )
    credential_name: Mapped[str | None] = mapped_column(String(255))
    attempts: Mapped[int] = mapped_column(default=0)
    duration_ms: Mapped[int | None]

    device: Mapped[Device | None] = relationship(lazy="raise", viewonly=True)


class JobLogEntry(HasId, HasCreated, Base):
    """One line of a run's log."""

    __tablename__ = "job_log_entries"
    __table_args__ = (UniqueConstraint("job_log_id", "seq", info={"field": "seq"}),)

    job_log_id: Mapped[UUID] = mapped_column(ForeignKey("job_logs.id", ondelete="CASCADE"))
    seq: Mapped[int]
    timestamp: Mapped[datetime]
    level: Mapped[LogLevel] = mapped_column(enum_text(LogLevel))
    category: Mapped[str | None] = mapped_column(String(64))
    device_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("devices.id", ondelete="SET NULL"), index=True
    )
    message: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, JsonValue] | None] = mapped_column(JsonColumn)


class DeviceLease(Base):
    """Who may collect from a device now; `token` only grows, so a stale holder is known."""

    __tablename__ = "device_leases"

    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    owner: Mapped[str] = mapped_column(String(120))
    token: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]


class Worker(HasId, HasCreated, Base):
    """A process that runs jobs, with the last sign of life of whoever answers for it."""

    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_state", "state", "heartbeat_at"),)

    name: Mapped[str] = mapped_column(String(120))
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    state: Mapped[WorkerState] = mapped_column(enum_text(WorkerState), default=WorkerState.LIVE)
    version: Mapped[str] = mapped_column(String(40), default="")
    queues: Mapped[list[str]] = mapped_column(JsonColumn, default=list)
