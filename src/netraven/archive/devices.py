"""Removing devices with all that is kept of them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from netraven.admin.audit import audit
from netraven.archive.removal import remove_backups
from netraven.archive.series import lock_series
from netraven.db import Id, as_uuid, guarded, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import ACTIVE_RUN, TargetKind
from netraven.errors import InUse
from netraven.models import Backup, Device, JobLog, JobResult, ScheduledJob, ScheduledJobDevice


@operation
def delete_device(db: Session, device_id: Id) -> bool:
    """Remove the device with its backups, contents, links and schedule targets.

    Its runs and their results stay under its host name. False if there is none. Raises InUse
    while a run, a pinned backup or another device that is reached through it needs it.
    """
    locked = select(Device).where(Device.id == as_uuid(device_id)).with_for_update()
    device = db.scalar(locked)
    if device is None:
        return False
    _check_unneeded(db, device)
    with guarded(db):
        _remove_all_backups(db, device)
        _end_emptied_schedules(db, device)
        unnamed = JobLog.device_hostname.is_(None)
        named = update(JobLog).where(JobLog.device_id == device.id, unnamed)
        db.execute(named.values(device_hostname=device.hostname))
        db.delete(device)
    audit(
        db,
        event_name="device_deleted",
        target_type="device",
        target_id=device.id,
        target_name=device.hostname,
        description=f"deleted device {device.hostname} with its backups",
    )
    return True


def _check_unneeded(db: Session, device: Device) -> None:
    has_result = exists().where(JobResult.job_log_id == JobLog.id, JobResult.device_id == device.id)
    reasons: tuple[tuple[str, ColumnElement[bool]], ...] = (
        (
            "a run that is not finished names it",
            exists().where(
                JobLog.status.in_(ACTIVE_RUN), or_(JobLog.device_id == device.id, has_result)
            ),
        ),
        (
            "another device is reached through it",
            exists().where(Device.jump_device_id == device.id),
        ),
    )
    needs = [reason for reason, needed in reasons if db.scalar(select(needed))]
    backups = select(Backup.pinned).where(Backup.device_id == device.id).order_by(Backup.id)
    if any(db.scalars(backups.with_for_update())):
        needs.append("it has a pinned backup; unpin that first")
    if needs:
        raise InUse(f"device {device.hostname} cannot be deleted: {'; '.join(needs)}")


def _remove_all_backups(db: Session, device: Device) -> None:
    types = select(Backup.config_type).where(Backup.device_id == device.id).distinct()
    lock_series(db, [(device.id, config_type) for config_type in db.scalars(types)])
    rows = select(Backup.id).where(Backup.device_id == device.id)
    for chunk in in_chunks(db.scalars(rows.order_by(Backup.version.desc())).all()):
        remove_backups(db, chunk)


def _end_emptied_schedules(db: Session, device: Device) -> None:
    """Disable schedules over listed devices that list only this one."""
    listing = (
        select(ScheduledJob)
        .join(ScheduledJobDevice, ScheduledJobDevice.scheduled_job_id == ScheduledJob.id)
        .where(ScheduledJobDevice.device_id == device.id)
        .where(ScheduledJob.targets == TargetKind.DEVICES, ScheduledJob.enabled.is_(True))
        .order_by(ScheduledJob.id)
        .with_for_update(of=ScheduledJob)
    )
    for job in db.scalars(listing):
        other = exists().where(
            ScheduledJobDevice.scheduled_job_id == job.id,
            ScheduledJobDevice.device_id != device.id,
        )
        if not db.scalar(select(other)):
            job.enabled = False
            job.next_run = None
            job.revision += 1
