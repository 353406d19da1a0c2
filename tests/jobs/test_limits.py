"""How many runs go on at a time."""

from __future__ import annotations

import threading
from uuid import UUID

from sqlalchemy import func, select

from netraven.admin.settings import initialize_default_settings, update_admin_setting_value
from netraven.db import unit_of_work
from netraven.db.enums import RunStatus
from netraven.jobs.limits import hold_run_limit
from netraven.jobs.runs import create_job_log, start_job_log
from netraven.models import JobLog
from netraven.schemas.job import JobLogCreate
from tests.conftest import Database
from tests.planner import Planner

VERIFY = JobLogCreate.model_validate({"job_type": "verify"})


def test_default_holds_before_settings_are_made(planner: Planner) -> None:
    assert planner.database.run(hold_run_limit) == 5


def test_changed_setting_acts_at_the_next_question(planner: Planner) -> None:
    planner.database.run(initialize_default_settings)
    assert planner.database.run(hold_run_limit) == 5

    planner.database.run(update_admin_setting_value, "system.jobs.max_concurrent_jobs", 2)

    assert planner.database.run(hold_run_limit) == 2


def test_of_processes_that_ask_at_once_no_more_runs_begin_than_may(
    sync_database: Database,
) -> None:
    sync_database.run(initialize_default_settings)
    sync_database.run(update_admin_setting_value, "system.jobs.max_concurrent_jobs", 3)
    runs = [sync_database.run(create_job_log, VERIFY).id for _ in range(8)]
    begun: list[UUID] = []

    def begin(run_id: UUID) -> None:
        running = select(func.count()).where(JobLog.status == RunStatus.RUNNING)
        with unit_of_work(sync_database.sessions) as db:
            if hold_run_limit(db) > db.scalars(running).one():
                start_job_log(db, run_id)
                begun.append(run_id)

    processes = [threading.Thread(target=begin, args=(run_id,)) for run_id in runs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert len(begun) == 3
