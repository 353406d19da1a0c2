"""Due schedules become runs, once each; what passed meanwhile is counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from netraven.archive.devices import delete_device
from netraven.db import new_id
from netraven.db.enums import ResultStatus, RunReason, RunStatus
from netraven.errors import Conflict, Invalid
from netraven.jobs.due import count_due_jobs, enqueue_due_jobs, get_due_jobs, run_scheduled_job_now
from netraven.jobs.firing import update_job_last_run
from netraven.jobs.results import get_job_results
from netraven.jobs.runs import finish_job_log, start_job_log
from netraven.jobs.schedules import delete_scheduled_job, toggle_scheduled_job
from netraven.models import Credential, ScheduledJob
from tests.planner import NINE, Planner, at


def test_due_are_enabled_ones_whose_time_has_come(planner: Planner) -> None:
    later = planner.add(name="later", schedule_time="11:00")
    now = planner.add(name="now")
    planner.add(name="ahead", schedule_time="12:00")
    planner.add(name="off", enabled=False)

    due = planner.database.run(get_due_jobs, at("02 11:00"))
    exactly = planner.database.run(get_due_jobs, at("02 10:30"), 1)

    assert [job.id for job in due] == [now, later]
    assert [job.id for job in exactly] == [now]
    assert planner.database.run(count_due_jobs, at("02 11:00")) == 2
    assert planner.database.run(get_due_jobs, at("02 10:29")) == []
    with pytest.raises(Invalid, match="limit"):
        planner.database.run(get_due_jobs, NINE, 0)


def test_firing_makes_a_run_for_the_time_that_was_due(planner: Planner) -> None:
    ana = planner.add_user("ana")
    device = planner.add_device("sw-1")
    job_id = planner.add(device_ids=[device], user=ana, job_data={"config_types": ["startup"]})

    made = planner.tick(at("02 10:31"))
    again = planner.tick(at("02 10:32"))

    job, run = planner.read(job_id), planner.read_run(made[0].id)
    assert again == []
    assert (run.scheduled_job_id, run.scheduled_for) == (job_id, at("02 10:30"))
    assert (run.status, run.device_id, run.actor_name) == (RunStatus.QUEUED, device, "ana")
    assert run.job_data == {"config_types": ["startup"]}
    assert (job.next_run, job.missed_runs, job.revision) == (at("03 10:30"), 0, 1)
    assert job.last_run is None


def test_outage_is_one_run_and_counts_what_it_missed(planner: Planner) -> None:
    job_id = planner.add(job_type="verify")

    made = planner.tick(at("05 12:00"))

    job = planner.read(job_id)
    assert [run.scheduled_for for run in made] == [at("02 10:30")]
    assert (job.next_run, job.missed_runs) == (at("06 10:30"), 3)


@pytest.mark.parametrize("schedule_type", ["immediate", "one_time"])
def test_what_runs_once_is_over_when_it_fired(planner: Planner, schedule_type: str) -> None:
    time = "10:30" if schedule_type == "one_time" else None
    job_id = planner.add(job_type="verify", schedule_type=schedule_type, schedule_time=time)

    made = [run for hour in (12, 13, 14) for run in planner.tick(at(f"02 {hour}:00"))]
    for run in made:
        planner.database.run(start_job_log, run.id)
        planner.database.run(finish_job_log, run.id, status="succeeded")

    job = planner.read(job_id)
    assert len(made) == 1
    assert (job.enabled, job.next_run, job.last_status) == (False, None, ResultStatus.SUCCEEDED)


def test_tick_takes_the_longest_due_first_and_no_more_than_asked(planner: Planner) -> None:
    for hour in (13, 11, 12):
        planner.add(name=f"at {hour}", job_type="verify", schedule_time=f"{hour}:00")

    first = planner.tick(at("02 14:00"), 2)
    second = planner.tick(at("02 14:00"), 2)

    times = [[run.scheduled_for for run in made] for made in (first, second)]
    assert times == [[at("02 11:00"), at("02 12:00")], [at("02 13:00")]]


@pytest.mark.parametrize("change", ["disable", "move", "delete"])
def test_row_that_changed_after_it_was_read_is_left_alone(planner: Planner, change: str) -> None:
    job_id = planner.add(job_type="verify")
    if planner.database.url.startswith("sqlite"):
        pytest.skip("SQLite lets nobody write between a unit's read and its write")

    with planner.database.unit() as db:
        assert len(get_due_jobs(db, at("02 12:00"))) == 1
        if change == "disable":
            planner.database.run(toggle_scheduled_job, job_id, enabled=False)
        elif change == "move":
            planner.update(job_id, schedule_time="23:00", now=at("02 12:00"))
        else:
            planner.database.run(delete_scheduled_job, job_id)
        made = enqueue_due_jobs(db, now=at("02 12:00"))

    assert made == []
    assert planner.runs() == []


def test_schedule_whose_devices_are_all_gone_tells_so_and_goes_on(planner: Planner) -> None:
    core = planner.add_tag("core")
    inside = planner.add_device("inside", core)
    job_id = planner.add(tag_ids=[core])
    planner.database.run(delete_device, inside)

    (run,) = planner.tick(at("02 10:30"))

    assert (run.status, run.reason) == (RunStatus.SKIPPED, RunReason.NO_TARGETS)
    assert run.result_message == "no enabled device is meant, so there was nothing to do"
    assert planner.read(job_id).next_run == at("03 10:30")


def test_time_that_has_its_run_already_is_passed_over(planner: Planner) -> None:
    job_id = planner.add(job_type="verify")
    other = planner.add(name="other", job_type="verify", schedule_time="10:31")
    planner.add_run(job_type="verify", scheduled_job_id=job_id, scheduled_for=at("02 10:30"))

    made = planner.tick(at("02 10:31"))

    assert [run.scheduled_job_id for run in made] == [other]
    assert planner.read(job_id).next_run == at("03 10:30")


def test_same_schedule_and_time_twice_is_a_conflict(planner: Planner) -> None:
    job_id = planner.add(overlap="queue")
    due = {"job_type": "verify", "scheduled_job_id": job_id, "scheduled_for": at("02 10:30")}
    planner.add_run(**due)

    with pytest.raises(Conflict) as refused:
        planner.add_run(**due)

    assert refused.value.field == "scheduled_for"
    assert len(planner.runs()) == 1


def test_run_of_an_absent_schedule_is_refused(planner: Planner) -> None:
    with pytest.raises(Invalid, match="scheduled_job_id"):
        planner.add_run(job_type="verify", scheduled_job_id=new_id())


def test_schedule_whose_last_run_still_goes_skips(planner: Planner) -> None:
    device = planner.add_device("sw-1")
    job_id = planner.add(device_ids=[device])
    first = planner.tick(at("02 10:30"))[0]

    second = planner.tick(at("03 10:30"))[0]
    planner.database.run(finish_job_log, first.id)
    third = planner.tick(at("04 10:30"))[0]

    results = planner.database.run(get_job_results, second.id)
    assert (second.status, second.reason) == (RunStatus.SKIPPED, RunReason.OVERLAP)
    assert [(r.status, r.reason) for r in results] == [(ResultStatus.SKIPPED, "overlap")]
    assert third.status is RunStatus.QUEUED
    assert planner.read(job_id).last_status is ResultStatus.FAILED


def test_queueing_schedule_starts_its_runs_one_after_another(planner: Planner) -> None:
    planner.add(job_type="verify", overlap="queue")
    first, second = (planner.tick(at(f"{day} 10:30"))[0] for day in ("02", "03"))
    run = planner.database.run
    run(start_job_log, first.id)

    with pytest.raises(Conflict) as refused:
        run(start_job_log, second.id)
    run(start_job_log, first.id)  # taken up again after its worker died
    run(finish_job_log, first.id, status="succeeded")
    started = run(start_job_log, second.id)

    assert refused.value.field == "overlap"
    assert started is not None
    assert (started.status, started.attempts) == (RunStatus.RUNNING, 1)


def test_ended_run_is_noted_on_its_schedule(planner: Planner) -> None:
    job_id = planner.add(job_type="verify")
    noted = []
    for day, status in (("02", "failed"), ("03", "failed"), ("04", "partial"), ("05", "skipped")):
        run = planner.tick(at(f"{day} 10:30"))[0]
        planner.database.run(start_job_log, run.id)
        planner.database.run(finish_job_log, run.id, status=status, now=at(f"{day} 11:00"))
        noted.append(planner.read(job_id))

    job = noted[-1]
    assert [job.consecutive_failures for job in noted] == [1, 2, 3, 0]
    assert job.last_run == at("05 11:00")
    assert job.last_status is ResultStatus.SUCCEEDED
    assert job.missed_runs == 0


def test_run_that_outlasts_its_spacing_leaves_the_next_to_the_tick(planner: Planner) -> None:
    job_id = planner.add(job_type="verify", schedule_type="interval", schedule_interval=3600)
    run = planner.tick(at("02 10:00"))[0]
    planner.database.run(start_job_log, run.id)

    planner.database.run(finish_job_log, run.id, status="succeeded", now=at("02 11:00"))
    made = planner.tick(at("02 11:01"))

    assert [run.scheduled_for for run in made] == [at("02 11:00")]
    assert planner.read(job_id).missed_runs == 0


def test_run_beside_the_plan_leaves_the_next_time(planner: Planner) -> None:
    ana = planner.add_user("ana")
    planner.add_device("sw-1")
    job_id = planner.add()

    run = planner.database.run(run_scheduled_job_now, job_id, ana)
    assert run is not None
    planner.database.run(finish_job_log, run.id)

    job, stored = planner.read(job_id), planner.read_run(run.id)
    assert (stored.scheduled_job_id, stored.scheduled_for) == (job_id, None)
    assert (stored.created_by, stored.actor_name) == (ana, "ana")
    assert (job.next_run, job.last_run) == (at("02 10:30"), None)
    assert planner.database.run(run_scheduled_job_now, new_id()) is None


def test_served_late_is_one_run_with_the_others_missed(planner: Planner) -> None:
    job_id = planner.add()

    planner.database.run(update_job_last_run, job_id, now=at("05 12:00"))

    job = planner.read(job_id)
    assert (job.missed_runs, job.next_run) == (3, at("06 10:30"))
    assert (job.last_run, job.last_status) == (at("05 12:00"), ResultStatus.SUCCEEDED)


def test_failures_in_a_row_are_counted_until_a_success(planner: Planner) -> None:
    job_id = planner.add()
    run = planner.database.run

    for _ in range(2):
        run(update_job_last_run, job_id, success=False, now=NINE)
    failed = planner.read(job_id)
    run(update_job_last_run, job_id, success=True, now=NINE)

    assert (failed.consecutive_failures, failed.last_status) == (2, ResultStatus.FAILED)
    assert failed.next_run == at("02 10:30")
    assert planner.read(job_id).consecutive_failures == 0
    assert run(update_job_last_run, "not-a-uuid") is None


def test_counting_of_missed_runs_stops_at_a_thousand(planner: Planner) -> None:
    job_id = planner.add(schedule_type="interval", schedule_interval=60)

    planner.database.run(update_job_last_run, job_id, now=NINE + timedelta(days=9))

    job = planner.read(job_id)
    assert job.missed_runs == 1000
    assert job.next_run == NINE + timedelta(days=9, minutes=1)


def test_disabled_schedule_stays_without_a_next_run(planner: Planner) -> None:
    job_id = planner.add(enabled=False)

    planner.database.run(update_job_last_run, job_id, now=at("05 12:00"))

    job = planner.read(job_id)
    assert (job.next_run, job.missed_runs, job.last_run) == (None, 0, at("05 12:00"))


def test_schedule_that_never_comes_again_does_not_stop_the_others(planner: Planner) -> None:
    broken = planner.add(name="broken", job_type="verify")
    planner.add(name="sound", job_type="verify")
    with planner.database.unit() as db:
        zone = update(ScheduledJob).where(ScheduledJob.id == broken)
        db.execute(zone.values(timezone="Mars/Base"))

    made = planner.tick(at("02 10:30"))

    job = planner.read(broken)
    assert len(made) == 2
    assert (job.enabled, job.next_run) == (False, None)


def test_credential_that_is_gone_does_not_stop_the_tick(planner: Planner) -> None:
    credential = Credential(id=new_id(), name="gone", name_key="gone", username="backup")
    with planner.database.unit() as db:
        db.add(credential)
    options = {"credential_id": str(credential.id)}
    planner.add(job_type="reachability", job_data=options)
    with planner.database.unit() as db:
        db.delete(db.get_one(Credential, credential.id))

    assert len(planner.tick(at("02 10:30"))) == 1
