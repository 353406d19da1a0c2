"""The life of a run: queued, running, ended; what is asked of it and how it turned out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session, selectinload

from netraven import clock
from netraven.db import Id, as_uuid, get_actor, new_id, operation
from netraven.db.enums import ACTIVE_RUN, RUN_STEPS, ResultStatus, RunReason, RunStatus
from netraven.errors import Conflict, Invalid
from netraven.models import Device, JobLog, JobResult, User
from netraven.schemas.job import JobLogCreate

Item = TypeVar("Item")

_CHUNK = 500


@operation
def create_job_log(
    db: Session, log: JobLogCreate, user_id: Id | None = None, *, now: datetime | None = None
) -> JobLog:
    """Return a queued run with one pending result per device, so that none can vanish.

    A run without devices is skipped at once, with the reason `no_targets`. Raises
    Invalid("device_ids") for an absent device, Invalid("created_by") for an absent user.
    """
    moment = now or clock.now()
    hostnames = _hostnames(db, log.device_ids)
    run = JobLog(
        id=new_id(),
        created_at=moment,
        status=RunStatus.QUEUED if hostnames else RunStatus.SKIPPED,
        reason=None if hostnames else RunReason.NO_TARGETS,
        end_time=None if hostnames else moment,
        created_by=_creator(db, user_id),
        actor_name=_actor_name(db, user_id),
        attempts=0,
        last_seq=0,
        **log.model_dump(exclude={"device_ids"}),
    )
    if len(hostnames) == 1:
        run.device_id, run.device_hostname = next(iter(hostnames.items()))
    db.add(run)
    db.flush()
    for chunk in _chunks(list(hostnames.items())):
        pending = [_pending(run.id, device_id, name, moment) for device_id, name in chunk]
        db.execute(insert(JobResult), pending)
    return _loaded(db, run.id)


@operation
def start_job_log(db: Session, log_id: Id, *, now: datetime | None = None) -> JobLog | None:
    """Take the run up: queued becomes running; each take-up adds 1 to `attempts`.

    A second start keeps the first `start_time`. Raises Conflict("status") for an ended run.
    """
    run = _locked(db, log_id)
    if run is None:
        return None
    if run.status is not RunStatus.RUNNING:
        _step(run, RunStatus.RUNNING)
    run.start_time = run.start_time or now or clock.now()
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
    moment = now or clock.now()
    if run.status is RunStatus.QUEUED:
        _step(run, RunStatus.CANCELLED)
        run.reason, run.end_time = RunReason.CANCELLED, moment
        _end_open_results(db, run.id, ResultStatus.CANCELLED, RunReason.CANCELLED)
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
    wanted = None if status is None else _final_status(status)
    given = None if reason is None else _reason(reason)
    outcome, cause = _outcome(db, run) if wanted is None else (wanted, None)
    _step(run, outcome)
    run.reason = given or cause
    run.result_message = message
    run.end_time = now or clock.now()
    db.flush()
    return _loaded(db, run.id)


def _outcome(db: Session, run: JobLog) -> tuple[RunStatus, RunReason | None]:
    asked_to_stop = run.cancel_requested_at is not None
    if asked_to_stop:
        _end_open_results(db, run.id, ResultStatus.CANCELLED, RunReason.CANCELLED)
    else:
        _end_open_results(db, run.id, ResultStatus.FAILED, RunReason.ERROR)
    counted = select(JobResult.status, func.count()).where(JobResult.job_log_id == run.id)
    counts = {row[0]: row[1] for row in db.execute(counted.group_by(JobResult.status))}
    skipped = counts.pop(ResultStatus.SKIPPED, 0)
    if asked_to_stop and counts.get(ResultStatus.CANCELLED):
        return RunStatus.CANCELLED, RunReason.CANCELLED
    if not counts:
        return RunStatus.SKIPPED, None if skipped else RunReason.NO_TARGETS
    succeeded = counts.get(ResultStatus.SUCCEEDED, 0)
    if succeeded == sum(counts.values()):
        return RunStatus.SUCCEEDED, None
    return (RunStatus.PARTIAL if succeeded else RunStatus.FAILED), None


def _end_open_results(db: Session, run_id: UUID, status: ResultStatus, reason: RunReason) -> None:
    is_open = JobResult.status.in_((ResultStatus.PENDING, ResultStatus.RUNNING))
    db.execute(
        update(JobResult)
        .where(JobResult.job_log_id == run_id, is_open)
        .values(status=status, reason=reason.value)
        .execution_options(synchronize_session=False)
    )


def _step(run: JobLog, status: RunStatus) -> None:
    if status not in RUN_STEPS[run.status]:
        raise Conflict("status", f"a run that is {run.status} cannot become {status}")
    run.status = status


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


def _loaded(db: Session, run_id: UUID) -> JobLog:
    relations = (JobLog.device, JobLog.creator, JobLog.scheduled_job)
    wanted = select(JobLog).where(JobLog.id == run_id)
    return db.scalars(wanted.options(*(selectinload(relation) for relation in relations))).one()


def _hostnames(db: Session, device_ids: Sequence[Id]) -> dict[UUID, str]:
    """Return the hostname of each device, each once, in id order."""
    wanted = sorted({_known_id(device_id) for device_id in device_ids})
    found: dict[UUID, str] = {}
    for chunk in _chunks(wanted):
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


def _pending(run_id: UUID, device_id: UUID, hostname: str, moment: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "job_log_id": run_id,
        "device_id": device_id,
        "device_hostname": hostname,
        "status": ResultStatus.PENDING,
        "attempts": 0,
        "created_at": moment,
        "updated_at": moment,
    }


def _chunks(items: Sequence[Item]) -> Iterator[list[Item]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
