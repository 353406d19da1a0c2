"""Runs, their results and entries, as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from netraven.db.enums import (
    JobType,
    LogLevel,
    ResultStatus,
    RunReason,
    RunStatus,
)
from netraven.db.types import Id


class JobLogCreate(BaseModel):
    """A run to queue; one device also becomes the run's own device."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    job_type: JobType
    device_ids: list[Id] = Field(default_factory=list)
    job_data: dict[str, JsonValue] = Field(default_factory=dict)
    retention_days: int | None = Field(default=None, ge=1, le=3650)
    session_id: str | None = Field(default=None, max_length=64)


class JobLogFilter(BaseModel):
    """Which runs to list; conditions are joined by AND."""

    model_config = ConfigDict(extra="forbid")

    device_id: Id | None = None
    job_type: JobType | None = None
    status: RunStatus | None = None
    active: bool | None = None
    created_by: Id | None = None
    scheduled_job_id: Id | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    visible_to: Id | None = None


class JobLogEntryCreate(BaseModel):
    """One line for a run's log; it holds no text of a device."""

    model_config = ConfigDict(extra="forbid")

    level: LogLevel = LogLevel.INFO
    message: str
    category: str | None = Field(default=None, max_length=64)
    device_id: Id | None = None
    details: dict[str, JsonValue] | None = None


class JobResultCreate(BaseModel):
    """What became of one device."""

    model_config = ConfigDict(extra="forbid")

    status: ResultStatus
    reason: str | None = Field(default=None, max_length=32)
    message: str | None = None
    backup_id: Id | None = None
    credential_name: str | None = Field(default=None, max_length=255)
    attempts: int = Field(default=0, ge=0)
    duration_ms: int | None = Field(default=None, ge=0)


class JobLogRead(BaseModel):
    """A run as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    job_type: JobType
    status: RunStatus
    reason: RunReason | None
    start_time: datetime | None
    end_time: datetime | None
    result_message: str | None
    device_id: UUID | None
    device_hostname: str | None
    actor_name: str
    attempts: int
    cancel_requested_at: datetime | None
    created_at: datetime


class JobResultRead(BaseModel):
    """A device's result as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    device_id: UUID | None
    device_hostname: str
    status: ResultStatus
    reason: str | None
    message: str | None
    backup_id: UUID | None
    credential_name: str | None
    attempts: int
    duration_ms: int | None


class JobLogEntryRead(BaseModel):
    """A line of a run's log as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    seq: int
    timestamp: datetime
    level: LogLevel
    category: str | None
    device_id: UUID | None
    message: str
    details: dict[str, JsonValue] | None
