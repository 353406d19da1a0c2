"""Runs that are only written down become shards, each in the queue where it is to be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from netraven.db import new_id, operation, present_time
from netraven.db.chunks import in_chunks
from netraven.db.enums import (
    ACTIVE_RUN,
    BackupStatus,
    Overlap,
    ResultStatus,
    RunStatus,
    WorkerState,
)
from netraven.jobs.limits import hold_run_limit
from netraven.jobs.schedule_rows import lock_schedule
from netraven.jobs.shards import ShardRef
from netraven.jobs.workers import get_served_queues
from netraven.models import Device, JobLog, JobResult, JobShard, Worker

INTERACTIVE: Final = "interactive"
"""The queue of what a person waits for: never behind a nightly sweep."""
SWEEP: Final = "sweep"
SITE_PREFIX: Final = "site:"
"""What a remote collector's queue is called: `site:` and the site, as its devices name it."""

PLATFORM_PREFIX: Final = "platform:"
"""The same for a platform that users declared: its devices go to workers that have its file."""

_FEW_DEVICES: Final = 50
_SMALLEST: Final = 100
_LARGEST: Final = 500
_SHARDS: Final = 32
_SITE_REMEMBERED: Final = timedelta(days=7)


def site_queue(site: str) -> str:
    """Return the queue of the devices of one site, where that has a collector of its own."""
    return f"{SITE_PREFIX}{site}"


def platform_queue(name: str) -> str:
    """Return the queue of the devices of a platform that only some workers know."""
    return f"{PLATFORM_PREFIX}{name}"


def how_to_serve(queue: str) -> str:
    """Return what to do about a queue that nobody listens to."""
    if queue.startswith(PLATFORM_PREFIX):
        name = queue.removeprefix(PLATFORM_PREFIX)
        return f"start a worker whose home declares the platform {name}"
    return f"start `netraven worker --queues {queue}`"


@operation
def cut_runs(db: Session, *, limit: int = 20) -> list[ShardRef]:
    """Cut queued runs into shards, the oldest first; return what to enqueue in the same unit.

    Left for later: runs beyond `system.jobs.max_concurrent_jobs`, which counts only those that
    nobody waits for, and runs of a schedule that queues them while an earlier one is active.
    """
    wanted = select(JobLog).where(*uncut()).order_by(JobLog.created_at, JobLog.id).limit(limit)
    waiting = list(db.scalars(wanted.with_for_update(skip_locked=True)))
    if not waiting:
        return []
    room = hold_run_limit(db) - _sweeps_under_way(db)
    sites = _sites_with_collector(db)
    platforms = _platforms_of_workers(db)
    refs: list[ShardRef] = []
    for run in waiting:
        cuts = _Cuts(run, _devices(db, run.id), sites, platforms)
        if not _is_its_turn(db, run) or (not cuts.is_interactive and room <= 0):
            continue
        room -= not cuts.is_interactive
        refs += _cut(db, cuts)
    return refs


def uncut() -> tuple[ColumnElement[bool], ...]:
    """Return what holds of the runs that wait for being cut."""
    has_shards = exists().where(JobShard.job_log_id == JobLog.id)
    return JobLog.status == RunStatus.QUEUED, ~has_shards


def shard_size(devices: int) -> int:
    """Return how many devices a shard of such a run has: 100 to 500."""
    return max(_SMALLEST, min(_LARGEST, -(-devices // _SHARDS)))


@dataclass(frozen=True, slots=True)
class _Place:
    device_id: UUID
    site: str | None
    device_type: str
    failed: bool


@dataclass(frozen=True, slots=True)
class _Cuts:
    """A run on its way to shards."""

    run: JobLog
    places: Sequence[_Place]
    sites: frozenset[str]
    platforms: frozenset[str]

    @property
    def is_interactive(self) -> bool:
        """A person waits for it, and it is small."""
        return self.run.scheduled_job_id is None and len(self.places) <= _FEW_DEVICES

    def shards(self) -> Iterator[tuple[str, list[UUID]]]:
        """Yield each shard's queue and devices, those that failed last time at each one's end."""
        if not self.places:
            yield self._usual, []
        size = shard_size(len(self.places))
        for queue, places in groupby(sorted(self.places, key=self._order), key=self._queue_of):
            for chunk in in_chunks((place.device_id for place in places), size):
                yield queue, chunk

    def _order(self, place: _Place) -> tuple[str, bool]:
        return self._queue_of(place), place.failed

    def _queue_of(self, place: _Place) -> str:
        if place.site is not None and place.site in self.sites:
            return site_queue(place.site)
        if place.device_type in self.platforms:
            return platform_queue(place.device_type)
        return self._usual

    @property
    def _usual(self) -> str:
        return INTERACTIVE if self.is_interactive else SWEEP


def _cut(db: Session, cuts: _Cuts) -> Iterable[ShardRef]:
    refs: list[ShardRef] = []
    moment = present_time(db)
    for number, (queue, device_ids) in enumerate(cuts.shards(), start=1):
        db.add(
            JobShard(
                id=new_id(),
                job_log_id=cuts.run.id,
                number=number,
                queue=queue,
                status=RunStatus.QUEUED,
                attempts=0,
                deaths=0,
                created_at=moment,
                updated_at=moment,
            )
        )
        for chunk in in_chunks(device_ids):
            of_shard = JobResult.device_id.in_(chunk)
            placed = update(JobResult).where(JobResult.job_log_id == cuts.run.id, of_shard)
            values = {"shard_number": number, "updated_at": JobResult.updated_at}
            db.execute(placed.values(values).execution_options(synchronize_session=False))
        refs.append(ShardRef(cuts.run.id, number, 1, queue))
    db.flush()
    return refs


def _is_its_turn(db: Session, run: JobLog) -> bool:
    """Tell whether no earlier run of a schedule that queues its runs goes first."""
    if run.scheduled_job_id is None:
        return True
    schedule = lock_schedule(db, run.scheduled_job_id)
    if schedule is None or schedule.overlap is not Overlap.QUEUE:
        return True
    earlier = exists().where(
        JobLog.scheduled_job_id == schedule.id,
        JobLog.status.in_(ACTIVE_RUN),
        JobLog.id != run.id,
        or_(
            JobLog.status == RunStatus.RUNNING,
            JobLog.created_at < run.created_at,
            (JobLog.created_at == run.created_at) & (JobLog.id < run.id),
            exists().where(JobShard.job_log_id == JobLog.id),
        ),
    )
    return not db.scalar(select(earlier))


def _sweeps_under_way(db: Session) -> int:
    counted = select(func.count(func.distinct(JobShard.job_log_id))).join(
        JobLog, JobLog.id == JobShard.job_log_id
    )
    is_sweep = JobLog.status.in_(ACTIVE_RUN), JobShard.queue != INTERACTIVE
    return db.scalars(counted.where(*is_sweep)).one()


def _devices(db: Session, run_id: UUID) -> list[_Place]:
    wanted = (
        select(JobResult.device_id, Device.site, Device.device_type, Device.last_backup_status)
        .join(Device, Device.id == JobResult.device_id)
        .where(JobResult.job_log_id == run_id, JobResult.status == ResultStatus.PENDING)
        .order_by(JobResult.id)
    )
    return [
        _Place(device_id, site, device_type, status is BackupStatus.FAILED)
        for device_id, site, device_type, status in db.execute(wanted)
        if device_id is not None
    ]


def _sites_with_collector(db: Session) -> frozenset[str]:
    """Return the sites for which a collector has been at work within the last days.

    Its devices wait for it while it is away: from here they may not even be reached.
    """
    since = present_time(db) - _SITE_REMEMBERED
    seen = or_(Worker.state == WorkerState.LIVE, Worker.heartbeat_at >= since)
    queues = {queue for served in db.scalars(select(Worker.queues).where(seen)) for queue in served}
    return frozenset(
        queue.removeprefix(SITE_PREFIX) for queue in queues if queue.startswith(SITE_PREFIX)
    )


def _platforms_of_workers(db: Session) -> frozenset[str]:
    """Return the users' platforms that a live worker has; without one, whoever comes says so."""
    served = (queue for queue in get_served_queues(db) if queue.startswith(PLATFORM_PREFIX))
    return frozenset(queue.removeprefix(PLATFORM_PREFIX) for queue in served)
