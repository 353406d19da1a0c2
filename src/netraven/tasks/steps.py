"""Work that is not over devices, a unit at a time: each in a thread, asked again while it must."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from netraven.db.enums import LogLevel
from netraven.errors import StorageFailed
from netraven.jobs.entries import append_job_log_entries
from netraven.log import get_logger
from netraven.schemas.job import JobLogEntryCreate
from netraven.tasks.task import Work

P = ParamSpec("P")
R = TypeVar("R")

_AGAIN_AFTER_S: Final = (0.2, 1.0, 2.0, 4.0, 8.0, 15.0)
_log = get_logger("tasks")


async def step(body: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what the body returns, which blocks; a database that is busy or away is asked again.

    Raises StorageFailed where that did not help.
    """
    for pause_s in _AGAIN_AFTER_S:
        try:
            return await asyncio.to_thread(body, *args, **kwargs)
        except StorageFailed as error:
            _log.info("asking the database failed", reason=str(error), again_in_s=pause_s)
            await asyncio.sleep(pause_s)
    return await asyncio.to_thread(body, *args, **kwargs)


async def say(work: Work, message: str, *, level: LogLevel = LogLevel.INFO) -> None:
    """Add a line to the run's log: how far it has come, or what it found."""
    await step(_append, work, JobLogEntryCreate(level=level, category="progress", message=message))


def _append(work: Work, entry: JobLogEntryCreate) -> None:
    with work.writing() as db:
        append_job_log_entries(db, work.run_id, [entry])
