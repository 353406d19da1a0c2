"""The life of a run: queued, running, ended; what is asked of it and how it turned out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session, selectinload

from netraven import clock
from netraven.clock import as_utc
from netraven.db import Id, as_uuid, get_actor, guarded, new_id, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import (
    ACTIVE_RUN,
    RUN_STEPS,
    JobType,
    Overlap,
    ResultStatus,
    RunReason,
    RunStatus,
)
from netraven.errors import Conflict, Invalid
from netraven.jobs.firing import record_served
from netraven.jobs.options import NEEDS_DEVICES, checked_options
from netraven.jobs.schedule_rows import lock_schedule
from netraven.models import Device, JobLog, JobResult, ScheduledJob, User
from netraven.schemas.job import JobLogCreate

Item = TypeVar("Item")

_WHY_SKIPPED = {
    RunReason.NO_TARGETS: "no enabled device is meant, so there was nothing to do",
    RunReason.OVERLAP: "an earlier run of the same schedule still goes, so this one was skipped",
}
_OPEN_RESULTS = (ResultStatus.PENDING, ResultStatus.RUNNING)


@operation
def create_job_log(
    db: Session, log: JobLogCreate, user_id: Id | None = None, *, now: datetime | None = None
) -> JobLog:
    """Return a queued run with one pending result per device, so that none can vanish.

    It is skipped at once where its type needs devices and it has none (`no_targets`), or where
    its schedule has an active run and does not queue (`overlap`). Raises Conflict("scheduled_for")
    where the schedule has its run for that time already, and Invalid for `device_ids`,
    `scheduled_job_id`, `job_data` or `created_by`.
    """
    moment = clock.moment(now)
    hostnames = _hostnames(db, log.device_ids)
    schedule = _locked_schedule(db, log.scheduled_job_id)
    # What a schedule holds was checked when it was stored; a run of it must not fail to be made.
    if schedule is None or (schedule.job_type, schedule.job_data) != (log.job_type, log.job_data):
        checked_options(db, log.job_type, log.job_data)
    reason = _reason_to_skip(db, log.job_type, schedule, has_devices=bool(hostnames))
    run = JobLog(
        id=new_id(),
        job_type=log.job_type,
        job_data=log.job_data,
        status=RunStatus.SKIPPED if reason else RunStatus.QUEUED,
        reason=reason,
        end_time=moment if reason else None,
        result_message=_WHY_SKIPPED[reason] if reason else None,
        scheduled_job_id=schedule.id if schedule else None,
        scheduled_for=as_utc(log.scheduled_for) if log.scheduled_for else None,
        retention_days=log.retention_days,
        session_id=log.session_id,
        created_by=_creator(db, user_id),
        actor_name=_actor_name(db, user_id),
        created_at=moment,
        attempts=0,
        last_seq=0,
    )
    if len(hostnames) == 1:
        run.device_id, run.device_hostname = next(iter(hostnames.items()))
    with guarded(db):
        db.add(run)
    for chunk in in_chunks(list(hostnames.items())):
        rows = [_result(run, device_id, name) for device_id, name in chunk]
        db.execute(insert(JobResult), rows)
    return _loaded(db, run.id)


@operation
def start_job_log(db: Session, log_id: Id, *, now: datetime | None = None) -> JobLog | None:
    """Take the run up: queued becomes running; each take-up adds 1 to `attempts`.

    A second start keeps the first `start_time`. Raises Conflict("status") for an ended run, and
    Conflict("overlap") while another run of a schedule that queues its runs is running.
    """
    run = _locked(db, log_id)
    if run is None:
        return None
    if run.status is not RunStatus.RUNNING:
        _check_step(run, RunStatus.RUNNING)
        _check_turn(db, run)
        run.status = RunStatus.RUNNING
        run.start_time = clock.moment(now)
    run.attempts += 1
    db.flush()
    return _loaded(db, run.id)


@operation
def cancel_job_log(db: Session, log_id: Id, *, now: datetime | None = None) -> JobLog | None:
    """Cancel a queued run with its results; ask a running one to stop.

    Raises Conflict("status") for an ended run.
    """
    run = _locked(db, log_id)
    if run is None:
        return None
    moment = clock.moment(now)
    if run.status is RunStatus.QUEUED:
        run.status, run.reason = RunStatus.CANCELLED, RunReason.CANCELLED
        run.end_time = moment
        _end_open_results(db, run, RunStatus.CANCELLED)
    elif run.status is RunStatus.RUNNING:
        run.cancel_requested_at = run.cancel_requested_at or moment
    else:
        raise _ended(run)
    db.flush()
    return _loaded(db, run.id)


@operation
def finish_job_log(
    db: Session,
    log_id: Id,
    *,
    status: str | None = None,
    reason: str | None = None,
    message: str | None = None,
    now: datetime | None = None,
) -> JobLog | None:
    """End the run; without a status its results decide, and open ones end with it.

    Raises Conflict("status") for a run that has ended, Invalid("status") for a status that is
    not a final one, Invalid("reason") for an unknown reason.
    """
    run = _locked(db, log_id)
    if run is None:
        return None
    if run.status not in ACTIVE_RUN:
        raise _ended(run)
    given = None if reason is None else _reason(reason)
    outcome, cause = _outcome(db, run) if status is None else (_final_status(status), None)
    _check_step(run, outcome)
    _end_open_results(db, run, outcome)
    run.status, run.reason = outcome, given or cause
    run.result_message = message
    run.end_time = clock.moment(now)
    db.flush()
    if run.scheduled_job_id is not None and run.scheduled_for is not None:
        is_success = outcome in {RunStatus.SUCCEEDED, RunStatus.SKIPPED}
        record_served(
            db, run.scheduled_job_id, run.scheduled_for, is_success=is_success, now=run.end_time
        )
    return _loaded(db, run.id)


def _outcome(db: Session, run: JobLog) -> tuple[RunStatus, RunReason | None]:
    """Return how the run ends when its open results end with it."""
    counted = select(JobResult.status, func.count()).where(JobResult.job_log_id == run.id)
    counts = {row[0]: row[1] for row in db.execute(counted.group_by(JobResult.status))}
    asked_to_stop = run.cancel_requested_at is not None
    for status in _OPEN_RESULTS:
        still_open = counts.pop(status, 0)
        if still_open:
            end = ResultStatus.CANCELLED if asked_to_stop else ResultStatus.FAILED
            counts[end] = counts.get(end, 0) + still_open
    skipped = counts.pop(ResultStatus.SKIPPED, 0)
    if asked_to_stop and counts.get(ResultStatus.CANCELLED):
        return RunStatus.CANCELLED, RunReason.CANCELLED
    if not counts:
        return RunStatus.SKIPPED, None if skipped else RunReason.NO_TARGETS
    succeeded = counts.get(ResultStatus.SUCCEEDED, 0)
    if succeeded == sum(counts.values()):
        return RunStatus.SUCCEEDED, None
    return (RunStatus.PARTIAL if succeeded else RunStatus.FAILED), None


def _end_open_results(db: Session, run: JobLog, outcome: RunStatus) -> None:
    """End what no worker will end any more, as its run ends."""
    is_cancelled = outcome is RunStatus.CANCELLED or run.cancel_requested_at is not None
    if is_cancelled:
        status, reason = ResultStatus.CANCELLED, RunReason.CANCELLED
    elif outcome is RunStatus.SKIPPED:
        status, reason = ResultStatus.SKIPPED, None
    else:
        status, reason = ResultStatus.FAILED, RunReason.ERROR
    db.execute(
        update(JobResult)
        .where(JobResult.job_log_id == run.id, JobResult.status.in_(_OPEN_RESULTS))
        .values(status=status, reason=reason)
        .execution_options(synchronize_session=False)
    )


def _reason_to_skip(
    db: Session, job_type: JobType, schedule: ScheduledJob | None, *, has_devices: bool
) -> RunReason | None:
    if job_type in NEEDS_DEVICES and not has_devices:
        return RunReason.NO_TARGETS
    if schedule is None or schedule.overlap is not Overlap.SKIP:
        return None
    is_active = JobLog.status.in_(ACTIVE_RUN)
    active = exists().where(JobLog.scheduled_job_id == schedule.id, is_active)
    return RunReason.OVERLAP if db.scalar(select(active)) else None


def _check_turn(db: Session, run: JobLog) -> None:
    """Raise Conflict("overlap") while another run of the run's schedule is running."""
    schedule = _locked_schedule(db, run.scheduled_job_id)
    if schedule is None or schedule.overlap is not Overlap.QUEUE:
        return
    is_running = JobLog.status == RunStatus.RUNNING
    running = exists().where(JobLog.scheduled_job_id == schedule.id, is_running)
    if db.scalar(select(running)):
        raise Conflict("overlap", "another run of the same schedule is running; it ends first")


def _check_step(run: JobLog, status: RunStatus) -> None:
    if status not in RUN_STEPS[run.status]:
        raise Conflict("status", f"a run that is {run.status} cannot become {status}")


def _ended(run: JobLog) -> Conflict:
    return Conflict("status", f"the run has ended: it is {run.status}")


def _final_status(status: str) -> RunStatus:
    if status not in {member.value for member in RunStatus} - {s.value for s in ACTIVE_RUN}:
        raise Invalid("status", f"{status} is not a status that ends a run")
    return RunStatus(status)


def _reason(reason: str) -> RunReason:
    if reason not in {member.value for member in RunReason}:
        raise Invalid("reason", f"{reason} is not a reason that runs know")
    return RunReason(reason)


def _locked(db: Session, log_id: Id) -> JobLog | None:
    run_id = as_uuid(log_id)
    if run_id is None:
        return None
    wanted = select(JobLog).where(JobLog.id == run_id).with_for_update()
    return db.scalar(wanted.execution_options(populate_existing=True))


def _locked_schedule(db: Session, schedule_id: Id | None) -> ScheduledJob | None:
    """Return the schedule, held until the unit ends, so that its runs are begun one by one."""
    if schedule_id is None:
        return None
    schedule = lock_schedule(db, schedule_id)
    if schedule is None:
        raise Invalid("scheduled_job_id", f"there is no scheduled job {schedule_id}")
    return schedule


def _loaded(db: Session, run_id: UUID) -> JobLog:
    relations = (JobLog.device, JobLog.creator, JobLog.scheduled_job)
    wanted = select(JobLog).where(JobLog.id == run_id)
    return db.scalars(wanted.options(*(selectinload(relation) for relation in relations))).one()


def _hostnames(db: Session, device_ids: Sequence[Id]) -> dict[UUID, str]:
    """Return the hostname of each device, each once, in id order."""
    wanted = sorted({_known_id(device_id) for device_id in device_ids})
    found: dict[UUID, str] = {}
    for chunk in in_chunks(wanted):
        rows = db.execute(select(Device.id, Device.hostname).where(Device.id.in_(chunk)))
        found.update((row[0], row[1]) for row in rows)
    absent = [device_id for device_id in wanted if device_id not in found]
    if absent:
        raise Invalid("device_ids", f"there is no device {absent[0]}")
    return dict(sorted(found.items()))


def _known_id(device_id: Id) -> UUID:
    known = as_uuid(device_id)
    if known is None:
        raise Invalid("device_ids", f"there is no device {device_id!r}")
    return known


def _creator(db: Session, user_id: Id | None) -> UUID | None:
    if user_id is None:
        return None
    creator = as_uuid(user_id)
    if creator is None or db.scalar(select(User.id).where(User.id == creator)) is None:
        raise Invalid("created_by", f"there is no user {user_id}")
    return creator


def _actor_name(db: Session, user_id: Id | None) -> str:
    creator = None if user_id is None else as_uuid(user_id)
    name = db.scalar(select(User.username).where(User.id == creator)) if creator else None
    return name or get_actor(db).name


def _result(run: JobLog, device_id: UUID, hostname: str) -> dict[str, object]:
    is_skipped = run.status is RunStatus.SKIPPED
    return {
        "id": new_id(),
        "job_log_id": run.id,
        "device_id": device_id,
        "device_hostname": hostname,
        "status": ResultStatus.SKIPPED if is_skipped else ResultStatus.PENDING,
        "reason": run.reason if is_skipped else None,
        "attempts": 0,
        "created_at": run.created_at,
        "updated_at": run.created_at,
    }
