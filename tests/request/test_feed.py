"""Who follows runs is woken, whatever happens to the watch that does it."""

from __future__ import annotations

import asyncio

from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.runs import create_job_log
from netraven.request.feed import RunFeed
from netraven.schemas.job import JobLogCreate, JobLogEntryCreate
from tests.conftest import Database


async def ended_watch() -> None:
    """End the watch as a fault in it would."""
    (watch,) = (task for task in asyncio.all_tasks() if "_look_on" in repr(task.get_coro()))
    watch.cancel()
    await asyncio.wait([watch])


async def nothing() -> None:
    """Look at nothing."""


async def test_a_watch_that_broke_off_is_begun_again_for_streams_already_open(
    sync_database: Database,
) -> None:
    with sync_database.unit() as db:
        run = create_job_log(db, JobLogCreate.model_validate({"job_type": "retention"}))
    feed = RunFeed(sync_database.async_sessions)

    with feed.following(run.id) as happened:
        await happened.wait()
        happened.clear()
        await ended_watch()
        await feed.together("a sign of life", nothing)
        with sync_database.unit() as db:
            append_job_log_entries(db, run.id, [JobLogEntryCreate(message="now")])
        async with asyncio.timeout(30):
            await happened.wait()
    await feed.close()

    assert happened.is_set()
