"""How many runs go on at a time."""

from __future__ import annotations

import threading
from uuid import UUID

from netraven.admin.settings import initialize_default_settings, update_admin_setting_value
from netraven.db import unit_of_work
from netraven.jobs.limits import has_room_for_run
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.schemas.job import JobLogCreate
from tests.conftest import Database
from tests.planner import Planner

VERIFY = JobLogCreate.model_validate({"job_type": "verify"})


def test_there_is_room_for_as_many_runs_as_the_setting_says(planner: Planner) -> None:
    database = planner.database
    database.run(initialize_default_settings)
    database.run(update_admin_setting_value, "system.jobs.max_concurrent_jobs", 2)

    first = begin(database)
    assert database.run(has_room_for_run)
    begin(database)
    assert not database.run(has_room_for_run)

    database.run(finish_job_log, first, status="succeeded")
    assert database.run(has_room_for_run)


def test_changed_setting_acts_at_the_next_question(planner: Planner) -> None:
    database = planner.database
    database.run(initialize_default_settings)
    database.run(update_admin_setting_value, "system.jobs.max_concurrent_jobs", 1)
    begin(database)
    assert not database.run(has_room_for_run)

    database.run(update_admin_setting_value, "system.jobs.max_concurrent_jobs", 2)

    assert database.run(has_room_for_run)


def test_default_holds_before_settings_are_made(planner: Planner) -> None:
    for _ in range(5):
        assert planner.database.run(has_room_for_run)
        begin(planner.database)

    assert not planner.database.run(has_room_for_run)


def test_of_workers_who_ask_at_once_no_more_begin_than_may(sync_database: Database) -> None:
    sync_database.run(initialize_default_settings)
    sync_database.run(update_admin_setting_value, "system.jobs.max_concurrent_jobs", 3)
    runs = [sync_database.run(create_job_log, VERIFY).id for _ in range(8)]
    begun: list[UUID] = []

    def work(run_id: UUID) -> None:
        with unit_of_work(sync_database.sessions) as db:
            if has_room_for_run(db):
                start_job_log(db, run_id)
                begun.append(run_id)

    workers = [threading.Thread(target=work, args=(run_id,)) for run_id in runs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(begun) == 3


def begin(database: Database) -> UUID:
    run = database.run(create_job_log, VERIFY)
    database.run(start_job_log, run.id)
    return run.id
