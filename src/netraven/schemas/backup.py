"""Backups as callers give and get them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from netraven.db.enums import BackupStatus, Grade
from netraven.db.types import Id

MAX_SERIAL_NUMBER = 100


class BackupCreate(BaseModel):
    """One graded capture to keep; its content is given beside it.

    `evidence` holds rule names and numbers, no text of the device. `normal_hash` is the hash of
    the normalised text behind the revision of the rules that made it.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    device_id: Id
    status: BackupStatus = BackupStatus.COMPLETED
    config_type: str = Field(default="running", pattern=r"^[a-z0-9_-]{1,32}$")
    comment: str | None = None
    is_automatic: bool = True
    job_log_id: Id | None = None
    serial_number: str | None = Field(default=None, max_length=MAX_SERIAL_NUMBER)
    pinned: bool = False
    normal_hash: str | None = Field(default=None, min_length=1, max_length=80)
    grade: Grade | None = None
    evidence: dict[str, JsonValue] | None = None
    author: str | None = Field(default=None, max_length=255)


class BackupUpdate(BaseModel):
    """What may change of a stored backup; fields left out stay.

    `status` accepts a quarantined backup; `reason` says why and goes to the audit log.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    comment: str | None = None
    pinned: bool = False
    status: BackupStatus = BackupStatus.COMPLETED
    reason: str | None = Field(default=None, max_length=500)

    @field_validator("reason")
    @classmethod
    def _blank_is_none(cls, reason: str | None) -> str | None:
        return reason or None


class BackupDevice(BaseModel):
    """The device of a backup, as far as lists of backups show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    hostname: str
    ip_address: str
    site: str | None


class BackupRead(BaseModel):
    """A backup as doors show it: without content, and without hashes that let it be guessed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    device_id: UUID
    device: BackupDevice
    status: BackupStatus
    config_type: str
    device_type: str
    size: int | None
    version: int | None
    grade: Grade | None
    evidence: dict[str, JsonValue] | None
    created_at: datetime
    last_seen_at: datetime
    author: str | None
    comment: str | None
    is_automatic: bool
    job_log_id: UUID | None
    serial_number: str | None
    pinned: bool


@dataclass(frozen=True, slots=True)
class BackupComparison:
    """How the content of backup `a_id` becomes that of `b_id`; the diff is of the exact bytes."""

    a_id: UUID
    b_id: UUID
    identical: bool
    added: int
    removed: int
    diff: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What re-reading contents found.

    `checked` counts contents, each read once. `corrupt_ids` are all backups that refer to a
    content that fails its check, `unavailable_ids` those whose content is sealed with a key that
    is not here. `last_id` is where the next call goes on, None when nothing was left.
    """

    checked: int
    corrupt_ids: tuple[UUID, ...]
    unavailable_ids: tuple[UUID, ...]
    last_id: UUID | None
