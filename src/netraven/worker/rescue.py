"""What dead members left is taken up again, what the engine lost is enqueued anew, what lasts ends.

Any number of members may look: conditional updates decide who does it. It is a plain function, not
a queued job, so that it works where nothing else does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from netraven.db import unit_of_work
from netraven.db.enums import LogLevel, WorkerState
from netraven.jobs.cutting import how_to_serve
from netraven.jobs.engine import Engine
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.overdue import end_overdue_runs, get_overdue_runs
from netraven.jobs.shards import (
    ShardRef,
    get_queued_shards,
    has_left_shards,
    queue_anew,
    take_up_shards,
)
from netraven.jobs.workers import (
    bury_worker,
    get_answered_for,
    get_served_queues,
    take_silent_workers,
)
from netraven.log import get_logger
from netraven.models import JobLogEntry, Worker
from netraven.schemas.job import JobLogEntryCreate
from netraven.tasks.registry import sum_up
from netraven.worker.executors import worker_of
from netraven.worker.options import WorkerOptions

_UNSERVED = "unserved"
_log = get_logger("worker")


class Rescue:
    """One member's eye on the others.

    Whoever shows the same heartbeat for `silence_s` of this process's own clock is dead: clocks
    that jump, or differ from host to host, let nobody look dead.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        engine: Engine,
        options: WorkerOptions,
        *,
        own_id: UUID,
    ) -> None:
        self._sessions = sessions
        self._engine = engine
        self._options = options
        self._own_id = own_id
        self._seen: dict[UUID, tuple[datetime, float]] = {}

    def look(self) -> int:
        """Do what has to be done; return how many shards were enqueued."""
        with unit_of_work(self._sessions, read_only=True) as db:
            silent = self._silent(db)
            has_left = bool(silent) or has_left_shards(db)
            overdue = get_overdue_runs(db, older_than=self._run_deadline)
        again = self._take_up(silent) if has_left else 0
        if overdue:
            self._end(overdue)
        return again + self._find_lost()

    @property
    def _run_deadline(self) -> timedelta:
        return timedelta(seconds=self._options.run_deadline_s)

    def _silent(self, db: Session) -> dict[UUID, datetime]:
        """Return who gave no sign of life for long, and the last that each gave."""
        now_s = time.monotonic()
        others = select(Worker.id, Worker.heartbeat_at).where(
            Worker.state != WorkerState.DEAD, Worker.id != self._own_id
        )
        found = {row.id: row.heartbeat_at for row in db.execute(others)}
        seen = {
            worker_id: self._seen.get(worker_id, (beat, now_s)) for worker_id, beat in found.items()
        }
        self._seen = {
            worker_id: seen[worker_id] if seen[worker_id][0] == beat else (beat, now_s)
            for worker_id, beat in found.items()
        }
        patience_s = 0.0 if self._options.is_alone else self._options.silence_s
        return {
            worker_id: beat
            for worker_id, (beat, since_s) in self._seen.items()
            if now_s - since_s >= patience_s
        }

    def _take_up(self, silent: Mapping[UUID, datetime]) -> int:
        with unit_of_work(self._sessions) as db:
            taken = take_silent_workers(db, silent)
            again, ended = take_up_shards(db, [worker.id for worker in taken])
            for run in ended:
                sum_up(db, run)
            self._engine.enqueue(db, again)
            for worker in taken:
                bury_worker(db, worker.id)
        for worker in taken:
            _log.warning("a worker died", worker=str(worker.id), host=worker.name)
        if again or ended:
            _log.warning("shards were taken up again", shards=len(again), runs_ended=len(ended))
        return len(again)

    def _find_lost(self) -> int:
        """Enqueue anew what is queued in our tables, but waits for nobody who will do it.

        That is at once what the engine gave to a process which has ended since, and after a while
        whatever else does not wait in the engine.
        """
        with unit_of_work(self._sessions, read_only=True) as db:
            queued = get_queued_shards(db)
        if not queued:
            return 0
        given = self._engine.given(ref.job_id for ref in queued)
        with unit_of_work(self._sessions, read_only=True) as db:
            # Asked after the engine: whoever was given something had been written down before.
            alive = {str(worker_id) for worker_id in get_answered_for(db)}
            long_queued = get_queued_shards(db, silent_s=self._options.lost_s)
            served = get_served_queues(db)
        left = {job_id for job_id, name in given.items() if worker_of(name) not in alive}
        waiting = self._engine.waiting(ref.job_id for ref in long_queued)
        left |= {ref.job_id for ref in long_queued if ref.job_id not in waiting}
        unserved = [ref for ref in long_queued if ref.queue not in served]
        if unserved:
            self._tell_unserved(unserved)
        return self._enqueue_anew([ref for ref in queued if ref.job_id in left])

    def _enqueue_anew(self, lost: Sequence[ShardRef]) -> int:
        if not lost:
            return 0
        with unit_of_work(self._sessions) as db:
            anew = [new for ref in lost if (new := queue_anew(db, ref)) is not None]
            self._engine.enqueue(db, anew)
        _log.warning("shards that the engine had lost were enqueued anew", shards=len(anew))
        return len(anew)

    def _tell_unserved(self, refs: Sequence[ShardRef]) -> None:
        """Write into the log of each run, once, whom it waits for."""
        first = {ref.run_id: ref for ref in reversed(refs)}
        with unit_of_work(self._sessions) as db:
            told = select(JobLogEntry.job_log_id).where(
                JobLogEntry.job_log_id.in_(first), JobLogEntry.category == _UNSERVED
            )
            for run_id in first.keys() - set(db.scalars(told)):
                append_job_log_entries(db, run_id, [_unserved(first[run_id].queue)])

    def _end(self, overdue: Sequence[UUID]) -> None:
        with unit_of_work(self._sessions) as db:
            for run in end_overdue_runs(db, overdue, older_than=self._run_deadline):
                _log.warning("a run was ended at its deadline", run=str(run.id))
                sum_up(db, run)


def take_over(sessions: sessionmaker[Session], engine: Engine, worker_id: UUID) -> None:
    """Take up what a member left of which it is known that it is dead."""
    with unit_of_work(sessions) as db:
        again, ended = take_up_shards(db, [worker_id])
        for run in ended:
            sum_up(db, run)
        engine.enqueue(db, again)
        bury_worker(db, worker_id)


def _unserved(queue: str) -> JobLogEntryCreate:
    remedy = how_to_serve(queue)
    return JobLogEntryCreate(
        level=LogLevel.WARNING,
        category=_UNSERVED,
        message=f"no worker listens to the queue {queue}, so some devices wait; {remedy}",
        details={"queue": queue},
    )
