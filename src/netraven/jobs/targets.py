"""Which devices a scheduled job is for: those it lists, those with its tags, or all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, insert, select
from sqlalchemy.orm import Session

from netraven.admin.visibility import visible_devices
from netraven.db import Id, as_uuid, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import TargetKind
from netraven.errors import Invalid
from netraven.inventory.device_queries import loaded
from netraven.models import (
    Device,
    DeviceTag,
    ScheduledJob,
    ScheduledJobDevice,
    ScheduledJobTag,
    Tag,
)

T = TypeVar("T", Device, UUID)

_WORDS = {TargetKind.DEVICES: ("device", "--device"), TargetKind.TAGS: ("tag", "--tag")}


@dataclass(frozen=True, slots=True)
class Targets:
    """What a scheduled job is for; only the list that its kind uses is filled."""

    kind: TargetKind
    device_ids: tuple[UUID, ...] = ()
    tag_ids: tuple[UUID, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it would list something, but all that it listed was deleted."""
        match self.kind:
            case TargetKind.DEVICES:
                return not self.device_ids
            case TargetKind.TAGS:
                return not self.tag_ids
            case TargetKind.ALL:
                return False


@operation
def get_target_devices(db: Session, job_id: Id) -> list[Device]:
    """Return the enabled devices of the schedule that its creator may see, by hostname."""
    job = db.scalar(select(ScheduledJob).where(ScheduledJob.id == as_uuid(job_id)))
    if job is None:
        return []
    wanted = _targeted(select(Device), job).order_by(Device.hostname_key, Device.id)
    return list(db.scalars(loaded(wanted)))


@operation
def get_target_ids(db: Session, job: ScheduledJob) -> list[UUID]:
    """Return the ids of the same devices, without reading more of them."""
    return list(db.scalars(_targeted(select(Device.id), job)))


@operation
def count_unseen_targets(db: Session, job: ScheduledJob) -> int:
    """Return how many enabled devices the schedule is for that its creator may not see."""
    if job.created_by is None:
        return 0
    everybody = _for_anyone(select(Device.id), job).where(~visible_devices(job.created_by))
    return db.scalars(select(func.count()).select_from(everybody.subquery())).one()


@operation
def check_targets(db: Session, wanted: Targets, viewer: Id | None) -> None:
    """Raise Invalid for an empty list, an absent target, or a device the viewer may not see.

    The field is `device_ids` or `tag_ids`.
    """
    for kind, ids, field in (
        (TargetKind.DEVICES, wanted.device_ids, "device_ids"),
        (TargetKind.TAGS, wanted.tag_ids, "tag_ids"),
    ):
        if wanted.kind is kind and not ids:
            raise Invalid(field, "list at least one, or name all devices as the target")
        if wanted.kind is not kind and ids:
            raise Invalid(field, f"a schedule over {wanted.kind} does not use it")
    _check_present(db, wanted.device_ids, viewer)
    known = select(Tag.id).where(Tag.id.in_(wanted.tag_ids))
    absent = set(wanted.tag_ids) - set(db.scalars(known))
    if absent:
        raise Invalid("tag_ids", f"there is no tag {min(absent)}")


def check_not_gone(listed: Targets, name: str) -> None:
    """Raise Invalid where nothing is left of what the schedule of that name lists."""
    if listed.is_empty:
        noun, _ = _WORDS[listed.kind]
        raise Invalid(f"{noun}_ids", all_gone(listed.kind, name))


def all_gone(kind: TargetKind, name: str) -> str:
    """Return what is to be known of a schedule of that name, all of whose targets were deleted."""
    noun, option = _WORDS[kind]
    remedy = f"`netraven schedule change {name} {option} NAME` gives it others"
    return f"every {noun} that {name} listed is gone; {remedy}"


@operation
def replace_targets(db: Session, job_id: UUID, wanted: Targets) -> None:
    """List these devices or tags, and no others, for the schedule."""
    for table, column in (
        (ScheduledJobDevice, ScheduledJobDevice.scheduled_job_id),
        (ScheduledJobTag, ScheduledJobTag.scheduled_job_id),
    ):
        db.execute(delete(table).where(column == job_id))
    devices = ({"scheduled_job_id": job_id, "device_id": one} for one in wanted.device_ids)
    for rows in in_chunks(devices):
        db.execute(insert(ScheduledJobDevice), rows)
    tags = ({"scheduled_job_id": job_id, "tag_id": one} for one in wanted.tag_ids)
    for rows in in_chunks(tags):
        db.execute(insert(ScheduledJobTag), rows)


@operation
def get_targets(db: Session, job: ScheduledJob) -> Targets:
    """Return what the schedule lists now."""
    devices = select(ScheduledJobDevice.device_id).where(
        ScheduledJobDevice.scheduled_job_id == job.id
    )
    tags = select(ScheduledJobTag.tag_id).where(ScheduledJobTag.scheduled_job_id == job.id)
    return Targets(job.targets, tuple(sorted(db.scalars(devices))), tuple(sorted(db.scalars(tags))))


def known_ids(ids: Iterable[Id], *, field: str) -> tuple[UUID, ...]:
    """Return the ids in order, each once; raises Invalid(field) for a malformed one."""
    known: set[UUID] = set()
    for given in ids:
        row_id = as_uuid(given)
        if row_id is None:
            raise Invalid(field, f"there is none with the id {given!r}")
        known.add(row_id)
    return tuple(sorted(known))


def _check_present(db: Session, device_ids: Sequence[UUID], viewer: Id | None) -> None:
    seen: set[UUID] = set()
    for chunk in in_chunks(device_ids):
        wanted = select(Device.id).where(Device.id.in_(chunk))
        seen.update(db.scalars(wanted if viewer is None else wanted.where(visible_devices(viewer))))
    # What a user may not see is as absent for him as what is not there.
    absent = set(device_ids) - seen
    if absent:
        raise Invalid("device_ids", f"there is no device {min(absent)}")


def _targeted(wanted: Select[T], job: ScheduledJob) -> Select[T]:
    found = _for_anyone(wanted, job)
    return found if job.created_by is None else found.where(visible_devices(job.created_by))


def _for_anyone(wanted: Select[T], job: ScheduledJob) -> Select[T]:
    conditions: list[ColumnElement[bool]] = [Device.enabled.is_(True)]
    match job.targets:
        case TargetKind.DEVICES:
            listed = select(ScheduledJobDevice.device_id).where(
                ScheduledJobDevice.scheduled_job_id == job.id
            )
            conditions.append(Device.id.in_(listed))
        case TargetKind.TAGS:
            tagged = (
                select(DeviceTag.device_id)
                .join(ScheduledJobTag, ScheduledJobTag.tag_id == DeviceTag.tag_id)
                .where(ScheduledJobTag.scheduled_job_id == job.id)
            )
            conditions.append(Device.id.in_(tagged))
        case TargetKind.ALL:
            pass
    return wanted.where(*conditions)
