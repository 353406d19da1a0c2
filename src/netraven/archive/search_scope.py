"""Where a search looks: the series that somebody may see and asked for, a batch at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from netraven.admin.visibility import visible_devices
from netraven.archive.series import Series
from netraven.archive.weave_frame import StoredPast, StoredWeave
from netraven.archive.weave_standing import IS_NEWEST, IS_WEAVE, NEWEST, Standing
from netraven.archive.weave_store import load_past
from netraven.db import Id, as_uuid, operation
from netraven.db.engine import SEND_AS_BYTES
from netraven.errors import Invalid
from netraven.inventory.platforms import get_platforms
from netraven.models import BackupCounter, Device, DeviceTag, History, Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """Which series are searched; None and empty mean all. A device has any of the tags.

    `devices` and `tags` are ids, `platforms` NetRaven's names.
    """

    devices: Collection[Id] | None = None
    tags: Collection[Id] | None = None
    platforms: Collection[str] | None = None
    config_type: str | None = None
    visible_to: Id | None = None


class Place(NamedTuple):
    """Where in the order of series, by hostname and configuration type, a search stands."""

    hostname_key: str
    config_type: str


class Searched(NamedTuple):
    """A series to be searched: whose it is, where its weave stands, and the weave, if any.

    Nearly none has parts of its past.
    """

    hostname: str
    place: Place
    standing: Standing
    weave: StoredWeave | None
    past: Sequence[StoredPast] = ()


@operation
def check_scope(db: Session, scope: SearchScope) -> None:
    """Raise Invalid for devices (unknown, or not to be seen), tags and platforms that are none."""
    if scope.devices:
        wanted = {as_uuid(each) for each in scope.devices}
        seen = select(Device.id).where(Device.id.in_(wanted - {None}))
        if scope.visible_to is not None:
            seen = seen.where(visible_devices(scope.visible_to))
        _check_all("devices", "device", wanted, db.scalars(seen).all())
    if scope.tags:
        wanted = {as_uuid(each) for each in scope.tags}
        known = db.scalars(select(Tag.id).where(Tag.id.in_(wanted - {None}))).all()
        _check_all("tags", "tag", wanted, known)
    platforms = get_platforms(db)
    for name in scope.platforms or ():
        if platforms.get(name) is None:
            raise Invalid("platforms", f"{name} is not a known platform")


@operation
def count_series(db: Session, scope: SearchScope) -> int:
    """Return how many series a search goes through, before it knows their weaves."""
    counted = select(func.count()).select_from(BackupCounter)
    counted = counted.join(Device, Device.id == BackupCounter.device_id)
    conditions = _conditions(scope, Device.device_type)
    return db.scalars(counted.where(*conditions, BackupCounter.last_version > 0)).one()


@operation
def load_searched(
    db: Session, scope: SearchScope, *, after: Place | None, is_there_too: bool, limit: int
) -> Sequence[Searched]:
    """Return up to `limit` series behind a place, or from there on, with their sealed weaves."""
    page = _SEARCHED.where(*_conditions(scope, NEWEST.device_type)).limit(limit)
    # Even at the start: SQLite, which knows no statistics here, would else sort all rows first.
    reached = (after.hostname_key, after.config_type) if after is not None else ("", "")
    page = page.where(_PLACE.__ge__(reached) if is_there_too else _PLACE.__gt__(reached))
    found = [_searched(row) for row in db.execute(page)]
    past = load_past(db, {each.standing.series for each in found})
    if not past:
        return found
    return [each._replace(past=past.get(each.standing.series, ())) for each in found]


@operation
def load_one(db: Session, series: Series) -> Searched | None:
    """Return a series with its sealed weave, but not its past; None without any version."""
    row = db.execute(_ONE, {"device_id": series[0], "config_type": series[1]}).first()
    return None if row is None else _searched(row)


_PLACE = tuple_(Device.hostname_key, BackupCounter.config_type)


def _check_all(field: str, noun: str, wanted: set[UUID | None], known: Sequence[UUID]) -> None:
    if len(known) < len(wanted):
        raise Invalid(field, f"one of them is no {noun} that you can see")


def _conditions(
    scope: SearchScope, device_type: InstrumentedAttribute[str]
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if scope.visible_to is not None:
        conditions.append(visible_devices(scope.visible_to))
    if scope.devices:
        ids = [as_uuid(each) for each in scope.devices]
        conditions.append(Device.id.in_([each for each in ids if each is not None]))
    if scope.tags:
        ids = [as_uuid(each) for each in scope.tags]
        tagged = select(DeviceTag.device_id).where(
            DeviceTag.tag_id.in_([each for each in ids if each is not None])
        )
        conditions.append(Device.id.in_(tagged))
    if scope.platforms:
        conditions.append(device_type.in_(scope.platforms))
    if scope.config_type:
        conditions.append(BackupCounter.config_type == scope.config_type)
    return conditions


def _select_searched() -> Select[UUID, str, str, str, int | None, str, int, str, int, bytes]:
    columns = (
        Device.id,
        Device.hostname,
        Device.hostname_key,
        BackupCounter.config_type,
        NEWEST.version,
        NEWEST.device_type,
        History.last_version,
        History.view_rev,
        History.format,
        History.data,
    )
    joined = (
        select(*columns)
        .select_from(Device)
        .join(BackupCounter, BackupCounter.device_id == Device.id)
    )
    joined = joined.join(NEWEST, IS_NEWEST).outerjoin(History, IS_WEAVE)
    joined = joined.order_by(Device.hostname_key, BackupCounter.config_type)
    return joined.execution_options(**SEND_AS_BYTES)


def _searched(
    row: Row[
        UUID, str, str, str, int | None, str, int | None, str | None, int | None, bytes | None
    ],
) -> Searched:
    device_id, hostname, hostname_key, config_type, newest, device_type, woven, rev, form, data = (
        row
    )
    standing = Standing(device_id, config_type, newest, device_type, woven, rev, form)
    weave = None
    if woven is not None and rev is not None and form is not None and data is not None:
        weave = StoredWeave(device_id, config_type, woven, rev, form, data)
    return Searched(hostname, Place(hostname_key, config_type), standing, weave)


_SEARCHED = _select_searched()
_ONE = _SEARCHED.where(
    Device.id == bindparam("device_id"), BackupCounter.config_type == bindparam("config_type")
)
