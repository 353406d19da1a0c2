"""Storing captures: one at a time, or a batch of devices in a few statements.

Locks are taken in one order: devices by id, series by device id, contents by hash, weaves by
series.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from netraven import clock
from netraven.admin.settings import get_setting_value
from netraven.archive.codec import content_hash
from netraven.archive.contents import Offer, keep_texts
from netraven.archive.series import OF_SERIES, Series, SeriesHead, load_heads, lock_series, named
from netraven.archive.weave_keep import NewVersion, weave_in
from netraven.db import as_uuid, guarded, new_id, operation
from netraven.db.enums import BackupStatus
from netraven.errors import Conflict, Invalid, NetRavenError
from netraven.models import Backup, BackupCounter, Device, DeviceLease, JobLog
from netraven.schemas.backup import MAX_SERIAL_NUMBER, BackupCreate


@dataclass(frozen=True, slots=True)
class BackupCapture:
    """What `store_backup` takes for one device."""

    backup: BackupCreate
    content: bytes | str | None = field(default=None, repr=False)
    serial_number: str | None = None
    lease_token: int | None = None


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """The row that keeps a capture, whether it is new, and the latest completed one before.

    Where it is not new, `backup` was the latest completed one, so `previous` is the same row.
    """

    backup: Backup
    is_new: bool
    previous: Backup | None


StoreOutcome: TypeAlias = StoredBackup | NetRavenError


@operation
def store_backup(
    db: Session,
    backup: BackupCreate,
    serial_number: str | None = None,
    content: bytes | str | None = None,
    *,
    lease_token: int | None = None,
    now: datetime | None = None,
) -> StoredBackup:
    """Keep a capture: as a new version, or as one more sight of the latest completed one.

    Raises Invalid for `device_id`, `job_log_id`, `content` and `serial_number`,
    Conflict("lease") for a token that is no longer the device's, and KeyUnavailable.
    """
    capture = BackupCapture(backup, content, serial_number, lease_token)
    (outcome,) = store_backups(db, [capture], now=now)
    if isinstance(outcome, NetRavenError):
        raise outcome
    return outcome


@operation
def create_backup(
    db: Session,
    backup: BackupCreate,
    serial_number: str | None = None,
    content: bytes | str | None = None,
    *,
    now: datetime | None = None,
) -> Backup:
    """Return the row that keeps this capture, as `store_backup` does."""
    return store_backup(db, backup, serial_number, content, now=now).backup


@operation
def store_backups(
    db: Session, captures: Sequence[BackupCapture], *, now: datetime | None = None
) -> list[StoreOutcome]:
    """Do `store_backup` for each capture, in order; an error stands where its result would.

    A capture that is refused changes nothing and hinders no other. The number of statements
    does not grow with that of the captures, as long as they are of different series.
    """
    moment = clock.as_utc(now) if now else clock.now()
    outcomes: dict[int, StoreOutcome] = {}
    with guarded(db):
        items = _checked(db, captures, outcomes)
        for round_ in _rounds(items):
            _store(db, round_, moment, outcomes)
    return [outcomes[place] for place in range(len(captures))]


_MIB = 1024 * 1024

# Building them takes longer than running them.
_IDS: BindParameter[list[UUID]] = bindparam("ids", expanding=True)
_DEVICES = (
    select(Device, Device.device_type, Device.last_backup_at)
    .where(Device.id.in_(_IDS))
    .order_by(Device.id)
    .with_for_update(key_share=True)
)
_LEASES = (
    select(DeviceLease.device_id, DeviceLease.token)
    .where(DeviceLease.device_id.in_(_IDS))
    .order_by(DeviceLease.device_id)
    .with_for_update(read=True)
)
_RUNS = select(JobLog.id).where(JobLog.id.in_(_IDS))
_COUNT_ON = (
    update(BackupCounter).where(OF_SERIES).values(last_version=BackupCounter.last_version + 1)
)


@dataclass(frozen=True, slots=True)
class _Item:
    """A checked capture; `place` is where it stands in the batch, `text` what it shows."""

    place: int
    backup: BackupCreate
    around: _Device
    serial_number: str | None
    text: bytes | None = field(repr=False)
    address: str | None

    @property
    def series(self) -> Series:
        return self.around.device.id, self.backup.config_type


@dataclass(frozen=True, slots=True)
class _Device:
    """A locked device, with what its row says now; the object may have been loaded before."""

    device: Device
    device_type: str
    last_backup_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the database says about what captures refer to."""

    devices: Mapping[UUID, _Device]
    leases: Mapping[UUID, int]
    runs: Container[UUID]
    most_bytes: int


def _checked(
    db: Session, captures: Sequence[BackupCapture], outcomes: dict[int, StoreOutcome]
) -> list[_Item]:
    facts = _load_facts(db, captures)
    items: list[_Item] = []
    for place, capture in enumerate(captures):
        try:
            items.append(_check(place, capture, facts))
        except NetRavenError as error:
            outcomes[place] = error
    return items


def _load_facts(db: Session, captures: Sequence[BackupCapture]) -> _Facts:
    devices = {as_uuid(capture.backup.device_id) for capture in captures}
    leased = {as_uuid(each.backup.device_id) for each in captures if each.lease_token is not None}
    runs = {as_uuid(each.backup.job_log_id) for each in captures if each.backup.job_log_id}
    most_mib = get_setting_value(db, "system.backup.max_size_mib")
    return _Facts(
        devices=_lock_devices(db, devices - {None}),
        leases=_hold_leases(db, leased - {None}),
        runs=set(db.scalars(_RUNS, {"ids": list(runs)})) if runs else set(),
        most_bytes=int(str(most_mib)) * _MIB,
    )


def _lock_devices(db: Session, ids: Collection[UUID | None]) -> dict[UUID, _Device]:
    rows = db.execute(_DEVICES, {"ids": list(ids)})
    return {row[0].id: _Device(*row) for row in rows}


def _hold_leases(db: Session, ids: Collection[UUID | None]) -> dict[UUID, int]:
    if not ids:
        return {}
    return {row[0]: row[1] for row in db.execute(_LEASES, {"ids": list(ids)})}


def _check(place: int, capture: BackupCapture, facts: _Facts) -> _Item:
    backup = capture.backup
    device_id = as_uuid(backup.device_id)
    if device_id is None or device_id not in facts.devices:
        raise Invalid("device_id", "there is no such device")
    if capture.lease_token is not None and facts.leases.get(device_id) != capture.lease_token:
        message = "another worker holds the lease of this device now; nothing was stored"
        raise Conflict("lease", message)
    if backup.job_log_id is not None and as_uuid(backup.job_log_id) not in facts.runs:
        raise Invalid("job_log_id", "there is no such run")
    serial_number = capture.serial_number
    if serial_number is None:
        serial_number = backup.serial_number
    if serial_number is not None and len(serial_number) > MAX_SERIAL_NUMBER:
        raise Invalid("serial_number", f"has more than {MAX_SERIAL_NUMBER} characters")
    text = _text_of(capture, facts.most_bytes)
    address = None if text is None else content_hash(text)
    return _Item(place, backup, facts.devices[device_id], serial_number, text, address)


def _text_of(capture: BackupCapture, most_bytes: int) -> bytes | None:
    content = capture.content
    if (content is None) is not (capture.backup.status is BackupStatus.FAILED):
        reason = "a failed capture has none" if content is not None else "is missing"
        raise Invalid("content", reason)
    if isinstance(content, str):
        try:
            content = content.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise Invalid("content", "holds characters that are no text") from None
    if content is not None and len(content) > most_bytes:
        reason = f"has {len(content)} bytes; system.backup.max_size_mib allows {most_bytes}"
        raise Invalid("content", reason)
    return content


def _rounds(items: list[_Item]) -> Iterator[list[_Item]]:
    """Yield the items in order, each series once in a round."""
    waiting = items
    while waiting:
        first = {item.series: item for item in reversed(waiting)}
        yield [item for item in waiting if first[item.series] is item]
        waiting = [item for item in waiting if first[item.series] is not item]


def _store(
    db: Session, items: list[_Item], moment: datetime, outcomes: dict[int, StoreOutcome]
) -> None:
    heads = load_heads(db, lock_series(db, {item.series for item in items}))
    for item in items:
        if (latest := heads[item.series].latest_completed) is not None:
            set_committed_value(latest, "device", item.around.device)
    same = [item for item in items if _is_same(item, heads[item.series])]
    others = [item for item in items if not _is_same(item, heads[item.series])]
    offers = [
        Offer(item.address, item.text, heads[item.series].base)
        for item in others
        if item.address is not None and item.text is not None
    ]
    failures = keep_texts(db, offers, now=moment) if offers else {}
    for item in others:
        if item.address in failures:
            outcomes[item.place] = failures[item.address]
    new = [item for item in others if item.address not in failures]
    outcomes |= _add(db, new, heads, moment) | _see_again(db, same, heads, moment)
    _note_on_devices(db, [*same, *new], moment)


def _is_same(item: _Item, head: SeriesHead) -> bool:
    latest = head.latest_completed
    if latest is None or item.backup.status is not BackupStatus.COMPLETED:
        return False
    normal_hash = item.backup.normal_hash
    return item.address == latest.content_hash or (
        normal_hash is not None and normal_hash == latest.normal_hash
    )


def _see_again(
    db: Session, items: list[_Item], heads: Mapping[Series, SeriesHead], moment: datetime
) -> dict[int, StoreOutcome]:
    outcomes: dict[int, StoreOutcome] = {}
    earlier: list[UUID] = []
    for item in items:
        latest = heads[item.series].latest_completed
        if latest is None:
            continue
        outcomes[item.place] = StoredBackup(latest, is_new=False, previous=latest)
        if latest.last_seen_at < moment:
            earlier.append(latest.id)
            set_committed_value(latest, "last_seen_at", moment)
    if earlier:
        seen = update(Backup).where(Backup.id.in_(earlier)).values(last_seen_at=moment)
        db.connection().execute(seen)
    return outcomes


def _add(
    db: Session, items: list[_Item], heads: Mapping[Series, SeriesHead], moment: datetime
) -> dict[int, StoreOutcome]:
    outcomes: dict[int, StoreOutcome] = {}
    rows: list[tuple[_Item, Backup]] = []
    for item in items:
        head = heads[item.series]
        row = _new_row(item, head, moment)
        rows.append((item, row))
        outcomes[item.place] = StoredBackup(row, is_new=True, previous=head.latest_completed)
    db.add_all(row for _, row in rows)
    db.flush()
    for item, row in rows:
        set_committed_value(row, "device", item.around.device)
    counted = [item.series for item in items if item.text is not None]
    if counted:
        db.connection().execute(_COUNT_ON, named(counted))
    weave_in(
        db,
        [
            NewVersion(row, item.text, heads[item.series].latest_completed)
            for item, row in rows
            if item.text is not None and row.status is BackupStatus.COMPLETED
        ],
    )
    return outcomes


def _new_row(item: _Item, head: SeriesHead, moment: datetime) -> Backup:
    has_text = item.text is not None
    # Times never fall within a series, whatever a clock does.
    at = moment if head.newest_at is None else max(moment, head.newest_at)
    return Backup(
        id=new_id(),
        device_id=item.around.device.id,
        device_type=item.around.device_type,
        status=item.backup.status,
        config_type=item.backup.config_type,
        content_hash=item.address,
        normal_hash=item.backup.normal_hash if has_text else None,
        size=None if item.text is None else len(item.text),
        version=head.last_version + 1 if has_text else None,
        grade=item.backup.grade,
        evidence=item.backup.evidence,
        created_at=at,
        last_seen_at=at,
        author=item.backup.author,
        comment=item.backup.comment,
        is_automatic=item.backup.is_automatic,
        job_log_id=None if item.backup.job_log_id is None else as_uuid(item.backup.job_log_id),
        serial_number=item.serial_number,
        pinned=item.backup.pinned,
    )


def _note_on_devices(db: Session, items: list[_Item], moment: datetime) -> None:
    """Do what `update_device_backup_status` does, by one statement for each status."""
    by_status: defaultdict[BackupStatus, list[Device]] = defaultdict(list)
    last = {item.around.device.id: item for item in sorted(items, key=lambda one: one.place)}
    for item in last.values():
        before = item.around.last_backup_at
        if before is None or before <= moment:
            by_status[item.backup.status].append(item.around.device)
    for status, devices in by_status.items():
        noted = update(Device).where(Device.id.in_([device.id for device in devices]))
        values = {"last_backup_status": status, "last_backup_at": moment}
        # Named, so that its default for updates does not move it.
        db.connection().execute(noted.values(**values, updated_at=Device.updated_at))
        for device in devices:
            set_committed_value(device, "last_backup_status", status)
            set_committed_value(device, "last_backup_at", moment)
