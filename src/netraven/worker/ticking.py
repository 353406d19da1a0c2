"""The tick: schedules that are due and runs that were only written down become shards."""

from __future__ import annotations

import time
from typing import Final, cast

from sqlalchemy import Engine as DatabaseEngine
from sqlalchemy.orm import Session, sessionmaker

from netraven.db import present_time, unit_of_work
from netraven.db.changes import Changes
from netraven.errors import Conflict
from netraven.jobs.cutting import cut_runs
from netraven.jobs.due import enqueue_due_jobs
from netraven.jobs.engine import Engine
from netraven.jobs.pending import get_pending
from netraven.log import get_logger

_LOOK_AGAIN_S: Final = 1.0
_log = get_logger("worker")


class Ticker:
    """One member's ticks, for one thread at a time.

    A tick asks nothing where nobody wrote to the database since the last one; what becomes due by
    time alone is found within a second.
    """

    def __init__(
        self, sessions: sessionmaker[Session], engine: Engine, *, fires_schedules: bool
    ) -> None:
        self._sessions = sessions
        self._engine = engine
        self._fires_schedules = fires_schedules
        self._changes = Changes(cast("DatabaseEngine", sessions.kw["bind"]))
        self._look_at_s = time.monotonic()

    def tick(self) -> int:
        """Enqueue what is due; return how many shards that were."""
        now_s = time.monotonic()
        if not self._changes.since_last() and now_s < self._look_at_s:
            return 0
        enqueued = tick(self._sessions, self._engine, fires_schedules=self._fires_schedules)
        self._look_at_s = now_s + _LOOK_AGAIN_S
        return enqueued

    def close(self) -> None:
        """Tick no more."""
        self._changes.close()


def tick(sessions: sessionmaker[Session], engine: Engine, *, fires_schedules: bool) -> int:
    """Enqueue what is due; return how many shards that were.

    A read-only look goes first, so that an idle tick locks nothing. Run, shards and what the
    engine is given are of one unit: a crash leaves all or nothing.
    """
    with unit_of_work(sessions, read_only=True) as db:
        pending = get_pending(db)
    is_due = fires_schedules and pending.is_due
    if not is_due and not pending.is_uncut:
        return 0
    try:
        with unit_of_work(sessions) as db:
            if is_due:
                enqueue_due_jobs(db, now=present_time(db))
            refs = cut_runs(db)
            engine.enqueue(db, refs)
    except Conflict as error:  # another one ticked at the same moment; the next tick looks again
        _log.info("a tick was in vain", reason=str(error))
        return 0
    return len(refs)
