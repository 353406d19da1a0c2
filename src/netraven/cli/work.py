"""How a command gets a run done: by the workers where there are any, else in its own process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from netraven.db.types import JsonValue

if TYPE_CHECKING:
    from netraven.cli.home import Home
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


def is_anybody_at_work(home: Home) -> bool:
    """Tell whether a server, a worker or a command is doing runs now."""
    from netraven.worker.embedded import is_anybody_there

    return is_anybody_there(place_of(home))


def write_down(
    home: Home,
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
    home: Home, run_id: UUID, on_result: Callable[[DeviceDone], None] | None = None
) -> RunSummary:
    """Return how the run ended, having told each device once it was done.

    The first interrupt cancels the run: what is stored stays, the rest is marked cancelled.
    """
    from netraven.worker import embedded

    summary = asyncio.run(embedded.see_through(place_of(home), run_id, on_result))
    if summary is None:  # only whoever merely watches leaves before the end
        raise KeyboardInterrupt
    return summary


def watch(
    home: Home, run_id: UUID, on_result: Callable[[DeviceDone], None] | None = None
) -> RunSummary | None:
    """Return how a run ended that others do; None where the watching was interrupted."""
    from netraven.worker import embedded

    watching = embedded.see_through(place_of(home), run_id, on_result, cancels=False)
    return asyncio.run(watching)
