"""Scheduled jobs as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictInt,
    StringConstraints,
)
from typing_extensions import TypedDict

from netraven.db.enums import JobType, Overlap, ResultStatus, ScheduleType, TargetKind
from netraven.db.types import Id
from netraven.errors import Invalid
from netraven.nextrun import MAX_INTERVAL_S, MIN_INTERVAL_S, checked_time
from netraven.schemas.filters import Filter
from netraven.schemas.texts import PRINTABLE

MAX_JITTER_S = 3600

ScheduleName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=PRINTABLE),
]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255, pattern=PRINTABLE)]


def _wall_time(text: str) -> str:
    try:
        checked_time(text)
    except Invalid as error:
        raise ValueError(error.reason) from None
    return text


def _recurring(job_type: JobType) -> JobType:
    if job_type is JobType.TAG_RULES:
        message = "tag rules are applied on demand only; `netraven rule apply` does it"
        raise ValueError(message)
    return job_type


RecurringType = Annotated[JobType, AfterValidator(_recurring)]
WallTime = Annotated[str, AfterValidator(_wall_time)]
Seconds = Annotated[StrictInt, Field(ge=MIN_INTERVAL_S, le=MAX_INTERVAL_S)]
Jitter = Annotated[StrictInt, Field(ge=0, le=MAX_JITTER_S)]


class ScheduledJobCreate(BaseModel):
    """A job to repeat, or to run once later; which fields its `schedule_type` uses, the contract.

    Without `targets` they follow from the listed devices or tags. Without `timezone` the setting
    decides.
    """

    model_config = ConfigDict(extra="forbid")

    name: ScheduleName
    job_type: RecurringType
    schedule_type: ScheduleType
    schedule_time: WallTime | None = None
    schedule_day: StrictInt | Line | None = None
    schedule_interval: Seconds | None = None
    run_at: datetime | None = None
    month: StrictInt | Line | None = None
    cron: Line | None = None
    timezone: Line | None = None
    targets: TargetKind | None = None
    device_ids: list[Id] = Field(default_factory=list)
    tag_ids: list[Id] = Field(default_factory=list)
    enabled: bool = True
    overlap: Overlap = Overlap.SKIP
    jitter_seconds: Jitter = 0
    job_data: dict[str, JsonValue] = Field(default_factory=dict)


class ScheduledJobUpdate(BaseModel):
    """What changes of a scheduled job; fields left out stay, null clears what may be empty."""

    model_config = ConfigDict(extra="forbid")

    # The defaults stand for nothing: only fields that were given are looked at.
    name: ScheduleName = ""
    job_type: RecurringType = JobType.BACKUP
    schedule_type: ScheduleType = ScheduleType.DAILY
    schedule_time: WallTime | None = None
    schedule_day: StrictInt | Line | None = None
    schedule_interval: Seconds | None = None
    run_at: datetime | None = None
    month: StrictInt | Line | None = None
    cron: Line | None = None
    timezone: Line = ""
    targets: TargetKind = TargetKind.DEVICES
    device_ids: list[Id] = Field(default_factory=list)
    tag_ids: list[Id] = Field(default_factory=list)
    enabled: bool = True
    overlap: Overlap = Overlap.SKIP
    jitter_seconds: Jitter = 0
    job_data: dict[str, JsonValue] = Field(default_factory=dict)


class ScheduledJobFilter(Filter):
    """Which scheduled jobs to list."""

    device_id: Id | None = None
    tag_id: Id | None = None
    job_type: JobType | None = None
    schedule_type: ScheduleType | None = None
    enabled: bool | None = None
    created_by: Id | None = None
    visible_to: Id | None = None


class DeviceTarget(BaseModel):
    """A device that a scheduled job lists."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    hostname: str


class TagTarget(BaseModel):
    """A tag that a scheduled job lists."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str


class ScheduledJobRead(BaseModel):
    """A scheduled job as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    job_type: JobType
    schedule_type: ScheduleType
    schedule_time: str | None
    schedule_day: str | None
    schedule_interval: int | None
    run_at: datetime | None
    month: int | None
    cron: str | None
    timezone: str
    targets: TargetKind
    devices: list[DeviceTarget]
    tags: list[TagTarget]
    enabled: bool
    is_system: bool
    overlap: Overlap
    jitter_seconds: int
    job_data: dict[str, JsonValue]
    next_run: datetime | None
    last_run: datetime | None
    last_status: ResultStatus | None
    consecutive_failures: int
    missed_runs: int
    created_by_name: str
    created_at: datetime
    updated_at: datetime


class NamedTarget(TypedDict):
    """A device or a tag by its name."""

    id: UUID
    name: str


class ScheduledJobDetails(TypedDict):
    """A scheduled job with the names of what it refers to.

    `device_id`, `device_name` and `device_type` are those of the only listed device, else None.
    """

    id: UUID
    name: str
    job_type: JobType
    schedule_type: ScheduleType
    schedule_time: str | None
    schedule_day: str | None
    schedule_interval: int | None
    run_at: datetime | None
    month: int | None
    cron: str | None
    timezone: str
    targets: TargetKind
    enabled: bool
    is_system: bool
    overlap: Overlap
    jitter_seconds: int
    job_data: dict[str, JsonValue]
    next_run: datetime | None
    last_run: datetime | None
    last_status: ResultStatus | None
    consecutive_failures: int
    missed_runs: int
    revision: int
    created_by: UUID | None
    created_by_name: str
    created_at: datetime
    updated_at: datetime
    devices: list[NamedTarget]
    tags: list[NamedTarget]
    device_id: UUID | None
    device_name: str | None
    device_type: str | None
    username: str | None
