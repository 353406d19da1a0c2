"""The life of a shard: begun by one worker, held while it works, finished, or taken up again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy.orm import Session

from netraven.db import operation, present_time
from netraven.db.enums import (
    ACTIVE_RUN,
    JobType,
    LogLevel,
    ResultStatus,
    RunReason,
    RunStatus,
    WorkerState,
)
from netraven.db.types import JsonValue
from netraven.errors import Conflict
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.leases import release_leases_of
from netraven.jobs.runs import finish_job_log, start_job_log
from netraven.models import JobLog, JobResult, JobShard, Worker
from netraven.schemas.job import JobLogEntryCreate

DEATHS_TO_GIVE_UP: Final = 3
"""After so many workers that died with a shard, its open devices fail instead of a fourth."""

OPEN_SHARD: Final = (RunStatus.QUEUED, RunStatus.RUNNING)
OPEN_RESULT: Final = (ResultStatus.PENDING, ResultStatus.RUNNING)


@dataclass(frozen=True, slots=True, order=True)
class ShardRef:
    """One doing of one shard: what the engine is given, and all that it knows of our work."""

    run_id: UUID
    number: int
    attempt: int
    queue: str

    @property
    def owner(self) -> str:
        """The name under which this doing holds leases on devices."""
        return f"run {self.run_id} shard {self.number} attempt {self.attempt}"

    @property
    def job_id(self) -> str:
        """The engine's id of it: enqueueing the same doing twice is enqueueing it once."""
        first = f"run:{self.run_id}:shard:{self.number}"
        return first if self.attempt == 1 else f"{first}:{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunShard:
    """A shard that this worker does now; `device_ids` are those without a final result."""

    ref: ShardRef
    job_type: JobType
    options: Mapping[str, JsonValue]
    device_ids: tuple[UUID, ...]
    actor_name: str
    created_by: UUID | None


@operation
def begin_shard(db: Session, ref: ShardRef, worker_id: UUID) -> BegunShard | None:
    """Take the shard for a worker; the first one of a run begins the run.

    None where there is nothing to do: the run has ended, the shard is done or in other hands, or
    an earlier run of its schedule goes first (it stays queued then, and is enqueued again).
    """
    run = _locked_run(db, ref.run_id)
    shard = _locked_shard(db, ref.run_id, ref.number)
    if run is None or shard is None or run.status not in ACTIVE_RUN:
        return None
    if shard.status is not RunStatus.QUEUED or shard.attempts != ref.attempt - 1:
        return None
    if run.status is RunStatus.QUEUED:
        try:
            start_job_log(db, run.id, now=present_time(db))
        except Conflict:
            return None
        _tell_begun(db, run)
    shard.status = RunStatus.RUNNING
    shard.attempts = ref.attempt
    shard.worker_id = worker_id
    shard.begun_at = present_time(db)
    db.flush()
    return BegunShard(
        ref=ref,
        job_type=run.job_type,
        options=dict(run.job_data),
        device_ids=get_open_devices(db, ref),
        actor_name=run.actor_name,
        created_by=run.created_by,
    )


@operation
def get_open_devices(db: Session, ref: ShardRef) -> tuple[UUID, ...]:
    """Return the devices of the shard without a final result, in the order of the run."""
    wanted = select(JobResult.device_id).where(
        JobResult.job_log_id == ref.run_id,
        JobResult.shard_number == ref.number,
        JobResult.status.in_(OPEN_RESULT),
        JobResult.device_id.is_not(None),
    )
    return tuple(one for one in db.scalars(wanted.order_by(JobResult.id)) if one is not None)


@operation
def hold_shard(db: Session, run_id: UUID, number: int, *, attempt: int) -> None:
    """Make sure, until the unit ends, that this doing of the shard is the present one.

    Raises Conflict("shard") where another worker has taken it up, or the run has ended.
    """
    wanted = select(JobShard.status, JobShard.attempts).where(*_is(run_id, number))
    found = db.execute(wanted.with_for_update(read=True)).one_or_none()
    if found is None or (found.status, found.attempts) != (RunStatus.RUNNING, attempt):
        raise Conflict("shard", "this part of the run has passed to another worker")


@operation
def finish_shard(
    db: Session,
    ref: ShardRef,
    *,
    reason: RunReason | None = None,
    message: str | None = None,
    is_over_devices: bool,
) -> JobLog | None:
    """End the shard; the one that ends last ends the run, which is then returned.

    Devices still open fail for `reason`, with the message; without one they are left to the end
    of the run. A run over no devices ends with the message, as failed where there is a reason.
    None too where the shard is not this doing's any more.
    """
    run = _locked_run(db, ref.run_id)
    shard = _locked_shard(db, ref.run_id, ref.number)
    if run is None or shard is None:
        return None
    if shard.status is not RunStatus.RUNNING or shard.attempts != ref.attempt:
        return None
    shard.status = RunStatus.SUCCEEDED if reason is None else RunStatus.FAILED
    shard.worker_id = None
    release_leases_of(db, ref.owner)
    db.flush()
    if is_over_devices:
        if reason is not None:
            fail_open_results(db, run, ref.number, reason=reason, message=message)
        return end_run_without_open_shards(db, run)
    status = RunStatus.SUCCEEDED if reason is None else RunStatus.FAILED
    if run.cancel_requested_at is not None:
        status, reason = RunStatus.CANCELLED, RunReason.CANCELLED
    return _ended(db, run, status=status, reason=reason, message=message)


@operation
def fail_shard(db: Session, ref: ShardRef, *, message: str) -> JobLog | None:
    """End a shard that could be neither begun nor finished; its open devices fail for the message.

    Return the run where that ended it. Nothing changes where the shard is done, or another's.
    """
    run = _locked_run(db, ref.run_id)
    shard = _locked_shard(db, ref.run_id, ref.number)
    if run is None or shard is None or run.status not in ACTIVE_RUN:
        return None
    present = (RunStatus.QUEUED, ref.attempt - 1), (RunStatus.RUNNING, ref.attempt)
    if (shard.status, shard.attempts) not in present:
        return None
    told = JobLogEntryCreate(level=LogLevel.ERROR, message=message, category="run")
    append_job_log_entries(db, run.id, [told])
    return _given_up(db, run, shard, reason=RunReason.ERROR, message=message)


@operation
def hand_back_shard(db: Session, ref: ShardRef) -> ShardRef | None:
    """Queue a shard that this worker leaves unfinished, as it ends; return what to enqueue."""
    shard = _locked_shard(db, ref.run_id, ref.number)
    if shard is None or (shard.status, shard.attempts) != (RunStatus.RUNNING, ref.attempt):
        return None
    return _queued_again(db, shard)


@operation
def take_up_shards(
    db: Session, worker_ids: Collection[UUID]
) -> tuple[list[ShardRef], list[JobLog]]:
    """Queue the shards that these workers, who are dead, have left; return what to enqueue.

    Those that no living worker has count too, whatever became of theirs. A shard with which the
    third worker died fails its open devices as `worker_lost`; the runs that ended of it are
    returned too.
    """
    again: list[ShardRef] = []
    ended: list[JobLog] = []
    left = select(JobShard.job_log_id, JobShard.number).where(
        JobShard.status == RunStatus.RUNNING, _is_left(worker_ids)
    )
    for run_id, number in db.execute(left.order_by(JobShard.job_log_id, JobShard.number)).all():
        run = _locked_run(db, run_id)
        shard = _locked_shard(db, run_id, number)
        if run is None or shard is None or shard.status is not RunStatus.RUNNING:
            continue
        if run.status not in ACTIVE_RUN:
            shard.status, shard.worker_id = RunStatus.CANCELLED, None
            continue
        shard.deaths += 1
        if shard.deaths < DEATHS_TO_GIVE_UP:
            start_job_log(db, run.id, now=present_time(db))
            again.append(_queued_again(db, shard))
            continue
        message = f"{shard.deaths} workers died while they worked on this part of the run"
        done = _given_up(db, run, shard, reason=RunReason.WORKER_LOST, message=message)
        ended += [] if done is None else [done]
    db.flush()
    return again, ended


@operation
def has_left_shards(db: Session) -> bool:
    """Tell whether a shard is running that no worker has who lives or is being answered for."""
    left = select(JobShard.id).where(JobShard.status == RunStatus.RUNNING, _is_left(()))
    return db.scalar(left.limit(1)) is not None


@operation
def get_queued_shards(db: Session, *, silent_s: float = 0.0) -> list[ShardRef]:
    """Return, by run, what has been queued that long without a change."""
    oldest = present_time(db).timestamp() - silent_s
    wanted = select(JobShard).where(JobShard.status == RunStatus.QUEUED)
    ordered = wanted.order_by(JobShard.job_log_id, JobShard.number)
    return [_next(one) for one in db.scalars(ordered) if one.updated_at.timestamp() <= oldest]


@operation
def queue_anew(db: Session, ref: ShardRef) -> ShardRef | None:
    """Give a queued shard that the engine has lost another number; return what to enqueue."""
    shard = _locked_shard(db, ref.run_id, ref.number)
    if shard is None or (shard.status, shard.attempts) != (RunStatus.QUEUED, ref.attempt - 1):
        return None
    shard.attempts += 1
    db.flush()
    return _next(shard)


@operation
def fail_open_results(
    db: Session, run: JobLog, number: int | None, *, reason: RunReason, message: str | None
) -> None:
    """End the open results of a shard, or of the whole run without a number."""
    of_run = [JobResult.job_log_id == run.id, JobResult.status.in_(OPEN_RESULT)]
    if number is not None:
        of_run.append(JobResult.shard_number == number)
    failed = update(JobResult).where(*of_run)
    values = {"status": ResultStatus.FAILED, "reason": reason, "message": message}
    db.execute(failed.values(values).execution_options(synchronize_session=False))


@operation
def end_run_without_open_shards(db: Session, run: JobLog) -> JobLog | None:
    """End the run, whose row is locked, if none of its shards is open; return it then."""
    is_open = exists().where(JobShard.job_log_id == run.id, JobShard.status.in_(OPEN_SHARD))
    return None if db.scalar(select(is_open)) else _ended(db, run)


def _ended(
    db: Session,
    run: JobLog,
    *,
    status: RunStatus | None = None,
    reason: RunReason | None = None,
    message: str | None = None,
) -> JobLog | None:
    if run.status not in ACTIVE_RUN:
        return None
    return finish_job_log(
        db, run.id, status=status, reason=reason, message=message, now=present_time(db)
    )


def _given_up(
    db: Session, run: JobLog, shard: JobShard, *, reason: RunReason, message: str
) -> JobLog | None:
    shard.status, shard.worker_id = RunStatus.FAILED, None
    release_leases_of(db, _present(shard).owner)
    db.flush()
    fail_open_results(db, run, shard.number, reason=reason, message=message)
    has_devices = exists().where(JobResult.job_log_id == run.id)
    if db.scalar(select(has_devices)):
        return end_run_without_open_shards(db, run)
    return _ended(db, run, status=RunStatus.FAILED, reason=reason, message=message)


def _queued_again(db: Session, shard: JobShard) -> ShardRef:
    release_leases_of(db, _present(shard).owner)
    shard.status, shard.worker_id, shard.begun_at = RunStatus.QUEUED, None, None
    db.flush()
    return _next(shard)


def _present(shard: JobShard) -> ShardRef:
    return ShardRef(shard.job_log_id, shard.number, shard.attempts, shard.queue)


def _next(shard: JobShard) -> ShardRef:
    return ShardRef(shard.job_log_id, shard.number, shard.attempts + 1, shard.queue)


def _is_left(worker_ids: Collection[UUID]) -> ColumnElement[bool]:
    dead = select(Worker.id).where(Worker.state == WorkerState.DEAD)
    is_theirs = JobShard.worker_id.in_(worker_ids)
    return or_(is_theirs, JobShard.worker_id.is_(None), JobShard.worker_id.in_(dead))


def _is(run_id: UUID, number: int) -> tuple[ColumnElement[bool], ...]:
    return JobShard.job_log_id == run_id, JobShard.number == number


def _locked_shard(db: Session, run_id: UUID, number: int) -> JobShard | None:
    wanted = select(JobShard).where(JobShard.job_log_id == run_id, JobShard.number == number)
    return db.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def _tell_begun(db: Session, run: JobLog) -> None:
    counted = select(func.count()).select_from(JobResult).where(JobResult.job_log_id == run.id)
    devices = db.scalars(counted).one()
    over = f" over {devices} {'device' if devices == 1 else 'devices'}" if devices else ""
    told = JobLogEntryCreate(message=f"the {run.job_type} run{over} began", category="run")
    append_job_log_entries(db, run.id, [told])


def _locked_run(db: Session, run_id: UUID) -> JobLog | None:
    wanted = select(JobLog).where(JobLog.id == run_id).with_for_update()
    return db.scalar(wanted.execution_options(populate_existing=True))
