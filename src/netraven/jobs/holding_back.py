"""A schedule's run without the devices that are in a black-out: left out, or put off."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.db import operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import HoldBack, ResultStatus, RunReason, RunStatus
from netraven.jobs.blackouts import HeldBack, get_held_back
from netraven.jobs.runs import finish_job_log
from netraven.jobs.waits import forget_waits, put_off
from netraven.models import JobLog, JobResult


@operation
def hold_back(db: Session, run: JobLog, *, now: datetime | None = None) -> JobLog:
    """Skip the devices of a schedule's new run that are in a black-out, and return the run.

    Those that only wait get their turn when it is over. A run of which nobody is left is skipped
    (`blackout`). The other devices wait for the schedule no longer.
    """
    if run.status is not RunStatus.QUEUED or run.scheduled_job_id is None:
        return run
    moment = clock.moment(now)
    devices = {one for one in db.scalars(_devices_of(run)) if one is not None}
    held = get_held_back(db, devices, now=moment)
    forget_waits(db, run.scheduled_job_id, devices - held.keys())
    if not held:
        return run
    waits = {one: why.until for one, why in held.items() if why.hold_back is HoldBack.WAIT}
    put_off(db, run.scheduled_job_id, waits, now=moment)
    _skip(db, run, held)
    if len(held) < len(devices):
        return run
    ended = finish_job_log(
        db,
        run.id,
        status=RunStatus.SKIPPED,
        reason=RunReason.BLACKOUT,
        message=f"every device is in a black-out: {'; '.join(_in_words(held))}",
        now=moment,
    )
    return ended or run


def _devices_of(run: JobLog) -> Select[UUID | None]:
    return select(JobResult.device_id).where(JobResult.job_log_id == run.id)


def _skip(db: Session, run: JobLog, held: Mapping[UUID, HeldBack]) -> None:
    alike: defaultdict[HeldBack, list[UUID]] = defaultdict(list)
    for device_id, why in held.items():
        alike[why].append(device_id)
    for why, device_ids in alike.items():
        for chunk in in_chunks(device_ids):
            skipped = (
                update(JobResult)
                .where(JobResult.job_log_id == run.id, JobResult.device_id.in_(chunk))
                .values(
                    status=ResultStatus.SKIPPED, reason=RunReason.BLACKOUT, message=_sentence(why)
                )
            )
            db.execute(skipped.execution_options(synchronize_session=False))


def _sentence(why: HeldBack) -> str:
    begun = f"the black-out {why.name} lasts until {why.until:%Y-%m-%d %H:%M} UTC"
    if why.hold_back is HoldBack.WAIT:
        return f"{begun}; the device has its turn then"
    return f"{begun}; this run leaves the device out"


def _in_words(held: Mapping[UUID, HeldBack]) -> Iterator[str]:
    """Yield for each black-out how many devices it holds back, and how."""
    counted = Counter(held.values())
    for why, number in sorted(counted.items(), key=lambda pair: (pair[0].name, pair[0].until)):
        does = "wait until" if why.hold_back is HoldBack.WAIT else "are left out until"
        yield f"{number} of {why.name} {does} {why.until:%Y-%m-%d %H:%M} UTC"
