"""Who follows runs is woken, whatever happens to the watch that does it."""

from __future__ import annotations

import asyncio

import pytest

from netraven.errors import NotAuthenticated
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


async def test_of_one_login_all_streams_ask_once_and_each_hears_that_it_is_over(
    sync_database: Database,
) -> None:
    feed = RunFeed(sync_database.async_sessions)
    asked: list[str] = []

    async def ask(login: str) -> str:
        asked.append(login)
        if login == "revoked":
            raise NotAuthenticated("it is over")
        return login

    async with asyncio.TaskGroup() as streams:
        told = [streams.create_task(feed.for_a_while("a", lambda: ask("a"))) for _ in range(100)]
    again = await feed.for_a_while("a", lambda: ask("a"))
    for _ in range(2):
        with pytest.raises(NotAuthenticated):
            await feed.for_a_while("b", lambda: ask("revoked"))
    await feed.close()

    assert {each.result() for each in told} == {again}
    assert asked == ["a", "revoked"]
