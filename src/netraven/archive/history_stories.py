"""Change stories: what happened to a fleet in a time, told once for all devices it happened to.

Changes of the same shape are one story: the same lines but for numbers, addresses, tokens and
names. Those whose lines are exactly the most frequent ones make its common part, the others are its
deviants. Lines come from the weaves; the database holds keyed hashes only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from netraven import clock
from netraven.admin.visibility import visible_devices
from netraven.archive.search_scope import SearchScope, check_scope
from netraven.archive.series import Series
from netraven.archive.weave_change import changed_lines
from netraven.archive.weave_store import load_weaves, open_parts
from netraven.db import Id, as_uuid, get_keyring, operation
from netraven.db.paging import check_page
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.inventory.platforms import get_platforms
from netraven.models import Backup, BackupChange, Device, DeviceTag


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDevice:
    """A device that a story happened to, with the newest of its versions that tell it."""

    device_id: UUID
    hostname: str
    config_type: str
    version: int
    at: datetime
    author: str | None
    exact: bytes

    @property
    def series(self) -> Series:
        """Return the series that the version is of."""
        return self.device_id, self.config_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviant:
    """A device whose lines are not those of the others; none where they cannot be read now."""

    device: StoryDevice
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One change of many devices: those that got exactly the common lines, and the deviants.

    `lines` begin with `+` or `-`; there are none where no weave can tell them for now. `missing`
    are devices of the tags asked for to which it did not happen in this time.
    """

    began_at: datetime
    ended_at: datetime
    lines: tuple[str, ...]
    same: tuple[StoryDevice, ...]
    deviants: tuple[Deviant, ...]
    missing: tuple[str, ...]

    @property
    def device_count(self) -> int:
        """How many devices it happened to."""
        return len({each.device_id for each in self.same} | _ids(self.deviants))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPage:
    """The stories of a time, those of most devices first, and how many there are in all."""

    stories: tuple[Story, ...]
    total: int


@operation
def change_stories(
    db: Session,
    since: datetime,
    until: datetime | None = None,
    *,
    tags: Collection[Id] | None = None,
    visible_to: Id | None = None,
    skip: int = 0,
    limit: int = 50,
) -> StoryPage:
    """Return what changed from `since` to `until` (now without it), bounds included.

    With tags, only on devices with any of them, and with those to which it did not happen. Raises
    Invalid for `since`, `tags`, `skip` and `limit`, and KeyUnavailable.
    """
    check_page(skip, limit)
    check_scope(db, SearchScope(tags=tags, visible_to=visible_to))
    span = clock.as_utc(since), clock.moment(until)
    if span[0] > span[1]:
        raise Invalid("since", "lies behind `until`")
    wanted = [BackupChange.at >= span[0], BackupChange.at <= span[1]]
    wanted += _of_devices(Backup.device_id, tags, visible_to)
    grouped = db.execute(_shapes(wanted).offset(skip).limit(limit)).all()
    shapes = [row[0] for row in grouped]
    told = _told(db, shapes, wanted)
    everyone = _everyone(db, tags, visible_to) if tags else {}
    lines = _lines(db, told.values())
    return StoryPage(
        stories=tuple(_story(told[shape], lines, everyone) for shape in shapes),
        total=grouped[0][1] if grouped else _count(db, wanted) if skip else 0,
    )


Columns = TypeVarTuple("Columns")

# Lines of so many deviants are told, of each story.
_MOST_DEVIANTS_SHOWN = 5


def _ids(deviants: Iterable[Deviant]) -> set[UUID]:
    return {each.device.device_id for each in deviants}


def _of_devices(
    device: InstrumentedAttribute[UUID], tags: Collection[Id] | None, visible_to: Id | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if tags:
        ids = [as_uuid(each) for each in tags]
        tagged = select(DeviceTag.device_id).where(
            DeviceTag.tag_id.in_([each for each in ids if each is not None])
        )
        conditions.append(device.in_(tagged))
    if visible_to is not None:
        seen = select(Device.id).where(visible_devices(visible_to))
        conditions.append(device.in_(seen))
    return conditions


def _joined(columns: Select[*Columns]) -> Select[*Columns]:
    return columns.select_from(BackupChange).join(Backup, Backup.id == BackupChange.backup_id)


def _shapes(wanted: Sequence[ColumnElement[bool]]) -> Select[bytes, int]:
    """Return the statement of the shapes in their order, each with how many there are in all."""
    devices = func.count(Backup.device_id.distinct())
    counted = select(BackupChange.shape, func.count().over())
    grouped = _joined(counted).where(*wanted).group_by(BackupChange.shape)
    return grouped.order_by(devices.desc(), func.max(BackupChange.at).desc(), BackupChange.shape)


def _count(db: Session, wanted: Sequence[ColumnElement[bool]]) -> int:
    return db.scalars(
        _joined(select(func.count(BackupChange.shape.distinct()))).where(*wanted)
    ).one()


def _told(
    db: Session, shapes: Collection[bytes], wanted: Sequence[ColumnElement[bool]]
) -> Mapping[bytes, list[StoryDevice]]:
    """Return by shape the devices of the stories, each once, in the order of hostnames."""
    columns = select(
        BackupChange.shape,
        Backup.device_id,
        Device.hostname,
        Backup.config_type,
        Backup.version,
        BackupChange.at,
        Backup.author,
        BackupChange.exact,
    )
    ordered = (Device.hostname_key, Backup.config_type, Backup.version)
    found: dict[bytes, dict[Series, StoryDevice]] = {shape: {} for shape in shapes}
    of_devices = _joined(columns).join(Device, Device.id == Backup.device_id)
    rows = of_devices.where(*wanted, BackupChange.shape.in_(shapes)).order_by(*ordered)
    for shape, device_id, hostname, config_type, version, at, author, exact in db.execute(rows):
        found[shape][device_id, config_type] = StoryDevice(
            device_id=device_id,
            hostname=hostname,
            config_type=config_type,
            version=version or 0,
            at=at,
            author=author,
            exact=exact,
        )
    return {shape: [*devices.values()] for shape, devices in found.items()}


def _everyone(db: Session, tags: Collection[Id], visible_to: Id | None) -> Mapping[UUID, str]:
    """Return the names of the devices of these tags, in their order."""
    named = select(Device.id, Device.hostname).where(*_of_devices(Device.id, tags, visible_to))
    return {row[0]: row[1] for row in db.execute(named.order_by(Device.hostname_key))}


def _common(devices: Sequence[StoryDevice]) -> bytes:
    """Return the exact mark of the most, of several the first one."""
    counts = Counter(each.exact for each in devices)
    return max(counts, key=lambda exact: counts[exact])


def _examples(devices: Sequence[StoryDevice]) -> list[StoryDevice]:
    """Return whose lines are to be told: one of the common part, and the first deviants."""
    common = _common(devices)
    same = next(each for each in devices if each.exact == common)
    return [same, *[each for each in devices if each.exact != common][:_MOST_DEVIANTS_SHOWN]]


def _lines(
    db: Session, told: Iterable[Sequence[StoryDevice]]
) -> Mapping[tuple[Series, int], tuple[str, ...]]:
    """Return the changed lines of the examples of stories, by series and version."""
    keyring, platforms = get_keyring(db), get_platforms(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be read")
    wanted: defaultdict[Series, set[int]] = defaultdict(set)
    for devices in told:
        for each in _examples(devices):
            wanted[each.series].add(each.version)
    found: dict[tuple[Series, int], tuple[str, ...]] = {}
    for series, row in load_weaves(db, wanted.keys()).items():
        try:
            parts = open_parts(db, keyring, row)
        except Corrupt:
            continue
        for part in parts:
            for number in wanted[series].intersection(part.kept):
                platform = platforms.get(_device_type(db, series, number))
                found[series, number] = tuple(changed_lines(part.change_of(number), platform))
    return found


def _device_type(db: Session, series: Series, number: int) -> str:
    read_by = select(Backup.device_type).where(
        Backup.device_id == series[0],
        Backup.config_type == series[1],
        Backup.version == number,
    )
    return db.scalar(read_by) or ""


def _story(
    devices: Sequence[StoryDevice],
    lines: Mapping[tuple[Series, int], tuple[str, ...]],
    everyone: Mapping[UUID, str],
) -> Story:
    common = _common(devices)
    same = tuple(each for each in devices if each.exact == common)
    others = [each for each in devices if each.exact != common]
    reached = {each.device_id for each in devices}
    return Story(
        began_at=min(each.at for each in devices),
        ended_at=max(each.at for each in devices),
        lines=lines.get((same[0].series, same[0].version), ()),
        same=same,
        deviants=tuple(
            Deviant(device=each, lines=lines.get((each.series, each.version), ()))
            for each in others
        ),
        missing=tuple(name for device_id, name in everyone.items() if device_id not in reached),
    )
