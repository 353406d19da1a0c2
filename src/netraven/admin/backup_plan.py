"""The system's automatic backup, which follows the settings of its category."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import operation
from netraven.db.enums import JobType, ScheduleType
from netraven.models import ScheduledJob
from netraven.nextrun import Timing, jitter_offset

SECONDS_AN_HOUR = 3600


@operation
def follow_backup_settings(
    db: Session, *, is_enabled: bool, every_hours: int, now: datetime | None = None
) -> ScheduledJob | None:
    """Give the system's automatic backup this spacing, and run it only when enabled.

    Returns its schedule, or None where there is none yet. Its next run moves only when something
    changed.
    """
    row = db.scalar(
        select(ScheduledJob)
        .where(
            ScheduledJob.is_system.is_(True),
            ScheduledJob.job_type == JobType.BACKUP,
            ScheduledJob.schedule_type == ScheduleType.INTERVAL,
        )
        .with_for_update(key_share=True, of=ScheduledJob)
        .execution_options(populate_existing=True)
    )
    interval_s = every_hours * SECONDS_AN_HOUR
    if row is None or (row.enabled, row.schedule_interval) == (is_enabled, interval_s):
        return row
    timing = Timing(
        schedule_type=ScheduleType.INTERVAL,
        schedule_interval=interval_s,
        run_at=row.run_at,
        offset=jitter_offset(row.id, row.jitter_seconds),
    )
    row.enabled, row.schedule_interval = is_enabled, interval_s
    row.next_run = timing.next_run(clock.moment(now)) if is_enabled else None
    row.revision += 1
    db.flush()
    return row
