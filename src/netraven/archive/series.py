"""Series: the versions of one configuration type of one device, and where they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    select,
    tuple_,
    union,
)
from sqlalchemy.orm import Session, aliased, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from netraven.db import insert_into, operation
from netraven.db.enums import BackupStatus
from netraven.models import Backup, BackupCounter, Device

Series: TypeAlias = tuple[UUID, str]

_Other = aliased(Backup)


@dataclass(frozen=True, slots=True)
class SeriesHead:
    """What the next version of a series follows; None where there is no version yet.

    `base` is the address of the content that the next version best rests on.
    """

    last_version: int
    latest_completed: Backup | None = None
    newest_at: datetime | None = None
    base: str | None = None


@operation
def get_latest_completed(
    db: Session, device_ids: Collection[UUID], *, config_type: str = "running"
) -> dict[UUID, Backup]:
    """Return the latest completed backups of these devices, with the device loaded.

    Devices without one are left out. One statement, whatever the number of devices.
    """
    wanted = {"device_ids": list(device_ids), "config_type": config_type}
    return {backup.device_id: backup for backup in db.scalars(_LATEST_COMPLETED, wanted)}


@operation
def lock_series(db: Session, series: Collection[Series]) -> dict[Series, int]:
    """Hold these series until the transaction ends, and return their last version numbers.

    A counter that is missing is made; its device must exist.
    """
    held = _locked(db, series)
    missing = sorted(set(series) - held.keys())
    if missing:
        rows = [
            {"device_id": device_id, "config_type": config_type, "last_version": 0}
            for device_id, config_type in missing
        ]
        db.execute(insert_into(db, BackupCounter).values(rows).on_conflict_do_nothing())
        held |= _locked(db, missing)
    return held


@operation
def load_heads(db: Session, last_versions: Mapping[Series, int]) -> dict[Series, SeriesHead]:
    """Return where locked series with these last versions stand, by one statement."""
    found: defaultdict[Series, list[Backup]] = defaultdict(list)
    if any(last_versions.values()):
        for backup, status, last_seen_at in db.execute(_HEADS, named(last_versions.keys())):
            # The session may have loaded the row before it was locked.
            set_committed_value(backup, "status", status)
            set_committed_value(backup, "last_seen_at", last_seen_at)
            found[backup.device_id, backup.config_type].append(backup)
    return {one: _head(last, found[one]) for one, last in last_versions.items()}


def named(series: Collection[Series]) -> dict[str, list[UUID] | list[Series]]:
    """Return the parameters by which `OF_SERIES` holds for these series."""
    return {"device_ids": list({device_id for device_id, _ in series}), "series": list(series)}


def skip_base(version: int) -> int:
    """Return the version that this one rests on: the lowest bit that its index has is cleared.

    So a read opens at most one frame for each bit of the index, and only version 1 is full.
    """
    index = version - 1
    return (index & (index - 1)) + 1


def _locked(db: Session, series: Collection[Series]) -> dict[Series, int]:
    return {(row[0], row[1]): row[2] for row in db.execute(_LOCKED, named(series))}


def _latest_completed() -> Select[Backup]:
    newest = (
        select(_Other.version)
        .where(
            _Other.device_id == Device.id,
            _Other.config_type == bindparam("config_type"),
            _Other.status == BackupStatus.COMPLETED,
            _Other.version.is_not(None),
        )
        .order_by(_Other.version.desc())
        .limit(1)
        .correlate(Device)
        .scalar_subquery()
    )
    return (
        select(Backup)
        .join(Backup.device)
        .where(Device.id.in_(bindparam("device_ids", expanding=True)))
        .where(Backup.config_type == bindparam("config_type"), Backup.version == newest)
        .options(contains_eager(Backup.device))
    )


def _counters() -> Select[UUID, str, int]:
    columns = (BackupCounter.device_id, BackupCounter.config_type, BackupCounter.last_version)
    return select(*columns).where(OF_SERIES)


def _heads() -> Select[Backup, BackupStatus, datetime]:
    counters = _counters().cte("counters")
    index = counters.c.last_version
    wanted = index.bitwise_and(index - 1) + 1
    # Where what the next version should rest on has gone, the oldest one left is nearest.
    base = func.coalesce(
        _version(counters, Backup.version <= wanted), _version(counters, oldest=True)
    )
    completed = _version(counters, Backup.status == BackupStatus.COMPLETED)
    versions = union(
        *(
            select(counters.c.device_id, counters.c.config_type, version.label("version"))
            for version in (completed, _version(counters), base)
        )
    ).subquery("versions")
    return select(Backup, Backup.status, Backup.last_seen_at).join(
        versions,
        and_(
            Backup.device_id == versions.c.device_id,
            Backup.config_type == versions.c.config_type,
            Backup.version == versions.c.version,
        ),
    )


def _version(
    counters: CTE, *conditions: ColumnElement[bool], oldest: bool = False
) -> ScalarSelect[int | None]:
    """Return the newest (or the oldest) version that fits, for each series."""
    return (
        select(Backup.version)
        .where(
            Backup.device_id == counters.c.device_id,
            Backup.config_type == counters.c.config_type,
            Backup.version.is_not(None),
            *conditions,
        )
        .order_by(Backup.version if oldest else Backup.version.desc())
        .limit(1)
        .correlate(counters)
        .scalar_subquery()
    )


def _head(last_version: int, backups: list[Backup]) -> SeriesHead:
    if not backups:
        return SeriesHead(last_version)
    by_version = {backup.version or 0: backup for backup in backups}
    wanted = skip_base(last_version + 1)
    completed = [
        version for version, backup in by_version.items() if backup.status is BackupStatus.COMPLETED
    ]
    older = [version for version in by_version if version <= wanted]
    base = by_version[max(older) if older else min(by_version)]
    return SeriesHead(
        last_version,
        latest_completed=by_version[max(completed)] if completed else None,
        newest_at=by_version[max(by_version)].created_at,
        base=base.content_hash,
    )


_SERIES_KEY = tuple_(BackupCounter.device_id, BackupCounter.config_type)
OF_SERIES = and_(
    # SQLite finds rows by one column in a list, but not by two.
    BackupCounter.device_id.in_(bindparam("device_ids", expanding=True)),
    _SERIES_KEY.in_(bindparam("series", expanding=True)),
)
"""The condition on `BackupCounter` that holds for the series that `named` names."""

# Building them takes longer than running them.
_LOCKED = _counters().order_by(BackupCounter.device_id, BackupCounter.config_type).with_for_update()
_HEADS = _heads()
_LATEST_COMPLETED = _latest_completed()
