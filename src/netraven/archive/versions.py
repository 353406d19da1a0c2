"""One version of a device's configuration, found by its number or by how it turned out."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from netraven.db import Id, as_uuid, operation
from netraven.db.enums import BackupStatus
from netraven.models import Backup

# What the databases' integer columns hold.
_LARGEST_INTEGER = 2**31 - 1


@operation
def get_version(
    db: Session, device_id: Id, version: int, *, config_type: str = "running"
) -> Backup | None:
    """Return that version with its device loaded, or None; failed captures have no version."""
    if not 0 < version <= _LARGEST_INTEGER:
        return None
    asked = {"device_id": as_uuid(device_id), "config_type": config_type, "version": version}
    return db.scalar(_VERSION, asked)


@operation
def get_newest_versions(
    db: Session,
    device_id: Id,
    status: BackupStatus,
    *,
    config_type: str = "running",
    limit: int = 1,
) -> list[Backup]:
    """Return the highest versions of that status with their device loaded, highest first."""
    asked = {"device_id": as_uuid(device_id), "config_type": config_type, "status": status}
    return [*db.scalars(_NEWEST, {**asked, "most": limit})]


# Building them takes longer than running them.
_OF_SERIES = (
    select(Backup)
    .where(
        Backup.device_id == bindparam("device_id"),
        Backup.config_type == bindparam("config_type"),
    )
    .options(joinedload(Backup.device, innerjoin=True))
)
_VERSION = _OF_SERIES.where(Backup.version == bindparam("version"))
_NEWEST = (
    _OF_SERIES.where(Backup.version.is_not(None), Backup.status == bindparam("status"))
    .order_by(Backup.version.desc())
    .limit(bindparam("most"))
)
