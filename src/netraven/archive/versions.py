"""One version of a device's configuration, found by its number or by how it turned out."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

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
    wanted = select(Backup).where(
        Backup.device_id == as_uuid(device_id),
        Backup.config_type == config_type,
        Backup.version == version,
    )
    return db.scalar(wanted.options(selectinload(Backup.device)))


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
    wanted = select(Backup).where(
        Backup.device_id == as_uuid(device_id),
        Backup.config_type == config_type,
        Backup.version.is_not(None),
        Backup.status == status,
    )
    ordered = wanted.order_by(Backup.version.desc()).limit(limit)
    return list(db.scalars(ordered.options(selectinload(Backup.device))))
