"""A process that ticks: `python -m tests.ticker URL START HOURS`, one round per simulated hour.

Each round fires what is due at its hour until nothing is, as a scheduler of a live process does
within the hour, and prints the runs that it made.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from sqlalchemy import NullPool

from netraven.db import make_sessions, unit_of_work
from netraven.errors import StorageFailed
from netraven.jobs.due import count_due_jobs, enqueue_due_jobs


def main(url: str, start: str, hours: str) -> int:
    """Tick through the hours; return the exit code."""
    sessions = make_sessions(url, None, pool=NullPool)
    for hour in range(int(hours)):
        now = datetime.fromisoformat(start) + timedelta(hours=hour)
        is_done = False
        while not is_done:
            try:
                with unit_of_work(sessions) as db:
                    made = [str(run.id) for run in enqueue_due_jobs(db, now=now, limit=3)]
                sys.stdout.writelines(f"{run_id}\n" for run_id in made)
                with unit_of_work(sessions, read_only=True) as db:
                    is_done = count_due_jobs(db, now) == 0
            except StorageFailed as error:
                if not error.retryable:
                    raise
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
