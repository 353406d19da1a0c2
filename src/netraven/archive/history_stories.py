"""Change stories: what happened to a fleet in a time, told once for all devices it happened to.

Changes of the same shape are one story: the same lines but for numbers, addresses, tokens and
names. Those whose lines are exactly the most frequent ones make its common part, the others are its
deviants. Lines come from the weaves; the database holds keyed hashes only.

A whole fleet may have changed, so no version's row is read, and what the page needs of the marks is
read once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from netraven import clock
from netraven.admin.visibility import visible_devices
from netraven.archive.search_scope import SearchScope, check_scope
from netraven.archive.series import Series
from netraven.archive.story_lines import Lines, load_changed_lines
from netraven.db import Id, as_uuid, operation
from netraven.db.chunks import CHUNK
from netraven.db.paging import check_page
from netraven.db.types import raw, uuid_of
from netraven.errors import Invalid
from netraven.models import BackupChange, Device, DeviceTag


class StoryDevice(NamedTuple):
    """A device that a story happened to, with the newest of its versions that tell it.

    `exact` is the hash of its lines, `device_type` the platform that read the version.
    """

    device_id: UUID
    hostname: str
    config_type: str
    version: int
    at: datetime
    author: str | None
    exact: bytes
    device_type: str

    @property
    def told(self) -> tuple[Series, int]:
        """Return the version that tells the story, behind its series."""
        return (self.device_id, self.config_type), self.version


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
    wanted += _of_devices(BackupChange.device_id, tags, visible_to)
    page, total = _page(db, wanted, skip=skip, limit=limit)
    plots = [_Plot(devices) for devices in page]
    everyone = _everyone(db, tags, visible_to) if tags else {}
    lines = load_changed_lines(
        db, {each.told: each.device_type for plot in plots for each in plot.examples}
    )
    stories = tuple(plot.story(lines, everyone) for plot in plots)
    return StoryPage(stories=stories, total=total)


_Change: TypeAlias = Row[object, bytes, bytes, str, str, int, datetime, str | None]

# Lines of so many deviants are told, of each story.
_MOST_DEVIANTS_SHOWN = 5
# So many changes, for each story that a page may have, are read before it is known whose they are.
_CHANGES_OF_STORY = 400

_CHANGES = select(
    raw(BackupChange.device_id),
    BackupChange.shape,
    BackupChange.exact,
    BackupChange.config_type,
    BackupChange.device_type,
    BackupChange.version,
    BackupChange.at,
    BackupChange.author,
)
_NAMES = select(raw(Device.id), Device.hostname).order_by(Device.hostname_key)


class _Plot:
    """What a story is made of: its devices, by hostname, of which the first few have lines."""

    def __init__(self, devices: Sequence[StoryDevice]) -> None:
        counts = Counter([each.exact for each in devices])
        # Of several that are as frequent the first one.
        common = max(counts, key=lambda exact: counts[exact])
        self._devices = devices
        self._same = tuple(each for each in devices if each.exact == common)
        self._others = [each for each in devices if each.exact != common]

    @property
    def examples(self) -> Sequence[StoryDevice]:
        """Return whose lines are to be told: one of the common part, and the first deviants."""
        return [self._same[0], *self._others[:_MOST_DEVIANTS_SHOWN]]

    def story(self, lines: Lines, everyone: Mapping[UUID, str]) -> Story:
        """Return the story with what lines there are; it did not reach all of `everyone`."""
        moments = [each.at for each in self._devices]
        reached = {each.device_id for each in self._devices} if everyone else frozenset[UUID]()
        return Story(
            began_at=min(moments),
            ended_at=max(moments),
            lines=lines.get(self._same[0].told, ()),
            same=self._same,
            deviants=tuple(
                Deviant(device=each, lines=lines.get(each.told, ())) for each in self._others
            ),
            missing=tuple(name for device_id, name in everyone.items() if device_id not in reached),
        )


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


def _page(
    db: Session, wanted: Sequence[ColumnElement[bool]], *, skip: int, limit: int
) -> tuple[Sequence[Sequence[StoryDevice]], int]:
    """Return the devices of each story of a page, and how many stories there are in all."""
    most = limit * _CHANGES_OF_STORY
    changes = _read(db, _CHANGES.where(*wanted).limit(most + 1))
    if len(changes) <= most:
        told = _told(db, changes)
        shapes = sorted(sorted(told), key=lambda shape: _weight(told[shape]), reverse=True)
        return [told[shape] for shape in shapes[skip : skip + limit]], len(shapes)
    grouped = db.execute(_shapes(wanted).offset(skip).limit(limit)).all()
    shapes = [row[0] for row in grouped]
    total = grouped[0][1] if grouped else _count(db, wanted)
    told = _told(db, _read(db, _CHANGES.where(*wanted, BackupChange.shape.in_(shapes))))
    return [told[shape] for shape in shapes], total


def _weight(devices: Sequence[StoryDevice]) -> tuple[int, datetime]:
    """Return by what stories are in order: of how many devices, and how late; see `_shapes`."""
    return len({each.hostname for each in devices}), max([each.at for each in devices])


def _shapes(wanted: Sequence[ColumnElement[bool]]) -> Select[bytes, int]:
    """Return the statement of the shapes in their order, each with how many there are in all."""
    devices = func.count(BackupChange.device_id.distinct())
    counted = select(BackupChange.shape, func.count().over()).where(*wanted)
    grouped = counted.group_by(BackupChange.shape)
    return grouped.order_by(devices.desc(), func.max(BackupChange.at).desc(), BackupChange.shape)


def _count(db: Session, wanted: Sequence[ColumnElement[bool]]) -> int:
    return db.scalars(select(func.count(BackupChange.shape.distinct())).where(*wanted)).one()


def _read(
    db: Session, wanted: Select[object, bytes, bytes, str, str, int, datetime, str | None]
) -> Sequence[_Change]:
    # Without the session, which looks at each row for objects of its own.
    return db.connection().execute(wanted).all()


def _told(db: Session, changes: Sequence[_Change]) -> Mapping[bytes, list[StoryDevice]]:
    """Return by shape the devices of these changes, by hostname.

    Each is there once for each kind of configuration.
    """
    of_devices: defaultdict[object, list[_Change]] = defaultdict(list)
    for row in changes:
        of_devices[row[0]].append(row)
    found: defaultdict[bytes, list[StoryDevice]] = defaultdict(list)
    named = _NAMES
    if len(of_devices) <= CHUNK:
        named = named.where(raw(Device.id).in_(of_devices))
    for device, hostname in db.connection().execute(named).all():
        rows = of_devices.get(device, ())
        # Nearly every one has one only.
        for row in _newest(rows) if rows[1:] else rows:
            _, shape, exact, config_type, device_type, version, at, author = row
            told = StoryDevice(
                uuid_of(device), hostname, config_type, version, at, author, exact, device_type
            )
            found[shape].append(told)
    return found


def _newest(of_device: Sequence[_Change]) -> Iterable[_Change]:
    """Return the newest change of each shape and kind of configuration of one device."""
    ordered = sorted(of_device, key=lambda row: (row[3], row[5]))
    return {(row[1], row[3]): row for row in ordered}.values()


def _everyone(db: Session, tags: Collection[Id], visible_to: Id | None) -> Mapping[UUID, str]:
    """Return the names of the devices of these tags, in their order."""
    named = select(Device.id, Device.hostname).where(*_of_devices(Device.id, tags, visible_to))
    return {row[0]: row[1] for row in db.execute(named.order_by(Device.hostname_key))}
