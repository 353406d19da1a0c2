"""Tags and the links by hand between tags and devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session, selectinload

from netraven.admin.audit import audit
from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, guarded, insert_into, name_key, new_id, operation
from netraven.db.enums import LinkSource
from netraven.db.paging import check_page, contains
from netraven.db.types import JsonValue
from netraven.errors import InUse
from netraven.models import Device, DeviceTag, Tag, TagRule
from netraven.schemas.tag import TagCreate, TagUpdate

DEFAULT_TAG = "default"


class BulkFailure(TypedDict):
    """One pair, or one absent id, that a bulk call could not serve."""

    device_id: UUID | None
    tag_id: UUID | None
    reason: str


class BulkTagResult(TypedDict):
    """What a bulk call did to the pairs of devices and tags."""

    success: bool
    device_count: int
    tag_count: int
    successful_operations: int
    already_present: int
    failed_operations: int
    failures: list[BulkFailure]


class BulkUntagResult(TypedDict):
    """What a bulk removal did to the pairs of devices and tags."""

    success: bool
    device_count: int
    tag_count: int
    successful_operations: int
    not_present: int
    failed_operations: int
    failures: list[BulkFailure]


@operation
def get_tags(
    db: Session,
    skip: int = 0,
    limit: int = 100,
    include_device_count: bool = True,  # noqa: FBT001, FBT002  the contract fixes this signature
    *,
    search: str | None = None,
) -> list[Tag]:
    """Return tags by name, with the number of their devices when asked for."""
    check_page(skip, limit)
    wanted = select(Tag).where(*_filters(search)).order_by(Tag.name_key, Tag.id)
    tags = list(db.scalars(wanted.offset(skip).limit(limit)))
    if include_device_count:
        _count_devices(db, tags)
    return tags


@operation
def count_tags(db: Session, *, search: str | None = None) -> int:
    """Return how many tags `get_tags` would list without paging."""
    return db.scalars(select(func.count()).select_from(Tag).where(*_filters(search))).one()


@operation
def get_tag(
    db: Session,
    tag_id: Id,
    include_device_count: bool = True,  # noqa: FBT001, FBT002  the contract fixes this signature
) -> Tag | None:
    """Return the tag, or None."""
    tag = db.scalar(select(Tag).where(Tag.id == as_uuid(tag_id)))
    if tag is not None and include_device_count:
        _count_devices(db, [tag])
    return tag


@operation
def get_tag_by_name(db: Session, name: str) -> Tag | None:
    """Return the tag of this name, case ignored, or None."""
    return db.scalar(select(Tag).where(Tag.name_key == name_key(name)))


@operation
def initialize_default_tag(db: Session) -> Tag:
    """Return the default tag, made if missing and put on devices that lack it."""
    found = db.scalar(select(Tag).where(Tag.is_default.is_(True)))
    if found is not None:
        return found
    values = {"id": new_id(), "name": DEFAULT_TAG, "name_key": DEFAULT_TAG, "is_default": True}
    db.execute(insert_into(db, Tag).values(values).on_conflict_do_nothing())
    tag = db.scalars(select(Tag).where(Tag.name_key == DEFAULT_TAG)).one()
    tag.is_default = True
    linked = exists().where(DeviceTag.device_id == Device.id, DeviceTag.tag_id == tag.id)
    db.add_all(
        DeviceTag(device_id=device_id, tag_id=tag.id, source=LinkSource.DEFAULT, rule_key="")
        for device_id in db.scalars(select(Device.id).where(~linked))
    )
    db.flush()
    return tag


@operation
def create_tag(db: Session, tag: TagCreate) -> Tag:
    """Make a tag; raises Conflict("name")."""
    row = Tag(id=new_id(), name_key=name_key(tag.name), is_default=False, **tag.model_dump())
    with guarded(db):
        db.add(row)
    _audit(db, "tag_created", row, {"name": [None, row.name]})
    return row


@operation
def update_tag(db: Session, tag_id: Id, tag: TagUpdate) -> Tag | None:
    """Change the given fields; None without a row. Raises Conflict("name")."""
    row = db.scalar(select(Tag).where(Tag.id == as_uuid(tag_id)).with_for_update())
    if row is None:
        return None
    given = tag.model_dump(exclude_unset=True)
    changed = {name: value for name, value in given.items() if getattr(row, name) != value}
    if not changed:
        return row
    changes: dict[str, JsonValue] = {
        name: [getattr(row, name), value] for name, value in changed.items()
    }
    with guarded(db):
        for name, value in changed.items():
            setattr(row, name, value)
        row.name_key = name_key(row.name)
    _audit(db, "tag_updated", row, changes)
    return row


@operation
def get_tags_for_device(db: Session, device_id: Id) -> list[Tag]:
    """Return the device's tags by name, each once."""
    linked = exists().where(DeviceTag.tag_id == Tag.id, DeviceTag.device_id == as_uuid(device_id))
    return list(db.scalars(select(Tag).where(linked).order_by(Tag.name_key, Tag.id)))


@operation
def get_devices_for_tag(  # noqa: PLR0917  the contract fixes this signature
    db: Session,
    tag_id: Id,
    skip: int = 0,
    limit: int = 100,
    owner_id: Id | None = None,
    *,
    visible_to: Id | None = None,
) -> list[Device]:
    """Return the devices that carry the tag by hostname, each once, relations loaded."""
    check_page(skip, limit)
    wanted = select(Device).where(*_tagged(tag_id, owner_id, visible_to))
    ordered = wanted.order_by(Device.hostname_key, Device.id).offset(skip).limit(limit)
    relations = (Device.tags, Device.owner, Device.credential)
    return list(db.scalars(ordered.options(*(selectinload(each) for each in relations))))


@operation
def count_devices_for_tag(
    db: Session, tag_id: Id, owner_id: Id | None = None, *, visible_to: Id | None = None
) -> int:
    """Return how many devices `get_devices_for_tag` would list without paging."""
    wanted = select(func.count()).select_from(Device)
    return db.scalars(wanted.where(*_tagged(tag_id, owner_id, visible_to))).one()


@operation
def add_tag_to_device(db: Session, device_id: Id, tag_id: Id) -> bool:
    """Link by hand; False if either is absent, True also when linked already."""
    result = bulk_add_tags_to_devices(db, device_ids=[device_id], tag_ids=[tag_id])
    if result["successful_operations"]:
        _audit_links(db, "tag_assigned", result["device_count"], tag_id)
    return result["success"]


@operation
def remove_tag_from_device(db: Session, device_id: Id, tag_id: Id) -> bool:
    """Take the link by hand away; False if either is absent, True also when not linked.

    Raises InUse for the default tag and for a tag that an active rule gives.
    """
    result = bulk_remove_tags_from_devices(db, device_ids=[device_id], tag_ids=[tag_id])
    protected = [f["reason"] for f in result["failures"] if f["device_id"] and f["tag_id"]]
    if protected:
        raise InUse(protected[0])
    if result["successful_operations"]:
        _audit_links(db, "tag_unassigned", result["device_count"], tag_id)
    return result["success"]


@operation
def bulk_add_tags_to_devices(
    db: Session, *, device_ids: Sequence[Id], tag_ids: Sequence[Id]
) -> BulkTagResult:
    """Link every device with every tag by hand; absent ids are one failure each."""
    devices, tags, failures = _present(db, device_ids, tag_ids)
    linked = _links(db, devices, tags)
    already = added = 0
    for device in devices:
        for tag in tags.values():
            if linked.get((device, tag.id), set()) & {LinkSource.MANUAL, LinkSource.DEFAULT}:
                already += 1
                continue
            db.add(_link(device, tag.id))
            added += 1
    with guarded(db):
        pass
    if added:
        _audit_links(db, "tags_assigned", len(devices), *tags)
    return BulkTagResult(
        success=not failures,
        device_count=len(devices),
        tag_count=len(tags),
        successful_operations=added,
        already_present=already,
        failed_operations=len(failures),
        failures=failures,
    )


@operation
def bulk_remove_tags_from_devices(
    db: Session, *, device_ids: Sequence[Id], tag_ids: Sequence[Id]
) -> BulkUntagResult:
    """Take links by hand away; protected pairs and absent ids are failures, the rest is done."""
    devices, tags, failures = _present(db, device_ids, tag_ids)
    linked = _links(db, devices, tags)
    ruled = _ruled(db, devices, tags)
    absent = removed = 0
    for device in devices:
        for tag in tags.values():
            if tag.is_default or (device, tag.id) in ruled:
                reason = _protection(tag)
                failures.append(BulkFailure(device_id=device, tag_id=tag.id, reason=reason))
            elif LinkSource.MANUAL not in linked.get((device, tag.id), set()):
                absent += 1
            else:
                _unlink(db, device, tag.id)
                removed += 1
    if removed:
        _audit_links(db, "tags_unassigned", len(devices), *tags)
    return BulkUntagResult(
        success=not failures,
        device_count=len(devices),
        tag_count=len(tags),
        successful_operations=removed,
        not_present=absent,
        failed_operations=len(failures),
        failures=failures,
    )


def _filters(search: str | None) -> list[ColumnElement[bool]]:
    return [contains(Tag.name, search)] if search is not None and search.strip() else []


def _count_devices(db: Session, tags: Sequence[Tag]) -> None:
    of_tags = DeviceTag.tag_id.in_([tag.id for tag in tags])
    counted = select(DeviceTag.tag_id, func.count(DeviceTag.device_id.distinct()))
    counts = {
        row[0]: row[1] for row in db.execute(counted.where(of_tags).group_by(DeviceTag.tag_id))
    }
    for tag in tags:
        tag.device_count = counts.get(tag.id, 0)


def _tagged(
    tag_id: Id, owner_id: Id | None, visible_to: Id | None
) -> Iterator[ColumnElement[bool]]:
    yield exists().where(DeviceTag.device_id == Device.id, DeviceTag.tag_id == as_uuid(tag_id))
    if owner_id is not None:
        yield Device.owner_id == as_uuid(owner_id)
    if visible_to is not None:
        yield visible_devices(visible_to)


def _present(
    db: Session, device_ids: Sequence[Id], tag_ids: Sequence[Id]
) -> tuple[list[UUID], dict[UUID, Tag], list[BulkFailure]]:
    """Return the devices and tags that exist, each once, and a failure for each that does not."""
    wanted_devices = {as_uuid(device_id): device_id for device_id in device_ids}
    wanted_tags = {as_uuid(tag_id): tag_id for tag_id in tag_ids}
    known_devices = [device_id for device_id in wanted_devices if device_id]
    known_tags = [tag_id for tag_id in wanted_tags if tag_id]
    devices = list(db.scalars(select(Device.id).where(Device.id.in_(known_devices))))
    tags = {tag.id: tag for tag in db.scalars(select(Tag).where(Tag.id.in_(known_tags)))}
    failures = [
        BulkFailure(device_id=device_id, tag_id=None, reason=f"there is no device {given}")
        for device_id, given in wanted_devices.items()
        if device_id not in devices
    ]
    failures += [
        BulkFailure(device_id=None, tag_id=tag_id, reason=f"there is no tag {given}")
        for tag_id, given in wanted_tags.items()
        if tag_id not in tags
    ]
    return sorted(devices), tags, failures


def _links(
    db: Session, devices: Sequence[UUID], tags: dict[UUID, Tag]
) -> dict[tuple[UUID, UUID], set[LinkSource]]:
    wanted = select(DeviceTag).where(
        DeviceTag.device_id.in_(devices), DeviceTag.tag_id.in_(list(tags))
    )
    links: dict[tuple[UUID, UUID], set[LinkSource]] = {}
    for link in db.scalars(wanted):
        links.setdefault((link.device_id, link.tag_id), set()).add(link.source)
    return links


def _ruled(db: Session, devices: Sequence[UUID], tags: dict[UUID, Tag]) -> set[tuple[UUID, UUID]]:
    """Return the pairs that an active rule holds."""
    wanted = (
        select(DeviceTag.device_id, DeviceTag.tag_id)
        .join(TagRule, TagRule.id == DeviceTag.rule_id)
        .where(TagRule.is_active.is_(True), DeviceTag.device_id.in_(devices))
        .where(DeviceTag.tag_id.in_(list(tags)))
    )
    return {(row[0], row[1]) for row in db.execute(wanted)}


def _protection(tag: Tag) -> str:
    if tag.is_default:
        return f"the tag {tag.name} is on every device"
    return f"a rule gives the tag {tag.name}; change the rule"


def _link(device_id: UUID, tag_id: UUID) -> DeviceTag:
    return DeviceTag(device_id=device_id, tag_id=tag_id, source=LinkSource.MANUAL, rule_key="")


def _unlink(db: Session, device_id: UUID, tag_id: UUID) -> None:
    db.execute(
        delete(DeviceTag).where(
            DeviceTag.device_id == device_id,
            DeviceTag.tag_id == tag_id,
            DeviceTag.source == LinkSource.MANUAL,
        )
    )


def _audit(db: Session, event_name: str, tag: Tag, changes: dict[str, JsonValue]) -> None:
    audit(
        db,
        event_name=event_name,
        target_type="tag",
        target_id=tag.id,
        target_name=tag.name,
        description=f"{event_name.replace('_', ' ')}: {tag.name}",
        changes=changes,
    )


def _audit_links(db: Session, event_name: str, device_count: int, *tag_ids: Id) -> None:
    audit(
        db,
        event_name=event_name,
        target_type="tag",
        target_id=tag_ids[0] if len(tag_ids) == 1 else None,
        target_name=f"{len(tag_ids)} tags on {device_count} devices",
        description=event_name.replace("_", " "),
        changes={"tag_ids": [str(tag_id) for tag_id in tag_ids]},
    )
