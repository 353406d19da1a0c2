"""What the end of a run does to its schedule: it moves on, and counts what it missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import Id, operation
from netraven.db.enums import ResultStatus, ScheduleType
from netraven.errors import Invalid
from netraven.jobs.schedule_rows import load_schedule, lock_schedule
from netraven.models import ScheduledJob

RUNS_ONCE = (ScheduleType.IMMEDIATE, ScheduleType.ONE_TIME)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a schedule stands after a run: its next one, if any, and how many passed unserved."""

    next_run: datetime | None
    enabled: bool
    missed: int = 0


def moved_on(job: ScheduledJob, now: datetime) -> Move:
    """Return where the schedule stands once the run that is due at its `next_run` was served.

    A schedule that runs once is over. A recurring one goes to its first run after `now`; one that
    never comes again is disabled, so that it cannot stop the others.
    """
    if job.schedule_type in RUNS_ONCE:
        return Move(None, enabled=False)
    if not job.enabled:
        return Move(None, enabled=False)
    if job.next_run is not None and job.next_run > now:
        return Move(job.next_run, enabled=True)
    try:
        missed = 0 if job.next_run is None else job.timing.passed_over(job.next_run, now)
        return Move(job.timing.next_run(now), enabled=True, missed=missed)
    except Invalid:
        return Move(None, enabled=False)


@operation
def update_job_last_run(
    db: Session,
    job_id: Id,
    success: bool = True,  # noqa: FBT001, FBT002  the contract's signature
    *,
    now: datetime | None = None,
) -> ScheduledJob | None:
    """Note how a run of the schedule ended, and move the schedule on; None if there is none.

    Runs that passed unserved up to `now` are added to `missed_runs`, at most 1 000 a call.
    """
    job = lock_schedule(db, job_id)
    if job is None:
        return None
    moment = clock.moment(now)
    _note_outcome(job, is_success=success, moment=moment)
    _move_on(job, moment)
    db.flush()
    return load_schedule(db, job)


@operation
def record_served(
    db: Session, job_id: Id, served: datetime, *, is_success: bool, now: datetime
) -> None:
    """Do the same for the run of one due time.

    A schedule that moved on when that run was made stays where it is: what has become due since
    then is the next tick's.
    """
    job = lock_schedule(db, job_id)
    if job is None:
        return
    _note_outcome(job, is_success=is_success, moment=now)
    if job.next_run is not None and job.next_run <= served:
        _move_on(job, now)
    db.flush()


def _note_outcome(job: ScheduledJob, *, is_success: bool, moment: datetime) -> None:
    job.last_run = moment
    job.last_status = ResultStatus.SUCCEEDED if is_success else ResultStatus.FAILED
    job.consecutive_failures = 0 if is_success else job.consecutive_failures + 1


def _move_on(job: ScheduledJob, moment: datetime) -> None:
    move = moved_on(job, moment)
    if (move.next_run, move.enabled) != (job.next_run, job.enabled):
        job.revision += 1
    job.next_run, job.enabled = move.next_run, move.enabled
    job.missed_runs += move.missed
