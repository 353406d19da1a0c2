"""Devices: adding, finding, changing them, and what was last seen of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, false, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, guarded, name_key, new_id, operation
from netraven.db.enums import BackupStatus, LinkSource
from netraven.db.paging import check_page, contains
from netraven.db.types import JsonValue
from netraven.errors import Invalid
from netraven.inventory.addresses import canonical_address
from netraven.inventory.tag_rules import RULE_FIELDS, apply_rules_to_device
from netraven.inventory.tags import initialize_default_tag
from netraven.models import Credential, Device, DeviceTag, Tag, User
from netraven.platforms.registry import get_platform, platform_names
from netraven.schemas.device import DeviceCreate, DeviceUpdate

_MAX_JUMPS = 16


@operation
def get_device(db: Session, device_id: Id, *, visible_to: Id | None = None) -> Device | None:
    """Return the device with its tags, owner and credential loaded, or None."""
    return _found(db, Device.id == as_uuid(device_id), visible_to)


@operation
def get_device_by_hostname(
    db: Session, hostname: str, *, visible_to: Id | None = None
) -> Device | None:
    """Return the device of this name, case ignored, with its relations loaded, or None."""
    return _found(db, Device.hostname_key == name_key(hostname), visible_to)


@operation
def get_devices(  # noqa: PLR0917  the contract fixes this signature
    db: Session,
    skip: int = 0,
    limit: int = 100,
    search: str | None = None,
    device_type: str | None = None,
    enabled: bool | None = None,  # noqa: FBT001  likewise
    *,
    owner_id: Id | None = None,
    tag_ids: Sequence[Id] | None = None,
    tag_match: Literal["any", "all"] = "any",
    site: str | None = None,
    is_reachable: bool | None = None,
    last_backup_status: str | None = None,
    visible_to: Id | None = None,
) -> list[Device]:
    """Return devices by hostname with their relations loaded; filters are joined by AND."""
    check_page(skip, limit)
    conditions = [
        *_plain_filters(search, device_type, site, enabled=enabled),
        *_linked_filters(owner_id, tag_ids, tag_match, visible_to),
        *_state_filters(last_backup_status, is_reachable=is_reachable),
    ]
    wanted = select(Device).where(*conditions).order_by(Device.hostname_key, Device.id)
    return list(db.scalars(_with_relations(wanted.offset(skip).limit(limit))))


@operation
def count_devices(
    db: Session,
    search: str | None = None,
    device_type: str | None = None,
    enabled: bool | None = None,  # noqa: FBT001  the contract fixes this signature
    *,
    owner_id: Id | None = None,
    tag_ids: Sequence[Id] | None = None,
    tag_match: Literal["any", "all"] = "any",
    site: str | None = None,
    is_reachable: bool | None = None,
    last_backup_status: str | None = None,
    visible_to: Id | None = None,
) -> int:
    """Return how many devices `get_devices` would list without paging."""
    conditions = [
        *_plain_filters(search, device_type, site, enabled=enabled),
        *_linked_filters(owner_id, tag_ids, tag_match, visible_to),
        *_state_filters(last_backup_status, is_reachable=is_reachable),
    ]
    return db.scalars(select(func.count()).select_from(Device).where(*conditions)).one()


@operation
def create_device(
    db: Session, device: DeviceCreate, owner_id: Id | None = None, *, now: datetime | None = None
) -> Device:
    """Add a device with the default tag, the given ones, and those of matching rules.

    Raises Conflict("hostname" or "ip_address"), Invalid for an unknown platform, an unusable
    address, and an absent owner, tag, credential or jump device.
    """
    moment = now or clock.now()
    row = Device(id=new_id(), created_at=moment, updated_at=moment)
    for field, value in _columns(db, row, device.model_dump(exclude={"tag_ids"})).items():
        setattr(row, field, value)
    row.owner_id = _owner(db, owner_id)
    tags = _tags(db, device.tag_ids)
    default = initialize_default_tag(db)
    with guarded(db):
        db.add(row)
    db.add(DeviceTag(device_id=row.id, tag_id=default.id, source=LinkSource.DEFAULT, rule_key=""))
    _link_by_hand(db, row.id, tags)
    db.flush()
    apply_rules_to_device(db, row.id)
    description = f"added device {row.hostname}"
    changes: dict[str, JsonValue] = {"hostname": [None, row.hostname]}
    _audit(db, "device_created", row, description=description, changes=changes)
    return _reread(db, row.id)


@operation
def update_device(
    db: Session, device_id: Id, device_update: DeviceUpdate, *, now: datetime | None = None
) -> Device | None:
    """Change the given fields; `tag_ids` replaces the links made by hand. None without a row.

    Errors as for `create_device`.
    """
    row = db.scalar(select(Device).where(Device.id == as_uuid(device_id)).with_for_update())
    if row is None:
        return None
    given = device_update.model_dump(exclude_unset=True)
    tag_ids = given.pop("tag_ids", None)
    tags = None if tag_ids is None else _tags(db, tag_ids)
    if "owner_id" in given:
        given["owner_id"] = _owner(db, given["owner_id"])
    values = _columns(db, row, given)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    before = {name: _told(getattr(row, name)) for name in changed}
    with guarded(db):
        for name, value in changed.items():
            setattr(row, name, value)
        if changed:
            row.updated_at = now or clock.now()
    is_retagged = tags is not None and _replace_links(db, row.id, tags)
    if RULE_FIELDS & changed.keys():
        apply_rules_to_device(db, row.id)
    if changed or is_retagged:
        changes: dict[str, JsonValue] = {
            name: [before[name], _told(value)]
            for name, value in changed.items()
            if not name.endswith("_key")
        }
        if is_retagged:
            changes["tags"] = [None, [tag.name for tag in tags or ()]]
        description = f"changed device {row.hostname}"
        _audit(db, "device_updated", row, description=description, changes=changes)
    return _reread(db, row.id)


@operation
def update_device_backup_status(
    db: Session, device_id: Id, status: str, timestamp: datetime | None = None
) -> Device | None:
    """Record how the newest capture ended; an older timestamp changes nothing."""
    if status not in {member.value for member in BackupStatus}:
        raise Invalid("status", f"{status} is not one of {', '.join(BackupStatus)}")
    moment = clock.as_utc(timestamp) if timestamp else clock.now()
    values = {"last_backup_status": BackupStatus(status), "last_backup_at": moment}
    return _advance(db, device_id, Device.last_backup_at, values=values, moment=moment)


@operation
def update_device_reachability(
    db: Session,
    device_id: Id,
    is_reachable: bool,  # noqa: FBT001  the contract fixes this signature
    timestamp: datetime | None = None,
) -> Device | None:
    """Record whether the device answered; an older timestamp changes nothing."""
    moment = clock.as_utc(timestamp) if timestamp else clock.now()
    values = {"is_reachable": is_reachable, "last_reachability_check": moment}
    return _advance(db, device_id, Device.last_reachability_check, values=values, moment=moment)


def _found(db: Session, condition: ColumnElement[bool], visible_to: Id | None) -> Device | None:
    wanted = select(Device).where(condition)
    if visible_to is not None:
        wanted = wanted.where(visible_devices(visible_to))
    return db.scalar(_with_relations(wanted))


def _reread(db: Session, device_id: UUID) -> Device:
    wanted = _with_relations(select(Device).where(Device.id == device_id))
    return db.scalars(wanted.execution_options(populate_existing=True)).one()


def _with_relations(wanted: Select[Device]) -> Select[Device]:
    relations = (Device.tags, Device.owner, Device.credential)
    return wanted.options(*(selectinload(relation) for relation in relations))


def _plain_filters(
    search: str | None, device_type: str | None, site: str | None, *, enabled: bool | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search is not None and search.strip():
        found = (contains(Device.hostname, search), contains(Device.ip_address, search))
        conditions.append(or_(*found))
    if device_type is not None and device_type.strip():
        conditions.append(Device.device_type == device_type)
    if enabled is not None:
        conditions.append(Device.enabled.is_(enabled))
    if site is not None and site.strip():
        conditions.append(Device.site == site)
    return conditions


def _state_filters(
    last_backup_status: str | None, *, is_reachable: bool | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if is_reachable is not None:
        conditions.append(Device.is_reachable.is_(is_reachable))
    if last_backup_status is not None and last_backup_status.strip():
        if last_backup_status not in {member.value for member in BackupStatus}:
            reason = f"{last_backup_status} is not one of {', '.join(BackupStatus)}"
            raise Invalid("last_backup_status", reason)
        conditions.append(Device.last_backup_status == BackupStatus(last_backup_status))
    return conditions


def _linked_filters(
    owner_id: Id | None,
    tag_ids: Sequence[Id] | None,
    tag_match: Literal["any", "all"],
    visible_to: Id | None,
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if owner_id is not None:
        owner = as_uuid(owner_id)
        conditions.append(false() if owner is None else Device.owner_id == owner)
    if tag_ids:
        known = {known for tag_id in tag_ids if (known := as_uuid(tag_id))}
        tagged = [_has_tag(DeviceTag.tag_id, tag_id) for tag_id in sorted(known)]
        if tag_match == "all":
            is_whole = len(known) == len({str(tag_id) for tag_id in tag_ids})
            conditions += tagged if is_whole else [false()]
        elif tag_match == "any":
            conditions.append(or_(false(), *tagged))
        else:
            raise Invalid("tag_match", f"{tag_match} is neither any nor all")
    if visible_to is not None:
        conditions.append(visible_devices(visible_to))
    return conditions


def _has_tag(column: InstrumentedAttribute[UUID], tag_id: UUID) -> ColumnElement[bool]:
    return exists().where(DeviceTag.device_id == Device.id, column == tag_id)


def _columns(db: Session, row: Device, given: dict[str, object]) -> dict[str, object]:
    """Return the column values for the given fields, checked against database and registry."""
    values = dict(given)
    if "hostname" in given:
        values["hostname_key"] = name_key(str(given["hostname"]))
    if "ip_address" in given:
        values["ip_address"] = canonical_address(str(given["ip_address"]))
    if "device_type" in given:
        values["device_type"] = _platform(str(given["device_type"]))
    if "credential_id" in given:
        values["credential_id"] = _reference(db, Credential, given["credential_id"])
    if "jump_device_id" in given:
        jump = _jump(db, row.id, given["jump_device_id"])
        values["jump_device_id"] = jump
        values["jump_key"] = "" if jump is None else str(jump)
    return values


def _platform(name: str) -> str:
    if get_platform(name) is None:
        known = ", ".join(platform_names())
        raise Invalid("device_type", f"{name} is not a platform; known are {known}")
    return name


def _owner(db: Session, owner_id: object) -> UUID | None:
    if owner_id is None:
        return None
    owner = as_uuid(str(owner_id))
    wanted = select(User.id).where(User.id == owner, User.is_active.is_(True))
    if owner is None or db.scalar(wanted) is None:
        raise Invalid("owner_id", f"there is no active user {owner_id}")
    return owner


def _reference(db: Session, table: type[Credential], row_id: object) -> UUID | None:
    if row_id is None:
        return None
    known = as_uuid(str(row_id))
    if known is None or db.scalar(select(table.id).where(table.id == known)) is None:
        raise Invalid("credential_id", f"there is no credential {row_id}")
    return known


def _jump(db: Session, device_id: UUID, jump_id: object) -> UUID | None:
    """Return the jump device's id; raises Invalid for an absent one, itself, or a cycle."""
    if jump_id is None:
        return None
    first = step = as_uuid(str(jump_id))
    for _ in range(_MAX_JUMPS):
        if step == device_id:
            raise Invalid("jump_device_id", "the way to a device cannot lead through itself")
        if step is None:
            break
        found = db.execute(select(Device.jump_device_id).where(Device.id == step)).first()
        if found is None:
            raise Invalid("jump_device_id", f"there is no device {jump_id}")
        step = found[0]
    else:
        raise Invalid("jump_device_id", f"the way is longer than {_MAX_JUMPS} jump devices")
    if first is None:
        raise Invalid("jump_device_id", f"there is no device {jump_id}")
    return first


def _tags(db: Session, tag_ids: Sequence[Id]) -> list[Tag]:
    wanted = {as_uuid(tag_id): tag_id for tag_id in tag_ids}
    known = [tag_id for tag_id in wanted if tag_id is not None]
    found = {tag.id: tag for tag in db.scalars(select(Tag).where(Tag.id.in_(known)))}
    for tag_id, given in wanted.items():
        if tag_id is None or tag_id not in found:
            raise Invalid("tag_ids", f"there is no tag {given}")
    return list(found.values())


def _link_by_hand(db: Session, device_id: UUID, tags: Sequence[Tag]) -> None:
    db.add_all(
        DeviceTag(device_id=device_id, tag_id=tag.id, source=LinkSource.MANUAL, rule_key="")
        for tag in tags
        if not tag.is_default
    )


def _replace_links(db: Session, device_id: UUID, tags: Sequence[Tag]) -> bool:
    by_hand = (DeviceTag.device_id == device_id, DeviceTag.source == LinkSource.MANUAL)
    before = set(db.scalars(select(DeviceTag.tag_id).where(*by_hand)))
    wanted = [tag for tag in tags if not tag.is_default]
    if before == {tag.id for tag in wanted}:
        return False
    db.execute(delete(DeviceTag).where(*by_hand))
    _link_by_hand(db, device_id, wanted)
    db.flush()
    return True


def _advance(
    db: Session,
    device_id: Id,
    seen_at: InstrumentedAttribute[datetime | None],
    *,
    values: dict[str, object],
    moment: datetime,
) -> Device | None:
    """Set what was seen at `moment` unless something newer is known; `updated_at` stays."""
    device = as_uuid(device_id)
    if device is None:
        return None
    db.execute(
        update(Device)
        .where(Device.id == device, or_(seen_at.is_(None), seen_at <= moment))
        .values(**values, updated_at=Device.updated_at)
        .execution_options(synchronize_session=False)
    )
    wanted = _with_relations(select(Device).where(Device.id == device))
    return db.scalar(wanted.execution_options(populate_existing=True))


def _told(value: object) -> JsonValue:
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)


def _audit(
    db: Session, event_name: str, row: Device, *, description: str, changes: dict[str, JsonValue]
) -> None:
    audit(
        db,
        event_name=event_name,
        target_type="device",
        target_id=row.id,
        target_name=row.hostname,
        description=description,
        changes=changes,
    )
