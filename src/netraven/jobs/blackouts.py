"""Black-outs: kept, found, deleted; and whom they hold back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.changes import told_changes
from netraven.admin.settings import get_setting_value
from netraven.clock import as_utc
from netraven.db import Id, as_uuid, get_actor, guarded, name_key, new_id, operation
from netraven.db.enums import HoldBack
from netraven.db.paging import check_page
from netraven.db.types import JsonValue, bounded_key
from netraven.errors import Invalid
from netraven.jobs.waits import ask_all_again
from netraven.jobs.windows import Window, free_at
from netraven.models import Blackout, DeviceTag, Tag
from netraven.nextrun import checked_weekdays, checked_zone
from netraven.schemas.blackout import MAX_BLACKOUT_NAME, BlackoutCreate


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why a device is left alone: by which black-out, how, and until when it is in one."""

    name: str
    hold_back: HoldBack
    until: datetime


@operation
def get_blackout(db: Session, blackout_id: Id) -> Blackout | None:
    """Return the black-out with its tag, or None."""
    return db.scalar(_loaded().where(Blackout.id == as_uuid(blackout_id)))


@operation
def get_blackout_by_name(db: Session, name: str) -> Blackout | None:
    """Return the black-out of this name, case ignored, with its tag, or None."""
    return db.scalar(_loaded().where(Blackout.name_key == name_key(name.strip())))


@operation
def get_blackouts(db: Session, skip: int = 0, limit: int = 100) -> list[Blackout]:
    """Return black-outs by name, with their tags."""
    check_page(skip, limit)
    ordered = _loaded().order_by(Blackout.name_key, Blackout.id)
    return list(db.scalars(ordered.offset(skip).limit(limit)))


@operation
def count_blackouts(db: Session) -> int:
    """Return how many black-outs there are."""
    return db.scalars(select(func.count()).select_from(Blackout)).one()


@operation
def create_blackout(
    db: Session, blackout: BlackoutCreate, *, now: datetime | None = None
) -> Blackout:
    """Keep a black-out: from its beginning on schedules leave the tag's devices alone.

    Raises Conflict("name"), Invalid for `tag_id`, for an unknown `timezone`, and for the field of
    times that are missing, passed or of both kinds.
    """
    times = _checked_times(blackout, clock.moment(now))
    tag = db.scalar(select(Tag).where(Tag.id == as_uuid(blackout.tag_id)))
    if tag is None:
        raise Invalid("tag_id", f"there is no tag {blackout.tag_id}")
    default_zone = str(get_setting_value(db, "system.schedule.default_timezone"))
    timezone = blackout.timezone or default_zone
    checked_zone(timezone)
    row = Blackout(
        id=new_id(),
        name=blackout.name,
        name_key=bounded_key(blackout.name, MAX_BLACKOUT_NAME),
        description=blackout.description,
        tag_id=tag.id,
        hold_back=blackout.hold_back,
        timezone=timezone,
        created_by_name=get_actor(db).name,
        **times,
    )
    with guarded(db):
        db.add(row)
    told = {"tag": tag.name, "hold_back": row.hold_back, "timezone": timezone, **times}
    _tell(db, "created", row, told_changes({}, told))
    return db.scalars(_loaded().where(Blackout.id == row.id)).one()


@operation
def delete_blackout(db: Session, blackout_id: Id) -> bool:
    """Delete the black-out; who waits for its end waits no longer. False if there is none."""
    row = db.scalar(_loaded().where(Blackout.id == as_uuid(blackout_id)))
    if row is None:
        return False
    db.delete(row)
    db.flush()
    ask_all_again(db)
    _tell(db, "deleted", row, told_changes({"name": row.name}, {"name": None}))
    return True


@operation
def get_windows(db: Session) -> list[Window]:
    """Return the times of all black-outs, by name."""
    rows = db.scalars(select(Blackout).order_by(Blackout.name_key))
    return [Window.of(row) for row in rows]


@operation
def get_held_back(
    db: Session, device_ids: Collection[UUID], *, now: datetime | None = None
) -> dict[UUID, HeldBack]:
    """Return those of the devices that are in a black-out, each with the one that decides.

    Where one says skip and another wait, the device is skipped. `until` is when the last of
    those that follow each other without a gap ends.
    """
    moment = clock.moment(now)
    windows = get_windows(db)
    active = {window.tag_id for window in windows if window.end_at(moment) is not None}
    if not active:
        return {}
    wanted, tags = set(device_ids), defaultdict[UUID, set[UUID]](set)
    of_windows = DeviceTag.tag_id.in_({window.tag_id for window in windows})
    for device_id, tag_id in db.execute(
        select(DeviceTag.device_id, DeviceTag.tag_id).where(of_windows)
    ):
        if device_id in wanted:
            tags[device_id].add(tag_id)
    judged: dict[frozenset[UUID], HeldBack | None] = {}
    for held in map(frozenset, tags.values()):
        if held not in judged:
            judged[held] = _judge([one for one in windows if one.tag_id in held], moment)
    found = ((device_id, judged[frozenset(held)]) for device_id, held in sorted(tags.items()))
    return {device_id: why for device_id, why in found if why is not None}


def _judge(windows: list[Window], now: datetime) -> HeldBack | None:
    covering = [window for window in windows if window.end_at(now) is not None]
    if not covering:
        return None
    decisive = next((one for one in covering if one.hold_back is HoldBack.SKIP), covering[0])
    return HeldBack(decisive.name, decisive.hold_back, free_at(windows, now))


def _loaded() -> Select[Blackout]:
    loaded = select(Blackout).options(joinedload(Blackout.tag, innerjoin=True))
    return loaded.execution_options(populate_existing=True)


def _checked_times(wanted: BlackoutCreate, now: datetime) -> dict[str, object]:
    """Return the columns of its times, of one kind or the other; raises Invalid."""
    daily = (wanted.from_time, wanted.until_time)
    once = (wanted.starts_at, wanted.ends_at)
    if (any(daily) or wanted.weekdays) and any(once):
        raise Invalid("starts_at", "give times of day, or one beginning and one end, not both")
    if wanted.starts_at is not None and wanted.ends_at is not None:
        starts_at, ends_at = as_utc(wanted.starts_at), as_utc(wanted.ends_at)
        if ends_at <= max(starts_at, now):
            raise Invalid("ends_at", "must be after its beginning, and still to come")
        return {"starts_at": starts_at, "ends_at": ends_at}
    if any(once):
        raise Invalid("ends_at", "a black-out that begins once needs its beginning and its end")
    if wanted.from_time is None or wanted.until_time is None:
        raise Invalid("from_time", "say from when until when: two times of day, or two moments")
    days = checked_weekdays(wanted.weekdays) if wanted.weekdays else ()
    return {
        "from_time": wanted.from_time,
        "until_time": wanted.until_time,
        "weekdays": ",".join(map(str, days)) or None,
    }


def _tell(db: Session, done: str, row: Blackout, changes: dict[str, JsonValue]) -> None:
    audit(
        db,
        event_name=f"blackout_{done}",
        target_type="blackout",
        target_id=row.id,
        target_name=row.name,
        description=f"{done} the black-out {row.name}",
        changes=changes,
    )
