"""Devices: listed, added, changed one by one and many at a time, imported, deleted."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from netraven.api.access import guarded_router
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found
from netraven.archive.devices import delete_device
from netraven.db.enums import BackupStatus
from netraven.db.types import Id
from netraven.errors import Invalid, NotFound, UnsupportedMedia
from netraven.inventory.device_import import import_devices
from netraven.inventory.device_queries import BY_HOSTNAME
from netraven.inventory.devices import (
    count_devices,
    create_device,
    get_device,
    get_devices,
    update_device,
)
from netraven.inventory.hostkeys import accept_host_key, get_host_keys
from netraven.inventory.importers.csv import read_devices
from netraven.inventory.platforms import get_platforms
from netraven.inventory.tags import add_tag_to_device, remove_tag_from_device
from netraven.models import Device
from netraven.request.caller import Caller, Me
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, Writing, writing_in_thread
from netraven.schemas.credential import CredentialRead
from netraven.schemas.device import DeviceCreate, DeviceRead, DeviceUpdate, HostKeyRead
from netraven.schemas.imports import RowAction, RowVerdict
from netraven.vault.credentials import get_credentials_for_device

router = guarded_router("/devices", "Devices")


MAX_BULK = 1000

_CSV = "text/csv"
_CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            _CSV: {
                "schema": {"type": "string"},
                "example": "hostname,ip_address,device_type\ncore-1,192.0.2.1,cisco_ios\n",
            }
        },
    }
}


class DeviceMake(DeviceCreate):
    """A device to add, and whose it is; nobody's devices are everybody's."""

    owner_id: Id | None = None


class BulkChange(BaseModel):
    """One change for many devices, all of them or none; tags are put on and taken off besides."""

    model_config = ConfigDict(extra="forbid")

    device_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_BULK)]
    change: DeviceUpdate = Field(default_factory=DeviceUpdate)
    add_tag_ids: Annotated[list[Id], Field(max_length=50)] = []
    remove_tag_ids: Annotated[list[Id], Field(max_length=50)] = []


class BulkChanged(BaseModel):
    """How many devices the change was made to."""

    devices: int


class Verdict(BaseModel):
    """What became of one row of an import."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    line: int
    hostname: str
    action: RowAction
    changed: list[str]
    reason: str


class Imported(BaseModel):
    """What became of an import, row by row; a dry run changed nothing."""

    dry_run: bool
    counts: dict[RowAction, int]
    rows: list[Verdict]


@router.get("", responses=refusals(*READ, 422))
async def list_devices(
    *,
    request: Request,
    db: Reading,
    me: Me,
    paging: PageAsked,
    search: Annotated[str | None, Query(max_length=255)] = None,
    device_type: Annotated[str | None, Query(max_length=64)] = None,
    enabled: bool | None = None,
    owner_id: str | None = None,
    tag_ids: Annotated[list[str] | None, Query(max_length=50)] = None,
    tag_match: Literal["any", "all"] = "any",
    site: Annotated[str | None, Query(max_length=100)] = None,
    is_reachable: bool | None = None,
    last_backup_status: BackupStatus | None = None,
) -> Page[DeviceRead]:
    """List devices by hostname; `search` looks into hostname and address."""
    wanted: dict[str, Any] = {
        "search": search,
        "device_type": device_type,
        "enabled": enabled,
        "owner_id": owner_id,
        "tag_ids": tag_ids,
        "tag_match": tag_match,
        "site": site,
        "is_reachable": is_reachable,
        "last_backup_status": last_backup_status,
        "visible_to": me.viewer,
    }
    rows = await get_devices(db, paging.skip, paging.limit, **wanted, after=paging.after)
    total = await paging.count(rows, lambda: count_devices(db, **wanted))
    return page_of(request, paging, DeviceRead, rows, total=total, place_of=BY_HOSTNAME.place_of)


@router.post("", status_code=201, responses=refusals(*WITH_BODY, 409))
async def add_device(db: Writing, me: Me, given: DeviceMake) -> DeviceRead:
    """Add a device; who sees only their own and tagged ones becomes its owner."""
    owner_id = given.owner_id or (me.user_id if me.is_limited else None)
    device = DeviceCreate.model_validate(given.model_dump(exclude={"owner_id"}))
    return DeviceRead.model_validate(await create_device(db, device, owner_id))


@router.post("/import", responses=refusals(*WITH_BODY, 409), openapi_extra=_CSV_BODY)
async def import_list(request: Request, me: Me, *, dry_run: bool = False) -> Imported:
    """Add and change devices from CSV with a header; a refused row does not stop the others."""
    media, _, _ = request.headers.get("content-type", _CSV).partition(";")
    if media.strip().lower() != _CSV:
        message = f"the list must come as {_CSV}"
        raise UnsupportedMedia(message)
    content = await request.body()
    owner_id = me.user_id if me.is_limited else None
    verdicts: list[RowVerdict] = []

    def take(db: Session) -> None:
        rows = read_devices(content, platforms=get_platforms(db))
        verdicts.extend(import_devices(db, rows, owner_id=owner_id))
        if dry_run:
            raise _TakenBack

    with suppress(_TakenBack):
        await writing_in_thread(request, take)
    counts = Counter(verdict.action for verdict in verdicts)
    rows = [Verdict.model_validate(verdict) for verdict in verdicts]
    return Imported(dry_run=dry_run, counts=dict(counts), rows=rows)


@router.post("/bulk", responses=refusals(*WITH_BODY, 404, 409))
async def change_many(request: Request, me: Me, given: BulkChange) -> BulkChanged:
    """Make one change to many devices, all of them or none."""
    if not (given.change.model_fields_set or given.add_tag_ids or given.remove_tag_ids):
        raise Invalid("change", "says nothing to change")
    device_ids = list(dict.fromkeys(given.device_ids))

    def take(db: Session) -> None:
        for device_id in device_ids:
            found(get_device(db, device_id, visible_to=me.viewer), f"device {device_id!s:.40}")
            if given.change.model_fields_set:
                update_device(db, device_id, given.change)
            for tag_id in given.add_tag_ids:
                require_found(add_tag_to_device(db, device_id, tag_id), "tag")
            for tag_id in given.remove_tag_ids:
                require_found(remove_tag_from_device(db, device_id, tag_id), "tag")

    await writing_in_thread(request, take)
    return BulkChanged(devices=len(device_ids))


@router.get("/{device_id}", responses=refusals(*READ, 404))
async def show_device(db: Reading, me: Me, device_id: str) -> DeviceRead:
    """Show one device."""
    return DeviceRead.model_validate(await _seen(db, me, device_id))


@router.patch("/{device_id}", responses=refusals(*WITH_BODY, 404, 409))
async def change_device(db: Writing, me: Me, device_id: str, change: DeviceUpdate) -> DeviceRead:
    """Change a device; fields left out stay, `tag_ids` replaces the tags put on by hand."""
    await _seen(db, me, device_id)
    return DeviceRead.model_validate(found(await update_device(db, device_id, change), "device"))


@router.delete("/{device_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_device(request: Request, me: Me, device_id: str) -> None:
    """Delete a device with its backups, so it needs the permission to delete these."""

    def take(db: Session) -> bool:
        found(get_device(db, device_id, visible_to=me.viewer), "device")
        return delete_device(db, device_id)

    require_found(await writing_in_thread(request, take), "device")


@router.put("/{device_id}/tags/{tag_id}", status_code=204, responses=refusals(*READ, 404))
async def put_tag_on(db: Writing, me: Me, device_id: str, tag_id: str) -> None:
    """Put a tag on a device by hand."""
    await _seen(db, me, device_id)
    require_found(await add_tag_to_device(db, device_id, tag_id), "tag")


@router.delete("/{device_id}/tags/{tag_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def take_tag_off(db: Writing, me: Me, device_id: str, tag_id: str) -> None:
    """Take a tag off a device that was put on by hand."""
    await _seen(db, me, device_id)
    require_found(await remove_tag_from_device(db, device_id, tag_id), "tag")


@router.get("/{device_id}/credentials", responses=refusals(*READ, 404))
async def list_logins_of(db: Reading, me: Me, device_id: str) -> list[CredentialRead]:
    """List the credentials that are tried on a device, in their order."""
    await _seen(db, me, device_id)
    rows = await get_credentials_for_device(db, device_id)
    return [CredentialRead.model_validate(row) for row in rows]


@router.get("/{device_id}/host-keys", responses=refusals(*READ, 404))
async def list_host_keys(db: Reading, me: Me, device_id: str) -> list[HostKeyRead]:
    """List the host keys that a device showed."""
    await _seen(db, me, device_id)
    return [HostKeyRead.model_validate(row) for row in await get_host_keys(db, device_id)]


@router.post("/{device_id}/host-keys/{key_id}/accept", responses=refusals(*READ, 404, 409))
async def accept_key(db: Writing, me: Me, device_id: str, key_id: str) -> HostKeyRead:
    """Trust a host key that a device offered, in the place of the one before."""
    await _seen(db, me, device_id)
    keys = {str(row.id) for row in await get_host_keys(db, device_id)}
    if key_id.lower() not in keys:
        message = "there is no host key of this id on this device"
        raise NotFound(message)
    return HostKeyRead.model_validate(found(await accept_host_key(db, key_id), "host key"))


class _TakenBack(Exception):
    """Undoes the unit of a dry run."""


async def _seen(db: AsyncSession, me: Caller, device_id: str) -> Device:
    return found(await get_device(db, device_id, visible_to=me.viewer), "device")
