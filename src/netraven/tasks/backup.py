"""The backup of devices: collected at once, judged and stored as they come, told as stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import perf_counter
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from netraven.db import Actor, unit_of_work
from netraven.db.enums import BackupStatus, ResultStatus, RunReason, RunStatus
from netraven.errors import NetRavenError
from netraven.jobs.leases import release_leases_of
from netraven.jobs.results import count_results_by_status
from netraven.jobs.runs import cancel_job_log, finish_job_log
from netraven.models import JobLog
from netraven.tasks.collecting import Collection
from netraven.tasks.plan import RunPlan, begin_backup
from netraven.tasks.progress import DeviceDone, RunSummary
from netraven.tasks.shards import lease_owner


def run_backup(
    sessions: sessionmaker[Session],
    device_ids: Sequence[UUID],
    *,
    actor: Actor,
    on_result: Callable[[DeviceDone], None],
    on_start: Callable[[UUID, int], None] | None = None,
    deadline_s: float | None = None,
) -> RunSummary:
    """Back these devices up as one run, and return how it ended.

    `on_start` is told the run's id and its number of devices, `on_result` each device once it is
    stored; both are called in this thread. The first interrupt or termination signal stops the
    run cleanly: what is stored stays, the rest is cancelled. Blocks until the end, on an event
    loop of its own. `deadline_s` bounds the work on one device, the setting without it. Raises
    Invalid for an absent device, and StorageFailed or KeyUnavailable
    where the run cannot go on, which ends it as failed.
    """
    begun_s = perf_counter()
    plan = begin_backup(sessions, device_ids, actor=actor, deadline_s=deadline_s)
    if on_start is not None:
        on_start(plan.run_id, len(plan.device_ids))
    counts = _Counts()

    def tell(done: DeviceDone) -> None:
        counts.add(done)
        on_result(done)

    with _ended_whatever_happens(sessions, plan, actor):
        was_stopped = False
        if plan.device_ids:
            collection = Collection(sessions, plan, actor=actor, on_result=tell)
            was_stopped = asyncio.run(collection.conduct())
        run, results = _finish(sessions, plan, actor, was_stopped=was_stopped)
    return RunSummary(
        run_id=run.id,
        status=run.status,
        took_s=perf_counter() - begun_s,
        results=Counter(results),
        new_versions=counts.new_versions,
        unchanged=counts.unchanged,
        quarantined=counts.quarantined,
    )


class _Counts:
    """What the results alone do not say: new versions, unchanged ones, and quarantined ones."""

    def __init__(self) -> None:
        self.new_versions = self.unchanged = self.quarantined = 0

    def add(self, done: DeviceDone) -> None:
        if done.backup_status is BackupStatus.QUARANTINED:
            self.quarantined += 1
        elif done.backup_status is BackupStatus.COMPLETED:
            self.new_versions += done.is_new
            self.unchanged += not done.is_new


def _finish(
    sessions: sessionmaker[Session], plan: RunPlan, actor: Actor, *, was_stopped: bool
) -> tuple[JobLog, dict[ResultStatus, int]]:
    with unit_of_work(sessions, actor=actor) as db:
        release_leases_of(db, lease_owner(plan.run_id))
        if not plan.device_ids:  # such a run is skipped from the start
            return db.get_one(JobLog, plan.run_id), {}
        if was_stopped:
            cancel_job_log(db, plan.run_id)
        finish_job_log(db, plan.run_id)
        results = count_results_by_status(db, plan.run_id)
        run = db.get_one(JobLog, plan.run_id)
        run.result_message = _in_words(results, len(plan.device_ids))
        return run, results


def _in_words(results: dict[ResultStatus, int], devices: int) -> str:
    good = results.get(ResultStatus.SUCCEEDED, 0)
    return f"{good} of {devices} {'device has' if devices == 1 else 'devices have'} a good backup"


@contextmanager
def _ended_whatever_happens(
    sessions: sessionmaker[Session], plan: RunPlan, actor: Actor
) -> Iterator[None]:
    """Leave no run behind that looks alive: what breaks off, second interrupts too, ends it."""
    is_finished = False
    try:
        yield
        is_finished = True
    finally:
        if not is_finished:
            with suppress(NetRavenError), unit_of_work(sessions, actor=actor) as db:
                release_leases_of(db, lease_owner(plan.run_id))
                finish_job_log(
                    db,
                    plan.run_id,
                    status=RunStatus.FAILED,
                    reason=RunReason.ERROR,
                    message="the run broke off; what it had stored by then stays",
                )
