"""What a member says and does about its likes, in this process and by the engine for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from typing_extensions import override

from netraven import __version__
from netraven.db.enums import WorkerState
from netraven.errors import SchemaMismatch
from netraven.jobs.engine import Body, MemoryEngine
from netraven.jobs.workers import register_worker
from netraven.models import JobLog, Worker
from netraven.worker.member import Member
from netraven.worker.options import WorkerOptions
from tests.conftest import Database
from tests.failures.rig import until
from tests.planner import Planner

OFTEN = WorkerOptions(beat_s=0.02, tick_s=0.02)


async def work(database: Database, *, until_over: UUID) -> None:
    """Let a member work until the run has ended, and it gave several signs of life."""
    stop = asyncio.Event()
    member = Member(database.sessions, lambda _database, _executor: MemoryEngine(), OFTEN)
    own: list[UUID] = []
    beats: set[datetime] = set()

    def is_over() -> bool:
        with database.unit() as db:
            run = db.get_one(JobLog, until_over)
            beats.update(db.get_one(Worker, one).heartbeat_at for one in own)
        return run.end_time is not None and len(beats) > 2

    async with asyncio.TaskGroup() as group:
        group.create_task(member.work(stop, on_ready=own.append))
        await asyncio.to_thread(until, is_over, "the run ends")
        stop.set()


async def test_worker_of_another_version_is_named_once_and_keeps_nobody_from_working(
    sync_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    planner = Planner(sync_database)
    other = sync_database.run(register_worker, "other", version="0.0.1").id
    run_id = planner.add_run(job_type="tag_rules")

    await work(sync_database, until_over=run_id)

    (line,) = (one for one in capsys.readouterr().out.splitlines() if "other versions" in one)
    assert "workers of other versions work here too; let all run the same one" in line
    assert __version__ in line
    assert "0.0.1" in line
    assert planner.read_run(run_id).status == "succeeded"
    with sync_database.unit() as db:
        assert db.get_one(Worker, other).state is WorkerState.LIVE


class TooOld(MemoryEngine):
    """An engine that does not understand its tables."""

    @override
    def launch(self, queues: Mapping[str, int], body: Body) -> None:
        message = "the job engine's tables are of a newer release"
        raise SchemaMismatch(message)


async def test_member_that_cannot_begin_leaves_nobody_who_looks_alive(
    sync_database: Database,
) -> None:
    member = Member(sync_database.sessions, lambda _database, _executor: TooOld(), OFTEN)

    with pytest.raises(SchemaMismatch, match="of a newer release"):
        await member.work(asyncio.Event())

    with sync_database.unit() as db:
        assert [worker.state for worker in db.scalars(select(Worker))] == [WorkerState.DEAD]
