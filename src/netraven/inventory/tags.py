"""Tags and the links by hand between tags and devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from netraven.admin.audit import audit
from netraven.admin.changes import told_changes
from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, guarded, name_key, new_id, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import LinkSource, TargetKind
from netraven.db.paging import Place, check_page, contains
from netraven.db.types import JsonValue, absent, bounded_key, well_formed
from netraven.errors import InUse
from netraven.inventory.device_queries import BY_HOSTNAME, loaded, owned_by
from netraven.inventory.tag_links import (
    add_links,
    ensure_default_tag,
    link_default_tag,
    manual_link,
)
from netraven.models import Device, DeviceTag, ScheduledJob, ScheduledJobTag, Tag, TagRule
from netraven.schemas.tag import (
    MAX_TAG_NAME,
    BulkFailure,
    BulkTagCounts,
    BulkTagResult,
    BulkUntagResult,
    TagCreate,
    TagUpdate,
)


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
    _set_device_counts(db, tags, is_counted=include_device_count)
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
    if tag is not None:
        _set_device_counts(db, [tag], is_counted=include_device_count)
    return tag


@operation
def get_tag_by_name(db: Session, name: str) -> Tag | None:
    """Return the tag of this name, case ignored, or None."""
    return db.scalar(select(Tag).where(Tag.name_key == name_key(name.strip())))


@operation
def initialize_default_tag(db: Session) -> Tag:
    """Return the default tag, made if missing and put on devices that lack it."""
    is_new = db.scalar(select(Tag.id).where(Tag.is_default.is_(True))) is None
    with guarded(db):
        tag = ensure_default_tag(db)
        linked = link_default_tag(db, tag)
    if is_new or linked:
        changes: dict[str, JsonValue] = {"devices": {"after": linked}}
        _audit(db, "default_tag_initialized", tag, changes)
    return tag


@operation
def create_tag(db: Session, tag: TagCreate) -> Tag:
    """Make a tag; raises Conflict("name")."""
    row = Tag(
        id=new_id(),
        name_key=bounded_key(tag.name, MAX_TAG_NAME),
        is_default=False,
        **tag.model_dump(),
    )
    with guarded(db):
        db.add(row)
    _audit(db, "tag_created", row, told_changes({}, {"name": row.name, "color": row.color}))
    return row


@operation
def update_tag(db: Session, tag_id: Id, tag: TagUpdate) -> Tag | None:
    """Change the given fields; None without a row. Raises Conflict("name")."""
    row = _locked(db, tag_id)
    if row is None:
        return None
    given = tag.model_dump(exclude_unset=True)
    if "name" in given:
        given["name_key"] = bounded_key(tag.name, MAX_TAG_NAME)
    before = {name: getattr(row, name) for name in given}
    changed = {name: value for name, value in given.items() if before[name] != value}
    if not changed:
        return row
    with guarded(db):
        for name, value in changed.items():
            setattr(row, name, value)
    _audit(db, "tag_updated", row, told_changes(before, changed))
    return row


@operation
def delete_tag(db: Session, tag_id: Id) -> bool:
    """Remove the tag with its rules and links; False if there is none.

    An enabled schedule over tags that listed only this one is disabled. Raises InUse for the
    default tag.
    """
    row = _locked(db, tag_id)
    if row is None:
        return False
    if row.is_default:
        raise InUse(f"the tag {row.name} is on every device and cannot be deleted")
    with guarded(db):
        _end_emptied_schedules(db, row)
        db.execute(delete(Tag).where(Tag.id == row.id))
    _audit(db, "tag_deleted", row, {"name": {"before": row.name, "after": None}})
    return True


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
    after: Place | None = None,
) -> list[Device]:
    """Return the devices that carry the tag by hostname, each once, relations loaded.

    With `after`, a place in `BY_HOSTNAME`, the page begins behind it.
    """
    check_page(skip, limit)
    wanted = select(Device).where(*_tagged(tag_id, owner_id, visible_to))
    page = BY_HOSTNAME.page(wanted, skip=skip, limit=limit, after=after)
    return list(db.scalars(loaded(page)))


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
    pairs = _present(db, [device_id], [tag_id])
    if pairs.failures:
        return False
    if _link_by_hand(db, pairs):
        _audit_pair(db, "tag_assigned", pairs, after=True)
    return True


@operation
def remove_tag_from_device(db: Session, device_id: Id, tag_id: Id) -> bool:
    """Take the link by hand away; False if either is absent, True also when not linked.

    Raises InUse for the default tag and for a tag that an active rule gives.
    """
    pairs = _present(db, [device_id], [tag_id])
    if pairs.failures:
        return False
    protected = _protected(db, pairs)
    if protected:
        raise InUse(protected[0]["reason"])
    if _unlink_by_hand(db, pairs, protected):
        _audit_pair(db, "tag_unassigned", pairs, after=False)
    return True


@operation
def bulk_add_tags_to_devices(
    db: Session, *, device_ids: Sequence[Id], tag_ids: Sequence[Id]
) -> BulkTagResult:
    """Link every device with every tag by hand; absent ids are one failure each."""
    pairs = _present(db, device_ids, tag_ids)
    added = _link_by_hand(db, pairs)
    if added:
        _audit_pairs(db, "tags_assigned", pairs, added)
    return {**pairs.counts(added, pairs.failures), "already_present": pairs.number - added}


@operation
def bulk_remove_tags_from_devices(
    db: Session, *, device_ids: Sequence[Id], tag_ids: Sequence[Id]
) -> BulkUntagResult:
    """Take links by hand away; protected pairs and absent ids are failures, the rest is done."""
    pairs = _present(db, device_ids, tag_ids)
    protected = _protected(db, pairs)
    removed = _unlink_by_hand(db, pairs, protected)
    if removed:
        _audit_pairs(db, "tags_unassigned", pairs, removed)
    failures = [*pairs.failures, *protected]
    never = pairs.number - len(protected) - removed
    return {**pairs.counts(removed, failures), "not_present": never}


def _filters(search: str | None) -> list[ColumnElement[bool]]:
    wanted = search.strip() if search is not None else ""
    return [contains(Tag.name, wanted)] if wanted else []


def _locked(db: Session, tag_id: Id) -> Tag | None:
    wanted = select(Tag).where(Tag.id == as_uuid(tag_id)).with_for_update()
    return db.scalar(wanted.execution_options(populate_existing=True))


def _set_device_counts(db: Session, tags: Sequence[Tag], *, is_counted: bool) -> None:
    """Give each tag the number of its devices, or None where nobody asked."""
    counts: dict[UUID, int] = {}
    if is_counted:
        number = func.count(DeviceTag.device_id.distinct())
        grouped = select(DeviceTag.tag_id, number).group_by(DeviceTag.tag_id)
        of_tags = grouped.where(DeviceTag.tag_id.in_([tag.id for tag in tags]))
        counts = {row[0]: row[1] for row in db.execute(of_tags)}
    for tag in tags:
        tag.device_count = counts.get(tag.id, 0) if is_counted else None


def _tagged(
    tag_id: Id, owner_id: Id | None, visible_to: Id | None
) -> Iterator[ColumnElement[bool]]:
    linked = select(DeviceTag.device_id).where(DeviceTag.tag_id == as_uuid(tag_id))
    yield Device.id.in_(linked)
    if owner_id is not None and str(owner_id).strip():
        yield owned_by(owner_id)
    if visible_to is not None:
        yield visible_devices(visible_to)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The devices and tags of a call that exist, by id, and a failure for each that does not."""

    devices: dict[UUID, str]
    tags: dict[UUID, Tag]
    failures: list[BulkFailure]

    @property
    def number(self) -> int:
        return len(self.devices) * len(self.tags)

    def counts(self, done: int, failures: list[BulkFailure]) -> BulkTagCounts:
        return BulkTagCounts(
            success=not failures,
            device_count=len(self.devices),
            tag_count=len(self.tags),
            successful_operations=done,
            failed_operations=len(failures),
            failures=failures,
        )


def _present(db: Session, device_ids: Sequence[Id], tag_ids: Sequence[Id]) -> _Pairs:
    """Return what is there, locked against deletion until the transaction ends."""
    devices: dict[UUID, str] = {}
    for chunk in in_chunks(well_formed(device_ids)):
        wanted = select(Device.id, Device.hostname).where(Device.id.in_(chunk))
        kept = wanted.order_by(Device.id).with_for_update(read=True, key_share=True)
        devices |= {row.id: row.hostname for row in db.execute(kept)}
    tags: dict[UUID, Tag] = {}
    for chunk in in_chunks(well_formed(tag_ids)):
        wanted_tags = select(Tag).where(Tag.id.in_(chunk)).order_by(Tag.id)
        found = db.scalars(wanted_tags.with_for_update(read=True, key_share=True))
        tags |= {tag.id: tag for tag in found}
    failures = [
        BulkFailure(device_id=known, tag_id=None, reason=f"there is no device {given}")
        for given, known in absent(device_ids, devices)
    ]
    failures += [
        BulkFailure(device_id=None, tag_id=known, reason=f"there is no tag {given}")
        for given, known in absent(tag_ids, tags)
    ]
    return _Pairs(devices, tags, failures)


def _link_by_hand(db: Session, pairs: _Pairs) -> int:
    """Link what is not linked by hand yet, and return how many links that were."""
    # The default tag is on every device already.
    by_hand = [tag for tag in pairs.tags.values() if not tag.is_default]
    added = 0
    with guarded(db):
        for chunk in in_chunks(pairs.devices):
            links = [manual_link(device_id, tag.id) for device_id in chunk for tag in by_hand]
            added += add_links(db, links)
    return added


def _unlink_by_hand(db: Session, pairs: _Pairs, protected: Sequence[BulkFailure]) -> int:
    """Remove links by hand except of protected pairs, and return how many links that were."""
    kept = {(failure["device_id"], failure["tag_id"]) for failure in protected}
    removed = 0
    for tag_id in pairs.tags:
        free = (device_id for device_id in pairs.devices if (device_id, tag_id) not in kept)
        for chunk in in_chunks(free):
            by_hand = (DeviceTag.tag_id == tag_id, DeviceTag.source == LinkSource.MANUAL)
            removal = delete(DeviceTag).where(*by_hand, DeviceTag.device_id.in_(chunk))
            gone = db.execute(
                removal.returning(DeviceTag.device_id).execution_options(synchronize_session=False)
            )
            removed += len(gone.all())
    return removed


def _protected(db: Session, pairs: _Pairs) -> list[BulkFailure]:
    """Return one failure for each pair that the default tag or an active rule holds."""
    held: dict[tuple[UUID, UUID], str] = {}
    for chunk in in_chunks(pairs.devices):
        for tag in pairs.tags.values():
            if tag.is_default:
                reason = f"the tag {tag.name} is on every device"
                held |= {(device_id, tag.id): reason for device_id in chunk}
        ruled = (
            select(DeviceTag.device_id, DeviceTag.tag_id, TagRule.name)
            .join(TagRule, TagRule.id == DeviceTag.rule_id)
            .where(TagRule.is_active.is_(True), DeviceTag.device_id.in_(chunk))
            .where(DeviceTag.tag_id.in_(pairs.tags))
        )
        for row in db.execute(ruled):
            reason = f"the rule {row.name} gives the tag {pairs.tags[row.tag_id].name}; change it"
            held.setdefault((row.device_id, row.tag_id), reason)
    return [
        BulkFailure(device_id=device_id, tag_id=tag_id, reason=reason)
        for (device_id, tag_id), reason in held.items()
    ]


def _end_emptied_schedules(db: Session, tag: Tag) -> None:
    """Disable schedules over listed tags that list only this one."""
    of_tag = select(ScheduledJobTag.scheduled_job_id).where(ScheduledJobTag.tag_id == tag.id)
    listing = select(ScheduledJob.id).where(
        ScheduledJob.id.in_(of_tag),
        ScheduledJob.targets == TargetKind.TAGS,
        ScheduledJob.enabled.is_(True),
    )
    # Locked before they are counted: two deletions at a time could each leave the other's tag.
    locked = db.scalars(listing.order_by(ScheduledJob.id).with_for_update()).all()
    other = exists().where(
        ScheduledJobTag.scheduled_job_id == ScheduledJob.id, ScheduledJobTag.tag_id != tag.id
    )
    emptied = (
        update(ScheduledJob)
        .where(ScheduledJob.id.in_(locked), ~other)
        .values(enabled=False, next_run=None, revision=ScheduledJob.revision + 1)
    )
    db.execute(emptied.execution_options(synchronize_session=False))


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


def _audit_pair(db: Session, event_name: str, pairs: _Pairs, *, after: bool) -> None:
    ((device_id, hostname),) = pairs.devices.items()
    (tag,) = pairs.tags.values()
    audit(
        db,
        event_name=event_name,
        target_type="device",
        target_id=device_id,
        target_name=hostname,
        description=f"{event_name.replace('_', ' ')}: {tag.name} on {hostname}",
        changes={f"tag {tag.name}": {"before": not after, "after": after}},
    )


def _audit_pairs(db: Session, event_name: str, pairs: _Pairs, links: int) -> None:
    tags = [tag.name for tag in pairs.tags.values()]
    audit(
        db,
        event_name=event_name,
        target_type="tag",
        target_id=None,
        target_name=f"{len(tags)} tags on {len(pairs.devices)} devices",
        description=f"{event_name.replace('_', ' ')}: {links} links",
        changes={"tags": list(tags), "devices": len(pairs.devices), "links": links},
    )
