"""Runs told as values, and in numbers."""

from __future__ import annotations

from datetime import timedelta

from netraven.archive.devices import delete_device
from netraven.db import new_id
from netraven.db.enums import JobType
from netraven.jobs.listing import get_job_logs
from netraven.jobs.results import get_job_results
from netraven.jobs.runs import create_job_log, finish_job_log, start_job_log
from netraven.jobs.summaries import get_job_log_statistics, get_job_log_with_details
from netraven.models import User
from netraven.schemas.job import JobLogCreate, JobLogFilter
from tests.planner import NINE, Planner


def test_details_name_device_and_creator(planner: Planner) -> None:
    ana, device = planner.add_user("ana"), planner.add_device("sw-1")
    log = JobLogCreate(job_type=JobType.BACKUP, device_ids=[device], session_id="s-1")
    run_id = planner.database.run(create_job_log, log, ana, now=NINE).id

    details = planner.database.run(get_job_log_with_details, run_id)

    assert details is not None
    assert (details["device_hostname"], details["device_type"]) == ("sw-1", "cisco_ios")
    assert (details["device_ip"], details["username"]) == ("sw-1.example.com", "ana")
    assert (details["created_at"], details["session_id"]) == (NINE, "s-1")
    assert set(details) == {
        *("id", "session_id", "job_type", "status", "reason", "start_time", "end_time"),
        *("result_message", "job_data", "retention_days", "device_id", "created_by"),
        *("actor_name", "scheduled_job_id", "created_at", "device_hostname", "device_ip"),
        *("device_type", "username"),
    }


def test_details_are_there_without_creator_and_device(planner: Planner) -> None:
    ana, device = planner.add_user("ana"), planner.add_device("sw-1")
    log = JobLogCreate(job_type=JobType.BACKUP, device_ids=[device])
    run_id = planner.database.run(create_job_log, log, ana).id
    planner.database.run(finish_job_log, run_id)
    planner.database.run(delete_device, device)
    with planner.database.unit() as db:
        db.delete(db.get_one(User, ana))

    details = planner.database.run(get_job_log_with_details, run_id)

    assert details is not None
    assert (details["device_hostname"], details["device_ip"]) == ("sw-1", None)
    assert (details["username"], details["actor_name"]) == (None, "ana")
    assert planner.database.run(get_job_log_with_details, new_id()) is None
    assert planner.database.run(get_job_log_with_details, "not-a-uuid") is None


def test_statistics_of_nothing_are_none(planner: Planner) -> None:
    assert planner.database.run(get_job_log_statistics) == {
        "total": 0,
        "by_status": {},
        "by_type": {},
        "success_rate": None,
        "average_seconds": None,
    }


def test_statistics_count_and_average(planner: Planner) -> None:
    for seconds, status in ((10, "succeeded"), (20, "failed"), (30, "partial"), (40, "cancelled")):
        run_id = planner.add_run(job_type="verify")
        planner.database.run(start_job_log, run_id, now=NINE)
        end = NINE + timedelta(seconds=seconds, milliseconds=500)
        planner.database.run(finish_job_log, run_id, status=status, now=end)
    planner.add_run(job_type="retention")

    told = planner.database.run(get_job_log_statistics)
    recent = planner.database.run(get_job_log_statistics, since=NINE + timedelta(seconds=1))

    assert told["total"] == 5
    assert told["by_status"] == dict.fromkeys(
        ("succeeded", "failed", "partial", "cancelled", "queued"), 1
    )
    assert told["by_type"] == {"verify": 4, "retention": 1}
    assert told["success_rate"] == 1 / 3
    assert told["average_seconds"] is not None
    assert abs(told["average_seconds"] - 25.5) < 0.01
    assert (recent["total"], recent["average_seconds"]) == (1, None)


def test_runs_are_visible_to_creators_admins_and_by_devices(planner: Planner) -> None:
    ana, bob = planner.add_user("ana"), planner.add_user("bob")
    admin = planner.add_user("root", role="admin")
    gone = planner.add_user("gone", is_active=False)
    device = planner.add_device("sw-1", owner=bob)
    log = JobLogCreate(job_type=JobType.VERIFY)
    of_ana = planner.database.run(create_job_log, log, ana).id
    planner.database.run(create_job_log, log, gone)
    of_device = planner.add_run(device)

    def seen_by(user: object) -> set[object]:
        wanted = JobLogFilter(visible_to=str(user))
        return {run.id for run in planner.database.run(get_job_logs, filter_params=wanted)}

    assert seen_by(ana) == {of_ana}
    assert seen_by(bob) == {of_device}
    assert len(seen_by(admin)) == 3
    assert seen_by(gone) == seen_by("no id") == set()
    assert planner.database.run(get_job_log_statistics, visible_to=bob)["total"] == 1
    assert planner.database.run(get_job_log_with_details, of_ana, visible_to=bob) is None


def test_admin_sees_results_of_devices_that_are_gone(planner: Planner) -> None:
    admin = planner.add_user("root", role="admin")
    device = planner.add_device("sw-1")
    run_id = planner.add_run(device, planner.add_device("sw-2"))
    planner.database.run(finish_job_log, run_id)
    planner.database.run(delete_device, device)

    results = planner.database.run(get_job_results, run_id, visible_to=admin)

    assert [result.device_hostname for result in results] == ["sw-1", "sw-2"]
