"""Devices as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from netraven.db.enums import BackupStatus, HostKeyPolicy, HostKeyState, Protocol
from netraven.db.types import Id
from netraven.schemas.tag import TagRead
from netraven.schemas.texts import PRINTABLE, Description, Notes, ShortText

Hostname = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$")]
Address = Annotated[str, Field(min_length=1, max_length=255, pattern=PRINTABLE)]
PlatformName = Annotated[str, Field(min_length=1, max_length=64, pattern=PRINTABLE)]
Port = Annotated[int, Field(ge=1, le=65535)]


class DeviceCreate(BaseModel):
    """A device to add; no credential is required."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    hostname: Hostname
    ip_address: Address
    device_type: PlatformName
    port: Port = 22
    protocol: Protocol = Protocol.SSH
    legacy_ssh: bool = False
    host_key_policy: HostKeyPolicy | None = None
    jump_device_id: Id | None = None
    description: Description | None = None
    serial_number: ShortText = None
    model: ShortText = None
    site: ShortText = None
    notes: Notes | None = None
    enabled: bool = True
    credential_id: Id | None = None
    tag_ids: list[Id] = Field(default_factory=list)


class DeviceUpdate(BaseModel):
    """What changes of a device; fields left out stay, null clears where a column may be empty."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    # The defaults stand for nothing: only fields that were given are looked at.
    hostname: Hostname = ""
    ip_address: Address = ""
    device_type: PlatformName = ""
    port: Port = 22
    protocol: Protocol = Protocol.SSH
    legacy_ssh: bool = False
    host_key_policy: HostKeyPolicy | None = None
    jump_device_id: Id | None = None
    description: Description | None = None
    serial_number: ShortText = None
    model: ShortText = None
    site: ShortText = None
    notes: Notes | None = None
    enabled: bool = True
    owner_id: Id | None = None
    credential_id: Id | None = None
    tag_ids: list[Id] = Field(default_factory=list)


class DeviceCredential(BaseModel):
    """The pinned credential of a device, without its secrets."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    username: str


class DeviceOwner(BaseModel):
    """The owner of a device."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    username: str


class DeviceRead(BaseModel):
    """A device as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    hostname: str
    ip_address: str
    port: int
    device_type: str
    protocol: Protocol
    legacy_ssh: bool
    host_key_policy: HostKeyPolicy | None
    jump_device_id: UUID | None
    description: str | None
    serial_number: str | None
    model: str | None
    site: str | None
    notes: str | None
    enabled: bool
    is_reachable: bool | None
    last_reachability_check: datetime | None
    last_backup_at: datetime | None
    last_backup_status: BackupStatus | None
    owner: DeviceOwner | None
    credential: DeviceCredential | None
    tags: list[TagRead]
    created_at: datetime
    updated_at: datetime


class HostKeyRead(BaseModel):
    """A host key that a device showed, as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    device_id: UUID
    algorithm: str
    public_key: str
    state: HostKeyState
    last_seen_at: datetime
    accepted_by: str | None
    created_at: datetime
