"""Two at once over one schedule: the database decides, and nothing is half done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from netraven.db.enums import RunReason, RunStatus
from netraven.errors import Conflict, NetRavenError
from netraven.jobs.due import enqueue_due_jobs
from netraven.jobs.runs import finish_job_log, start_job_log
from netraven.jobs.targets import get_target_devices
from netraven.models import User, UserTag
from tests.planner import Planner, at


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Return what became of calls in threads of their own: `done`, or the field in conflict."""
    ends: list[str] = []
    start = threading.Barrier(len(calls))

    def attempt(call: Callable[[], object]) -> None:
        start.wait(timeout=30)
        try:
            call()
        except Conflict as error:
            ends.append(error.field)
        except NetRavenError as error:
            ends.append(error.code)
        else:
            ends.append("done")

    threads = [threading.Thread(target=attempt, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


def test_one_due_time_gets_one_run_of_two_writers(planner: Planner) -> None:
    job_id = planner.add(job_type="verify", overlap="queue")

    def make() -> None:
        due = at("02 10:30")
        planner.add_run(job_type="verify", scheduled_job_id=job_id, scheduled_for=due)

    assert at_once(make, make) == ["done", "scheduled_for"]
    assert len(planner.runs()) == 1


def test_of_two_queued_runs_only_one_starts(planner: Planner) -> None:
    planner.add(job_type="verify", overlap="queue")
    runs = [planner.tick(at(f"{day} 10:30"))[0].id for day in ("02", "03")]

    def start(run_id: UUID) -> Callable[[], object]:
        return lambda: planner.database.run(start_job_log, run_id)

    assert at_once(*(start(run_id) for run_id in runs)) == ["done", "overlap"]
    assert {planner.read_run(run_id).status for run_id in runs} == {
        RunStatus.QUEUED,
        RunStatus.RUNNING,
    }


def test_two_active_runs_of_a_skipping_schedule_are_never_made(planner: Planner) -> None:
    device = planner.add_device("sw-1")
    job_id = planner.add(device_ids=[device])

    def make() -> None:
        planner.add_run(device, scheduled_job_id=job_id)

    at_once(make, make, make)

    told = sorted((run.status, run.reason) for run in planner.runs())
    assert told == [(RunStatus.QUEUED, None), *[(RunStatus.SKIPPED, RunReason.OVERLAP)] * 2]


def test_one_run_ends_once(planner: Planner) -> None:
    planner.add(job_type="verify")
    run_id = planner.tick(at("02 10:30"))[0].id

    def finish() -> None:
        planner.database.run(finish_job_log, run_id, status="failed")

    assert at_once(finish, finish) == ["done", "status"]
    job_id = planner.read_run(run_id).scheduled_job_id
    assert job_id is not None
    assert planner.read(job_id).consecutive_failures == 1


def test_tick_that_breaks_off_leaves_nothing(planner: Planner) -> None:
    job_id = planner.add(job_type="verify")

    def tick_and_break() -> None:
        with planner.database.unit() as db:
            assert len(enqueue_due_jobs(db, now=at("02 10:30"))) == 1
            message = "the engine took no shards"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError):
        tick_and_break()

    job = planner.read(job_id)
    assert planner.runs() == []
    assert (job.next_run, job.revision) == (at("02 10:30"), 0)


def test_schedule_reaches_no_further_than_its_creator_does_now(planner: Planner) -> None:
    core = planner.add_tag("core")
    ana = planner.add_user("ana")
    tagged = planner.add_device("tagged", core)
    free = planner.add_device("free")
    planner.add_device("own", owner=ana)
    job_id = planner.add(user=ana)
    listing = planner.add(device_ids=[tagged, free], user=ana)

    def reached(schedule_id: UUID) -> list[str]:
        found = planner.database.run(get_target_devices, schedule_id)
        return [device.hostname for device in found]

    before = reached(job_id)
    with planner.database.unit() as db:
        db.get_one(User, ana).limited_to_tags = True
        db.add(UserTag(user_id=ana, tag_id=core))
    limited = (reached(job_id), reached(listing))
    with planner.database.unit() as db:
        db.get_one(User, ana).is_active = False
    inactive = planner.tick(at("02 10:30"))

    assert before == ["free", "own", "tagged"]
    assert limited == (["own", "tagged"], ["tagged"])
    assert {(run.status, run.reason) for run in inactive} == {
        (RunStatus.SKIPPED, RunReason.NO_TARGETS)
    }
