"""Runs, their results and entries, as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict

from netraven.db.enums import (
    JobType,
    LogLevel,
    ResultStatus,
    RunReason,
    RunStatus,
)
from netraven.db.types import Id
from netraven.schemas.filters import Filter
from netraven.schemas.texts import PRINTABLE

MAX_COMMANDS = 50

RetentionDays = Annotated[int, Field(ge=1, le=3650)]
Command = Annotated[str, Field(min_length=1, max_length=1000, pattern=PRINTABLE)]
ConfigType = Literal["running", "startup"]


class _Options(BaseModel):
    """What a job of one type may be told: these keys and no others, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class BackupOptions(_Options):
    """Which configurations a backup collects, and how long one device may take."""

    config_types: Annotated[list[ConfigType], Field(min_length=1, max_length=10)] = ["running"]
    deadline_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None


class ReachabilityOptions(_Options):
    """Which credential is tried; without one, none is."""

    credential_id: str | None = None


class RetentionOptions(_Options):
    """Whether to say only what would go."""

    dry_run: bool = False


class CommandOptions(_Options):
    """What is run on each device."""

    commands: Annotated[list[Command], Field(min_length=1, max_length=MAX_COMMANDS)]


class VerifyOptions(_Options):
    """How many contents are read; without it, all."""

    limit: Annotated[int, Field(ge=1)] | None = None


class TagRulesOptions(_Options):
    """Which rule is applied; without one, all that are active."""

    rule_id: str | None = None


class JobLogCreate(BaseModel):
    """A run to queue; one device also becomes the run's own device."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    job_type: JobType
    device_ids: list[Id] = Field(default_factory=list)
    job_data: dict[str, JsonValue] = Field(default_factory=dict)
    scheduled_job_id: Id | None = None
    scheduled_for: datetime | None = None
    retention_days: RetentionDays | None = None
    session_id: str | None = Field(default=None, max_length=64)


class JobLogFilter(Filter):
    """Which runs to list."""

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
    job_data: dict[str, JsonValue]
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


class JobLogDetails(TypedDict):
    """A run with the names of what it refers to; what is gone is None, but its host name stays."""

    id: UUID
    session_id: str | None
    job_type: JobType
    status: RunStatus
    reason: RunReason | None
    start_time: datetime | None
    end_time: datetime | None
    result_message: str | None
    job_data: dict[str, JsonValue]
    retention_days: int | None
    device_id: UUID | None
    created_by: UUID | None
    actor_name: str
    scheduled_job_id: UUID | None
    created_at: datetime
    device_hostname: str | None
    device_ip: str | None
    device_type: str | None
    username: str | None


class JobLogStatistics(TypedDict):
    """How runs turned out; `by_status` and `by_type` hold what occurs.

    `success_rate` is 0 to 1, succeeded over succeeded, partial and failed; None where there is
    none of them. `average_seconds` is over the runs that began and ended.
    """

    total: int
    by_status: dict[str, int]
    by_type: dict[str, int]
    success_rate: float | None
    average_seconds: float | None


class LogRetentionCounts(TypedDict):
    """How many runs went, by whose rule: their own, or the default."""

    policy_count: int
    default_count: int
    total_count: int
