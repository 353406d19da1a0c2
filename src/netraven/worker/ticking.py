"""The tick: schedules that are due and runs that were only written down become shards."""

from __future__ import annotations

from sqlalchemy.orm import Session, sessionmaker

from netraven.db import present_time, unit_of_work
from netraven.errors import Conflict
from netraven.jobs.cutting import cut_runs, has_uncut_runs
from netraven.jobs.due import enqueue_due_jobs, is_anything_due
from netraven.jobs.engine import Engine
from netraven.log import get_logger

_log = get_logger("worker")


def tick(sessions: sessionmaker[Session], engine: Engine, *, fires_schedules: bool) -> int:
    """Enqueue what is due; return how many shards that were.

    A read-only look goes first, so that an idle tick locks nothing. Run, shards and what the
    engine is given are of one unit: a crash leaves all or nothing.
    """
    with unit_of_work(sessions, read_only=True) as db:
        is_due = fires_schedules and is_anything_due(db, now=present_time(db))
        if not is_due and not has_uncut_runs(db):
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
