"""Retention: old backups go, by a policy that cannot reach what must stay."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, false, func, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.settings import get_number, get_setting_value
from netraven.archive.dropping import Dropped
from netraven.archive.keeping import DatedRow, reasons_to_keep
from netraven.archive.removal import remove_backups
from netraven.archive.series import Series, lock_series
from netraven.db import Id, as_uuid, guarded, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import ACTIVE_RUN
from netraven.errors import Corrupt, Invalid
from netraven.models import Backup, Content, Device, JobLog
from netraven.nextrun import checked_zone
from netraven.schemas.retention import RetentionPolicy, RetentionReport

MAX_DEVICES = 500


@operation
def apply_backup_retention(
    db: Session,
    *,
    policy: RetentionPolicy | None = None,
    device_id: Id | None = None,
    after_device_id: Id | None = None,
    limit_devices: int | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
) -> RetentionReport:
    """Remove what the policy (without one: the settings) does not keep, with its contents.

    One call looks at up to `limit_devices` devices (1 to 500, 500 without it) in id order after
    `after_device_id`; called from `last_device_id` to `last_device_id` it goes through all. A dry
    run reports the same and changes nothing. Raises Invalid("limit_devices") and KeyUnavailable.
    """
    devices = _page(db, device_id, after_device_id, limit_devices)
    wanted = policy or get_retention_policy(db)
    moment = clock.as_utc(now) if now else clock.now()
    zone = checked_zone(get_setting_value(db, "system.schedule.default_timezone"))
    if not dry_run:
        _lock(db, devices)
    judged = _judge(db, devices, wanted, now=moment, zone=zone)
    if dry_run:
        would_go = _Removed(judged.doomed, _would_drop(db, judged.doomed))
        return _report(devices, judged, would_go)
    report = _report(devices, judged, _remove(db, judged.doomed))
    if report.removed:
        audit(
            db,
            event_name="backup_retention_applied",
            target_type="backup",
            target_id=None,
            target_name="retention",
            description=f"removed {report.removed} backups that the policy does not keep",
            changes={
                "policy": wanted.model_dump(),
                "removed": report.removed,
                "texts_removed": report.contents_removed,
                "bytes_freed": report.bytes_freed,
            },
        )
    return report


@operation
def get_retention_policy(db: Session) -> RetentionPolicy:
    """Return the policy that the settings make now."""
    return RetentionPolicy(**{field: get_number(db, key) for field, key in _SETTINGS.items()})


_SETTINGS = {
    "keep_days": "system.backup.retention_days",
    "keep_last": "system.retention.keep_last",
    "keep_daily": "system.retention.keep_daily",
    "keep_weekly": "system.retention.keep_weekly",
    "keep_monthly": "system.retention.keep_monthly",
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """How many rows were looked at, how many stay for each reason, and which have none."""

    examined: int
    kept_because: dict[str, int]
    doomed: list[DatedRow]


@dataclass(frozen=True, slots=True)
class _Removed:
    """Rows that went, the contents that went with them, and rows that damage holds back."""

    rows: list[DatedRow]
    dropped: Dropped
    blocked: Sequence[DatedRow] = ()

    def plus(self, other: _Removed) -> _Removed:
        """Return both together."""
        contents = self.dropped.contents + other.dropped.contents
        size_bytes = self.dropped.size_bytes + other.dropped.size_bytes
        return _Removed(
            [*self.rows, *other.rows],
            Dropped(contents, size_bytes),
            [*self.blocked, *other.blocked],
        )


def _page(
    db: Session, device_id: Id | None, after_device_id: Id | None, limit_devices: int | None
) -> list[UUID]:
    most = MAX_DEVICES if limit_devices is None else limit_devices
    if not 1 <= most <= MAX_DEVICES:
        raise Invalid("limit_devices", f"must be from 1 to {MAX_DEVICES}, not {most}")
    devices = select(Device.id).order_by(Device.id).limit(most)
    if device_id is not None:
        devices = devices.where(Device.id == as_uuid(device_id))
    if after_device_id is not None:
        after = as_uuid(after_device_id)
        devices = devices.where(false() if after is None else Device.id > after)
    return list(db.scalars(devices))


def _lock(db: Session, devices: Collection[UUID]) -> None:
    """Hold devices and series, as storing does and in its order: nothing comes in between."""
    held = select(Device.id).where(Device.id.in_(devices)).order_by(Device.id)
    db.execute(held.with_for_update(key_share=True))
    kinds = select(Backup.device_id, Backup.config_type).where(Backup.device_id.in_(devices))
    lock_series(db, [(row[0], row[1]) for row in db.execute(kinds.distinct())])


def _judge(
    db: Session,
    devices: Collection[UUID],
    policy: RetentionPolicy,
    *,
    now: datetime,
    zone: ZoneInfo,
) -> _Judged:
    series: defaultdict[Series, list[DatedRow]] = defaultdict(list)
    for row in db.execute(_rows(devices)).mappings():
        series[row["device_id"], row["config_type"]].append(DatedRow(**row))
    kept_because: Counter[str] = Counter()
    doomed: list[DatedRow] = []
    for rows in series.values():
        reasons = reasons_to_keep(rows, policy, now=now, zone=zone)
        kept_because.update(reason.value for found in reasons.values() for reason in found)
        doomed += [row for row in rows if not reasons[row.id]]
    examined = sum(len(rows) for rows in series.values())
    return _Judged(examined, dict(kept_because), doomed)


def _rows(devices: Collection[UUID]) -> Select[*tuple[object, ...]]:
    columns = (
        Backup.id,
        Backup.device_id,
        Backup.config_type,
        Backup.status,
        Backup.version,
        Backup.created_at,
        Backup.last_seen_at,
        Backup.pinned,
        Backup.content_hash,
    )
    is_in_use = case((JobLog.status.in_(ACTIVE_RUN), True), else_=False)
    return (
        select(*columns, is_in_use.label("is_in_use"))
        .outerjoin(JobLog, JobLog.id == Backup.job_log_id)
        .where(Backup.device_id.in_(devices))
        .order_by(Backup.device_id, Backup.config_type, Backup.id)
    )


def _would_drop(db: Session, doomed: Sequence[DatedRow]) -> Dropped:
    """Return what would go with these rows: the contents that no other row refers to."""
    going = Counter(row.content_hash for row in doomed if row.content_hash is not None)
    sizes: list[int] = []
    for chunk in in_chunks(going):
        referred = (
            select(Content.hash, Content.size, func.count(Backup.id))
            .join(Backup, Backup.content_hash == Content.hash)
            .where(Content.hash.in_(chunk))
            .group_by(Content.hash, Content.size)
        )
        sizes += [size for hash_, size, count in db.execute(referred) if count == going[hash_]]
    return Dropped(len(sizes), sum(sizes))


def _remove(db: Session, doomed: Sequence[DatedRow]) -> _Removed:
    """Remove these rows; a damaged content costs only its own device."""
    try:
        return _remove_all(db, doomed)
    except Corrupt:
        pass
    done = _Removed([], Dropped(0, 0))
    for _, group in groupby(doomed, key=lambda row: row.device_id):
        rows = list(group)
        try:
            gone = _remove_all(db, rows)
        except Corrupt:
            gone = _Removed([], Dropped(0, 0), rows)
        done = done.plus(gone)
    return done


def _remove_all(db: Session, doomed: Sequence[DatedRow]) -> _Removed:
    with guarded(db):
        unchanged = _unchanged(db, doomed)
        return _Removed(unchanged, remove_backups(db, [row.id for row in unchanged]))


def _unchanged(db: Session, doomed: Sequence[DatedRow]) -> list[DatedRow]:
    """Hold these rows; leave out those that somebody has pinned, accepted or deleted meanwhile."""
    still: set[tuple[UUID, str]] = set()
    for chunk in in_chunks(sorted(row.id for row in doomed)):
        held = select(Backup.id, Backup.status).where(Backup.id.in_(chunk), ~Backup.pinned)
        still |= {
            (row[0], row[1]) for row in db.execute(held.order_by(Backup.id).with_for_update())
        }
    return [row for row in doomed if (row.id, row.status) in still]


def _report(devices: Sequence[UUID], judged: _Judged, removed: _Removed) -> RetentionReport:
    return RetentionReport(
        examined=judged.examined,
        kept=judged.examined - len(removed.rows),
        removed=len(removed.rows),
        contents_removed=removed.dropped.contents,
        bytes_freed=removed.dropped.size_bytes,
        removed_ids=tuple(row.id for row in removed.rows),
        last_device_id=devices[-1] if devices else None,
        kept_because=judged.kept_because,
        blocked_ids=tuple(row.id for row in removed.blocked),
    )
