"""A shard of a run, begun as a worker begins it, for the task that is to do it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from netraven.db import SYSTEM, Actor
from netraven.db.enums import JobType
from netraven.db.types import JsonValue
from netraven.jobs.cutting import cut_runs
from netraven.jobs.entries import get_job_log_entries
from netraven.jobs.listing import get_job_log
from netraven.jobs.results import get_job_results
from netraven.jobs.runs import create_job_log
from netraven.jobs.shards import begin_shard
from netraven.jobs.workers import register_worker
from netraven.models import JobLog, JobResult
from netraven.schemas.job import JobLogCreate
from netraven.tasks.collector import Collector
from netraven.tasks.progress import DeviceDone
from netraven.tasks.task import Task, Work
from tests.conftest import Database


class Workbench:
    """One shard in the hands of a worker; `told` are the devices it was told of."""

    def __init__(
        self,
        database: Database,
        job_type: JobType,
        *device_ids: UUID,
        options: Mapping[str, JsonValue] | None = None,
        actor: Actor = SYSTEM,
    ) -> None:
        self._database = database
        self.told: list[DeviceDone] = []
        wanted = JobLogCreate.model_validate(
            {"job_type": job_type, "device_ids": list(device_ids), "job_data": options or {}}
        )
        with database.unit(actor=actor) as db:
            self.run_id = create_job_log(db, wanted).id
            worker = register_worker(db, "bench", queues=["sweep", "interactive"])
            [ref] = cut_runs(db)
            begun = begin_shard(db, ref, worker.id)
        assert begun is not None
        self._begun = begun
        self._actor = actor
        self.sessions = database.sessions
        self.stop_at_once = False

    def do(self, task: Task) -> str | None:
        """Let the task do its work, and return what it says of it."""
        return asyncio.run(self._do(task))

    def run(self) -> JobLog:
        """Return the run as it is stored."""
        run = self._database.run(get_job_log, self.run_id)
        assert run is not None
        return run

    def results(self) -> Sequence[JobResult]:
        """Return the results of its devices by their names."""
        return self._database.run(get_job_results, self.run_id)

    def log(self) -> list[str]:
        """Return what the task told in the run's log, after the line that the run began."""
        began, *told = self._database.run(get_job_log_entries, self.run_id)
        assert began.message.endswith("began")
        return [entry.message for entry in told]

    async def _do(self, task: Task) -> str | None:
        collector, stop = Collector(), asyncio.Event()
        if self.stop_at_once:
            stop.set()
        begun = self._begun
        work = Work(
            sessions=self.sessions,
            run_id=self.run_id,
            shard_number=begun.ref.number,
            attempt=begun.ref.attempt,
            device_ids=begun.device_ids,
            options=begun.options,
            actor=self._actor,
            owner=begun.ref.owner,
            deadline_s=60.0,
            stop=stop,
            collector=collector,
            tell=self.told.append,
        )
        try:
            return await task(work)
        finally:
            collector.close()
