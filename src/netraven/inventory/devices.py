"""Devices: adding, finding, changing them, and what was last seen of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.changes import told_changes
from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, guarded, name_key, new_id, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import LinkSource
from netraven.db.paging import Place, check_page
from netraven.errors import Conflict
from netraven.inventory.addresses import canonical_address
from netraven.inventory.criteria import RULE_FIELDS
from netraven.inventory.device_queries import BY_HOSTNAME, DeviceFilter, backup_status, loaded
from netraven.inventory.holders import naming_holder
from netraven.inventory.references import (
    checked_credential,
    checked_jump,
    checked_owner,
    checked_platform,
    checked_tags,
)
from netraven.inventory.rule_links import apply_rules_to_device, get_active_rules
from netraven.inventory.tag_links import (
    Link,
    add_links,
    default_link,
    ensure_default_tag,
    manual_link,
)
from netraven.models import Device, DeviceTag, Tag
from netraven.schemas.device import DeviceCreate, DeviceUpdate


@operation
def get_device(db: Session, device_id: Id, *, visible_to: Id | None = None) -> Device | None:
    """Return the device with its tags, owner and credential loaded, or None."""
    return _found(db, Device.id == as_uuid(device_id), visible_to)


@operation
def get_device_by_hostname(
    db: Session, hostname: str, *, visible_to: Id | None = None
) -> Device | None:
    """Return the device of this name, case ignored, with its relations loaded, or None."""
    return _found(db, Device.hostname_key == name_key(hostname.strip()), visible_to)


@operation
def keep_visible_ids(db: Session, device_ids: Iterable[Id], *, visible_to: Id) -> list[UUID]:
    """Return those of the devices that are there and that this user may see, each once."""
    wanted = dict.fromkeys(map(as_uuid, device_ids))
    seen: set[UUID] = set()
    for chunk in in_chunks(filter(None, wanted)):
        of_chunk = select(Device.id).where(Device.id.in_(chunk), visible_devices(visible_to))
        seen.update(db.scalars(of_chunk))
    return [device_id for device_id in wanted if device_id in seen]


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
    after: Place | None = None,
) -> list[Device]:
    """Return devices by hostname with their relations loaded; filters are joined by AND.

    With `after`, a place in `BY_HOSTNAME`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = DeviceFilter(
        search=search,
        device_type=device_type,
        enabled=enabled,
        owner_id=owner_id,
        tag_ids=tag_ids,
        tag_match=tag_match,
        site=site,
        is_reachable=is_reachable,
        last_backup_status=last_backup_status,
        visible_to=visible_to,
    )
    found = select(Device).where(*wanted.conditions())
    page = BY_HOSTNAME.page(found, skip=skip, limit=limit, after=after)
    return list(db.scalars(loaded(page)))


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
    wanted = DeviceFilter(
        search=search,
        device_type=device_type,
        enabled=enabled,
        owner_id=owner_id,
        tag_ids=tag_ids,
        tag_match=tag_match,
        site=site,
        is_reachable=is_reachable,
        last_backup_status=last_backup_status,
        visible_to=visible_to,
    )
    counted = select(func.count()).select_from(Device)
    return db.scalars(counted.where(*wanted.conditions())).one()


@operation
def create_device(
    db: Session, device: DeviceCreate, owner_id: Id | None = None, *, now: datetime | None = None
) -> Device:
    """Add a device with the default tag, the given ones, and those of matching rules.

    Raises Conflict("hostname" or "ip_address"), Invalid for an unknown platform, an unusable
    address, an absent or inactive owner, and an absent tag, credential or jump device.
    """
    moment = clock.moment(now)
    device_id = new_id()
    values: dict[str, object] = {}
    with _naming_holder(db, values), guarded(db):
        values |= _columns(db, device_id, device, fields=set(DeviceCreate.model_fields))
        values["owner_id"] = checked_owner(db, owner_id)
        tags = checked_tags(db, device.tag_ids)
        db.add(Device(id=device_id, created_at=moment, updated_at=moment, **values))
        db.flush()
        links = [default_link(device_id, ensure_default_tag(db).id)]
        add_links(db, [*links, *_links_by_hand(device_id, tags)])
        apply_rules_to_device(db, device_id)
    told = {name: value for name, value in values.items() if value is not None}
    if tags:
        told["tags"] = [tag.name for tag in tags]
    row = _reread(db, device_id)
    _audit(db, "device_created", row, description="added device", after=told)
    return row


@operation
def update_device(
    db: Session, device_id: Id, device_update: DeviceUpdate, *, now: datetime | None = None
) -> Device | None:
    """Change the given fields; `tag_ids` replaces the links made by hand. None without a row.

    Errors as for `create_device`.
    """
    given = device_update.model_fields_set
    if given & set(RULE_FIELDS):
        # Before the device: who applies a rule to all devices locks in this order too.
        get_active_rules(db)
    locked = select(Device).where(Device.id == as_uuid(device_id))
    row = db.scalar(loaded(locked).with_for_update(key_share=True, of=Device))
    if row is None:
        return None
    values: dict[str, object] = {}
    with _naming_holder(db, values, row), guarded(db):
        values |= _columns(db, row.id, device_update, fields=given)
        before = {name: getattr(row, name) for name in values}
        after = {name: value for name, value in values.items() if before[name] != value}
        if after:
            # In SQL, so that the row in hand stays as it is where a constraint breaks.
            changed = update(Device).where(Device.id == row.id)
            stamped = changed.values(**after, updated_at=clock.moment(now))
            db.execute(stamped.execution_options(synchronize_session=False))
        if "tag_ids" in given:
            tags = checked_tags(db, device_update.tag_ids)
            before["tags"], after["tags"] = _replace_links_by_hand(db, row.id, tags)
        if after.keys() & set(RULE_FIELDS):
            apply_rules_to_device(db, row.id)
    row = _reread(db, row.id)
    _audit(db, "device_updated", row, description="changed device", after=after, before=before)
    return row


@operation
def update_device_backup_status(
    db: Session, device_id: Id, status: str, timestamp: datetime | None = None
) -> Device | None:
    """Record how the newest capture ended; an older timestamp changes nothing.

    Raises Invalid("status") for what is no status of a backup.
    """
    moment = clock.as_utc(timestamp) if timestamp else clock.now()
    values = {"last_backup_status": backup_status(status, "status"), "last_backup_at": moment}
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
    return db.scalar(loaded(wanted))


@contextmanager
def _naming_holder(
    db: Session, wanted: Mapping[str, object], row: Device | None = None
) -> Iterator[None]:
    try:
        yield
    except Conflict as conflict:
        raise naming_holder(db, conflict, wanted, row) from None


def _reread(db: Session, device_id: UUID) -> Device:
    return db.scalars(loaded(select(Device).where(Device.id == device_id))).one()


def _columns(
    db: Session, device_id: UUID, request: DeviceCreate | DeviceUpdate, *, fields: AbstractSet[str]
) -> dict[str, object]:
    """Return the column values of these fields, checked against database and registry."""
    values: dict[str, object] = request.model_dump(include=set(fields) - {"tag_ids"})
    if "hostname" in fields:
        values["hostname_key"] = name_key(request.hostname)
    if "ip_address" in fields:
        values["ip_address"] = canonical_address(request.ip_address)
    if "device_type" in fields:
        values["device_type"] = checked_platform(db, request.device_type)
    if "credential_id" in fields:
        values["credential_id"] = checked_credential(db, request.credential_id)
    if "jump_device_id" in fields:
        jump = checked_jump(db, device_id, request.jump_device_id)
        values |= {"jump_device_id": jump, "jump_key": "" if jump is None else str(jump)}
    if isinstance(request, DeviceUpdate) and "owner_id" in fields:
        values["owner_id"] = checked_owner(db, request.owner_id)
    return values


def _links_by_hand(device_id: UUID, tags: Sequence[Tag]) -> list[Link]:
    # The default tag is there anyway, and no hand can take it off.
    return [manual_link(device_id, tag.id) for tag in tags if not tag.is_default]


def _replace_links_by_hand(
    db: Session, device_id: UUID, tags: Sequence[Tag]
) -> tuple[list[str], list[str]]:
    """Make these the tags put on by hand, and return the names of those before and now."""
    by_hand = (DeviceTag.device_id == device_id, DeviceTag.source == LinkSource.MANUAL)
    held = select(Tag.id, Tag.name).join(DeviceTag, DeviceTag.tag_id == Tag.id).where(*by_hand)
    before = {row.id: row.name for row in db.execute(held.order_by(Tag.name_key, Tag.id))}
    links = _links_by_hand(device_id, tags)
    gone = sorted(before.keys() - {link["tag_id"] for link in links})
    if gone:
        removal = delete(DeviceTag).where(*by_hand, DeviceTag.tag_id.in_(gone))
        db.execute(removal.execution_options(synchronize_session=False))
    add_links(db, [link for link in links if link["tag_id"] not in before])
    return list(before.values()), [tag.name for tag in tags if not tag.is_default]


def _advance(
    db: Session,
    device_id: Id,
    seen_at: InstrumentedAttribute[datetime | None],
    *,
    values: Mapping[str, object],
    moment: datetime,
) -> Device | None:
    """Set what was seen at `moment` unless something newer is known; `updated_at` stays."""
    device = as_uuid(device_id)
    is_newer = or_(seen_at.is_(None), seen_at <= moment)
    advanced = update(Device).where(Device.id == device, is_newer)
    stamped = advanced.values(**values, updated_at=Device.updated_at)
    db.execute(stamped.execution_options(synchronize_session=False))
    return db.scalar(loaded(select(Device).where(Device.id == device)))


def _audit(
    db: Session,
    event_name: str,
    row: Device,
    *,
    description: str,
    after: Mapping[str, object],
    before: Mapping[str, object] | None = None,
) -> None:
    changes = told_changes(before or {}, after)
    if changes:
        audit(
            db,
            event_name=event_name,
            target_type="device",
            target_id=row.id,
            target_name=row.hostname,
            description=f"{description} {row.hostname}",
            changes=changes,
        )
