"""How the installation stands: one operation, few statements, whatever the size of the fleet."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from netraven.admin.settings import get_number, get_setting_value
from netraven.clock import as_utc
from netraven.db import operation, present_time
from netraven.db.enums import (
    ACTIVE_RUN,
    BackupStatus,
    ResultStatus,
    RunStatus,
    TargetKind,
    WorkerState,
)
from netraven.jobs.firing import RUNS_ONCE
from netraven.jobs.options import NEEDS_DEVICES
from netraven.jobs.status_problems import Circumstances, problems_of, worst_of
from netraven.jobs.windows import Window
from netraven.jobs.workers import DEFAULT_SILENCE_S
from netraven.models import (
    Backup,
    Blackout,
    Credential,
    Device,
    JobLog,
    JobResult,
    JobShard,
    ScheduledJob,
    ScheduledJobDevice,
    ScheduledJobTag,
    ScheduleWait,
    Worker,
)
from netraven.nextrun import zone_names
from netraven.schemas.status import (
    FleetStatus,
    NamedMoment,
    QueueStatus,
    ScheduleStatus,
    Status,
    WorkerStatus,
)

OVERDUE_AFTER = timedelta(minutes=2)

_MOST_NAMED = 5
_MOST_SCHEDULES = 50


@operation
def get_status(db: Session, *, now: datetime | None = None) -> Status:
    """Return how the installation stands: its fleet, queue, workers, schedules, and its problems.

    Without `now`, the time is the one that all processes of the database share.
    """
    moment = present_time(db) if now is None else as_utc(now)
    fleet, queue = _fleet(db), _queue(db)
    workers, schedules = _workers(db, moment), _schedules(db, moment)
    frozen = select(func.count()).where(Credential.frozen_at.is_not(None))
    waiting = select(func.count(func.distinct(ScheduleWait.device_id)))
    circumstances = Circumstances(
        backup_every=_backup_spacing(db),
        enabled_schedules=_count(db, ScheduledJob.enabled.is_(True)),
        frozen_credentials=db.scalars(frozen).one(),
        lost_blackouts=_blackouts_without_zone(db),
    )
    found = tuple(
        problems_of(fleet, queue, workers, schedules, circumstances=circumstances, now=moment)
    )
    return Status(
        at=moment,
        health=worst_of(found),
        problems=found,
        fleet=fleet,
        queue=queue,
        workers=workers,
        schedules=schedules,
        waiting_devices=db.scalars(waiting).one(),
        frozen_credentials=circumstances.frozen_credentials,
    )


def _fleet(db: Session) -> FleetStatus:
    """Return the state of the devices: two looks at all of them, and one at those that fail."""
    kinds = select(
        Device.enabled,
        Device.last_backup_status,
        Device.is_reachable.is_(False),
        func.count(),
        func.min(Device.last_backup_at),
    ).group_by(Device.enabled, Device.last_backup_status, Device.is_reachable.is_(False))
    by_status: Counter[str] = Counter()
    disabled = unreachable = untried = 0
    tried: list[datetime] = []
    for is_enabled, status, is_dead, number, first_at in db.execute(kinds):
        if not is_enabled:
            disabled += number
            continue
        unreachable += number if is_dead else 0
        if status is None or first_at is None:
            untried += number
        else:
            by_status[status.value] += number
            tried.append(first_at)
    without_good, oldest_good = _oldest_good(db)
    return FleetStatus(
        enabled=by_status.total() + untried,
        disabled=disabled,
        unreachable=unreachable,
        by_status=dict(sorted(by_status.items())),
        untried=untried,
        without_good=without_good,
        swept_at=min(tried) if tried and not untried else None,
        oldest_good=oldest_good,
        quarantined=_quarantined(db) if by_status[BackupStatus.QUARANTINED] else (),
    )


def _oldest_good(db: Session) -> tuple[int, NamedMoment | None]:
    """Return how many devices have no good backup, and the oldest of the others' newest ones.

    That of a device whose last capture was good is from then; only for those that fail now are
    their backups looked through.
    """
    is_good = Device.last_backup_status == BackupStatus.COMPLETED
    fine = select(Device.last_backup_at, Device.hostname).where(Device.enabled.is_(True), is_good)
    oldest = db.execute(fine.order_by(Device.last_backup_at, Device.id).limit(1)).one_or_none()
    # As a condition, the state would lead a database to all good backups, once for each device.
    is_completed = Backup.status == BackupStatus.COMPLETED
    newest = func.max(case((is_completed, Backup.last_seen_at)))
    of_device = select(newest).where(Backup.device_id == Device.id)
    good_at = of_device.correlate(Device).scalar_subquery()
    is_bad = or_(Device.last_backup_status.is_(None), ~is_good)
    failing = select(good_at, Device.hostname).where(Device.enabled.is_(True), is_bad)
    older = [(row[0], row[1]) for row in db.execute(failing)]
    found = [NamedMoment(at, name) for at, name in older if at is not None]
    without = len(older) - len(found)
    if oldest is not None and oldest[0] is not None:
        found.append(NamedMoment(oldest[0], oldest[1]))
    return without, min(found, key=lambda one: one.at, default=None)


def _quarantined(db: Session) -> tuple[str, ...]:
    """Return the first few hostnames of devices whose last capture is in quarantine."""
    wanted = select(Device.hostname).where(
        Device.enabled.is_(True), Device.last_backup_status == BackupStatus.QUARANTINED
    )
    return tuple(db.scalars(wanted.order_by(Device.hostname_key).limit(_MOST_NAMED)))


def _queue(db: Session) -> QueueStatus:
    is_active = JobLog.status.in_(ACTIVE_RUN)
    runs = select(JobLog.status, func.count()).where(is_active).group_by(JobLog.status)
    counts = {row[0]: row[1] for row in db.execute(runs)}
    waits = select(JobShard.queue, func.count()).where(JobShard.status == RunStatus.QUEUED)
    oldest = select(func.min(JobLog.created_at)).where(JobLog.status == RunStatus.QUEUED)
    is_open = JobResult.status.in_((ResultStatus.PENDING, ResultStatus.RUNNING))
    active = select(JobLog.id).where(is_active)
    devices = select(func.count()).where(JobResult.job_log_id.in_(active), is_open)
    return QueueStatus(
        running_runs=counts.get(RunStatus.RUNNING, 0),
        queued_runs=counts.get(RunStatus.QUEUED, 0),
        open_devices=db.scalars(devices).one() if counts else 0,
        shards={row[0]: row[1] for row in db.execute(waits.group_by(JobShard.queue))},
        oldest_wait=db.scalar(oldest),
    )


def _workers(db: Session, now: datetime) -> tuple[WorkerStatus, ...]:
    wanted = select(Worker).where(Worker.state != WorkerState.DEAD)
    silent_since = now - timedelta(seconds=DEFAULT_SILENCE_S)
    return tuple(
        WorkerStatus(
            id=worker.id,
            name=worker.name,
            version=worker.version,
            queues=tuple(worker.queues),
            started_at=worker.started_at,
            heartbeat_at=worker.heartbeat_at,
            is_silent=worker.state is not WorkerState.LIVE or worker.heartbeat_at < silent_since,
        )
        for worker in db.scalars(wanted.order_by(Worker.started_at, Worker.id))
    )


def _schedules(db: Session, now: datetime) -> tuple[ScheduleStatus, ...]:
    """Return the schedules with which something is wrong, the longest overdue first."""
    is_on = ScheduledJob.enabled.is_(True)
    zones = set(db.scalars(select(ScheduledJob.timezone).distinct()))
    lost = zones - zone_names()
    wanted = select(ScheduledJob).where(
        or_(
            is_on & (ScheduledJob.consecutive_failures > 0),
            is_on & (ScheduledJob.next_run <= now - OVERDUE_AFTER),
            ScheduledJob.timezone.in_(lost),
            _has_lost_targets(),
        )
    )
    ordered = wanted.order_by(ScheduledJob.next_run, ScheduledJob.id).limit(_MOST_SCHEDULES)
    found = ordered.add_columns(_has_lost_targets())
    return tuple(
        ScheduleStatus(
            id=job.id,
            name=job.name,
            job_type=job.job_type.value,
            next_run=job.next_run,
            consecutive_failures=job.consecutive_failures,
            is_overdue=bool(job.enabled and job.next_run and job.next_run <= now - OVERDUE_AFTER),
            is_zone_known=job.timezone not in lost,
            has_targets=not has_lost_targets,
        )
        for job, has_lost_targets in db.execute(found)
    )


def _has_lost_targets() -> ColumnElement[bool]:
    """Tell whether all that a schedule listed was deleted, before it had done what it is for."""
    devices = exists().where(ScheduledJobDevice.scheduled_job_id == ScheduledJob.id)
    tags = exists().where(ScheduledJobTag.scheduled_job_id == ScheduledJob.id)
    is_done = ScheduledJob.schedule_type.in_(RUNS_ONCE) & ScheduledJob.last_run.is_not(None)
    return and_(
        ScheduledJob.job_type.in_(NEEDS_DEVICES),
        ~is_done,
        or_(
            (ScheduledJob.targets == TargetKind.DEVICES) & ~devices,
            (ScheduledJob.targets == TargetKind.TAGS) & ~tags,
        ),
    )


def _backup_spacing(db: Session) -> timedelta | None:
    """Return how often automatic backups are to be made; None where they are switched off."""
    if get_setting_value(db, "system.backup.enabled") is not True:
        return None
    return timedelta(hours=get_number(db, "system.backup.frequency_hours"))


def _blackouts_without_zone(db: Session) -> tuple[str, ...]:
    rows = db.scalars(select(Blackout).order_by(Blackout.name_key))
    return tuple(row.name for row in rows if not Window.of(row).is_zone_known)


def _count(db: Session, condition: ColumnElement[bool]) -> int:
    return db.scalars(select(func.count()).select_from(ScheduledJob).where(condition)).one()
