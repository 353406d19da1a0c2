"""How a command gets a run done: by the workers where there are any, else in its own process.

At a server elsewhere its workers do it, and the command follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from netraven.cli.home import Home
from netraven.db.types import JsonValue

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.db.enums import JobType
    from netraven.tasks.progress import DeviceDone, RunSummary
    from netraven.worker.embedded import Place


def place_of(home: Home) -> Place:
    """Return where a command of this installation works."""
    from netraven.cli.home import sqlite_path
    from netraven.jobs.dbos_engine import DbosEngine
    from netraven.worker.embedded import Place

    path = sqlite_path(home.settings)
    return Place(
        sessions=home.sessions,
        actor=home.actor,
        home=None if path is None else path.parent,
        make_engine=DbosEngine,
    )


def is_anybody_at_work(home: AnyHome) -> bool:
    """Tell whether a server, a worker or a command is doing runs now."""
    if not isinstance(home, Home):
        return home.is_anybody_at_work()
    from netraven.worker.embedded import is_anybody_there

    return is_anybody_there(place_of(home))


def write_down(
    home: AnyHome,
    job_type: JobType,
    device_ids: Sequence[UUID] = (),
    options: Mapping[str, JsonValue] | None = None,
) -> UUID:
    """Queue a run and return its id; raises Invalid for an absent device or unfit options."""
    from netraven.jobs.runs import create_job_log
    from netraven.schemas.job import JobLogCreate

    with home.writing() as db:
        wanted = JobLogCreate(
            job_type=job_type,
            device_ids=list(dict.fromkeys(device_ids)),
            job_data=dict(options or {}),
        )
        return create_job_log(db, wanted).id


def see_through(
    home: AnyHome, run_id: UUID, on_result: Callable[[DeviceDone], None] | None = None
) -> RunSummary:
    """Return how the run ended, having told each device once it was done.

    The first interrupt cancels the run: what is stored stays, the rest is marked cancelled.
    """
    summary = _followed(home, run_id, on_result, cancels=True)
    if summary is None:  # only whoever merely watches leaves before the end
        raise KeyboardInterrupt
    return summary


def watch(
    home: AnyHome, run_id: UUID, on_result: Callable[[DeviceDone], None] | None = None
) -> RunSummary | None:
    """Return how a run ended that others do; None where the watching was interrupted."""
    return _followed(home, run_id, on_result, cancels=False)


def _followed(
    home: AnyHome,
    run_id: UUID,
    on_result: Callable[[DeviceDone], None] | None,
    *,
    cancels: bool,
) -> RunSummary | None:
    if not isinstance(home, Home):
        return home.follow(run_id, on_result, cancels=cancels)
    from netraven.worker import embedded

    return asyncio.run(embedded.see_through(place_of(home), run_id, on_result, cancels=cancels))
