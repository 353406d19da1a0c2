"""A shard that cannot be done as meant ends all the same, and says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.db import new_id
from netraven.db.enums import JobType, LogLevel, ResultStatus, RunReason, RunStatus
from netraven.jobs.cutting import cut_runs
from netraven.jobs.engine import MemoryEngine
from netraven.jobs.shards import ShardRef
from netraven.jobs.workers import register_worker
from netraven.models import AdminSetting, JobLogEntry, JobResult, JobShard
from netraven.tasks.collector import Collector
from netraven.tasks.registry import TaskEntry
from netraven.tasks.task import Work
from netraven.worker.run import ShardRunner
from tests.conftest import Database
from tests.planner import Planner

UNSTORABLE = "\ud800"
"""Half of a pair, which no database takes, nor says so in an error of its own."""


class Doing:
    """One run of one shard, and who does it, with a task of the test's."""

    def __init__(self, database: Database, run: Callable[[Work], Awaitable[str | None]]) -> None:
        self.database = database
        self.planner = Planner(database)
        self.worker_id = database.run(register_worker, "own").id
        types = (JobType.VERIFY, JobType.BACKUP)
        self.tasks = {
            job_type: TaskEntry(
                job_type=job_type, run=run, needs_devices=job_type is JobType.BACKUP
            )
            for job_type in types
        }

    async def end(self, *device_ids: UUID) -> UUID:
        """Do a verification, or a backup of these devices; return the run."""
        job_type = JobType.BACKUP if device_ids else JobType.VERIFY
        self.planner.add_run(*device_ids, job_type=job_type)
        (ref,) = self.database.run(cut_runs)
        await self.do(ref)
        return ref.run_id

    async def do(self, ref: ShardRef) -> None:
        runner = ShardRunner(
            self.database.sessions,
            MemoryEngine(),
            Collector(),
            worker_id=self.worker_id,
            tasks=self.tasks,
        )
        await runner.do(ref)
        await runner.idle()
        await runner.close()

    def outcome(self, run_id: UUID) -> tuple[str, str | None, str | None]:
        run = self.planner.read_run(run_id)
        return run.status, run.reason, run.result_message

    def errors(self, run_id: UUID) -> list[str]:
        """Return what the run's log says of errors."""
        told = select(JobLogEntry.message).where(
            JobLogEntry.job_log_id == run_id, JobLogEntry.level == LogLevel.ERROR
        )
        with self.database.unit() as db:
            return list(db.scalars(told))

    def shard(self, run_id: UUID) -> RunStatus:
        with self.database.unit() as db:
            return db.scalars(select(JobShard.status).where(JobShard.job_log_id == run_id)).one()


async def time_out(_work: Work) -> str:
    raise TimeoutError


async def say_what_cannot_be_stored(_work: Work) -> str:
    return UNSTORABLE


async def do_nothing(_work: Work) -> None:
    return


async def test_timeout_within_a_task_is_not_told_as_the_deadline(sync_database: Database) -> None:
    doing = Doing(sync_database, time_out)

    run_id = await doing.end()

    message = "an unexpected TimeoutError; the worker's log tells more"
    assert doing.outcome(run_id) == (RunStatus.FAILED, RunReason.ERROR, message)


async def test_run_whose_end_cannot_be_kept_as_meant_ends_at_once(
    sync_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    doing = Doing(sync_database, say_what_cannot_be_stored)

    run_id = await doing.end()

    message = "an unexpected UnicodeEncodeError; the worker's log tells more"
    assert doing.outcome(run_id) == (RunStatus.FAILED, RunReason.ERROR, message)
    assert doing.shard(run_id) is RunStatus.FAILED
    assert doing.errors(run_id) == [message]
    (line,) = capsys.readouterr().out.splitlines()
    assert "a run failed unexpectedly" in line
    assert "/worker/run.py:" in line


async def test_run_that_cannot_be_begun_ends_with_the_reason(sync_database: Database) -> None:
    doing = Doing(sync_database, do_nothing)
    device_id = doing.planner.add_device("core-1")
    with sync_database.unit() as db:
        key = "system.jobs.device_deadline_seconds"
        setting = db.scalars(select(AdminSetting).where(AdminSetting.key == key)).one_or_none()
        assert setting is None
        db.add(
            AdminSetting(id=new_id(), key=key, value="soon", value_type="text", category="system")
        )

    run_id = await doing.end(device_id)

    message = "key: system.jobs.device_deadline_seconds does not hold a number"
    assert doing.outcome(run_id)[:2] == (RunStatus.FAILED, None)
    assert doing.errors(run_id) == [message]
    with sync_database.unit() as db:
        result = db.scalars(select(JobResult).where(JobResult.job_log_id == run_id)).one()
    assert (result.status, result.reason) == (ResultStatus.FAILED, RunReason.ERROR)
    assert result.message == message


async def test_shard_in_other_hands_is_left_to_them(sync_database: Database) -> None:
    doing = Doing(sync_database, do_nothing)
    run_id = await doing.end()

    await doing.do(ShardRef(run_id, 1, 1, "sweep"))

    assert doing.outcome(run_id) == (RunStatus.SUCCEEDED, None, None)
