"""Numbers for a dashboard: devices, backups and runs that the caller may see."""

from __future__ import annotations

from pydantic import BaseModel

from netraven.api.access import guarded_router
from netraven.api.replies import READ, refusals
from netraven.archive.backups import count_backups
from netraven.db.enums import BackupStatus
from netraven.inventory.devices import count_devices
from netraven.jobs.summaries import get_job_log_statistics
from netraven.request.caller import Me
from netraven.request.moments import Moment
from netraven.request.units import Reading
from netraven.schemas.job import JobLogStatistics

router = guarded_router("/statistics", "Statistics")


class DeviceNumbers(BaseModel):
    """Devices by state; `by_last_backup` counts by how the last capture ended."""

    total: int
    enabled: int
    unreachable: int
    by_last_backup: dict[BackupStatus, int]


class BackupNumbers(BaseModel):
    """Backups by status."""

    total: int
    by_status: dict[BackupStatus, int]


class Statistics(BaseModel):
    """What a dashboard shows."""

    devices: DeviceNumbers
    backups: BackupNumbers
    runs: JobLogStatistics


@router.get("", responses=refusals(*READ, 422))
async def show_statistics(db: Reading, me: Me, since: Moment | None = None) -> Statistics:
    """Show numbers of devices, backups and runs; `since` bounds the runs."""
    seen = me.viewer
    ended = {
        status: await count_devices(db, last_backup_status=status, visible_to=seen)
        for status in BackupStatus
    }
    kept = {
        status: await count_backups(db, status=status, visible_to=seen) for status in BackupStatus
    }
    return Statistics(
        devices=DeviceNumbers(
            total=await count_devices(db, visible_to=seen),
            enabled=await count_devices(db, enabled=True, visible_to=seen),
            unreachable=await count_devices(db, is_reachable=False, visible_to=seen),
            by_last_backup=ended,
        ),
        backups=BackupNumbers(total=sum(kept.values()), by_status=kept),
        runs=await get_job_log_statistics(db, since=since, visible_to=seen),
    )
