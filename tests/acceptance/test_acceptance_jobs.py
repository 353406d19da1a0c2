"""Acceptance checks 26 to 32 of the data contract: runs, schedules, leases.

Each runs on both databases with both kinds of session; what was written is read back by a session
of its own. Check 29 is about arithmetic and needs no database.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import update

from netraven.archive.storing import store_backup
from netraven.db.enums import RUN_STEPS, ResultStatus, RunReason, RunStatus
from netraven.errors import Conflict, Invalid
from netraven.jobs.due import count_due_jobs, get_due_jobs
from netraven.jobs.entries import append_job_log_entries, get_job_log_entries
from netraven.jobs.firing import update_job_last_run
from netraven.jobs.leases import acquire_device_lease
from netraven.jobs.listing import count_job_logs
from netraven.jobs.removal import delete_job_logs_by_retention_policy, delete_old_job_logs
from netraven.jobs.results import get_job_results
from netraven.jobs.runs import cancel_job_log, finish_job_log, start_job_log
from netraven.jobs.schedules import toggle_scheduled_job
from netraven.models import JobLog, ScheduledJob
from netraven.schemas.backup import BackupCreate
from netraven.schemas.job import JobLogEntryCreate
from tests.conftest import Database
from tests.planner import NINE, Planner, at
from tests.schedules import EXAMPLES, REFUSALS, called, check_against_every_minute
from tests.zones import zone_keys

ROOT = Path(__file__).parents[2]
FINAL = [status for status, steps in RUN_STEPS.items() if not steps]


@pytest.fixture
def planner(database: Database) -> Planner:
    """Return a database without schedules, reached four ways."""
    return Planner(database)


def put_in_status(planner: Planner, run_id: UUID, status: RunStatus) -> None:
    with planner.database.unit() as db:
        db.execute(update(JobLog).where(JobLog.id == run_id).values(status=status))


def test_acceptance_26_runs_move_only_along_their_steps(planner: Planner) -> None:
    device = planner.add_device("sw-1")

    for before in RunStatus:
        for wanted in FINAL:
            run_id = planner.add_run(device)
            put_in_status(planner, run_id, before)
            if wanted in RUN_STEPS[before]:
                planner.database.run(finish_job_log, run_id, status=wanted)
                assert planner.read_run(run_id).status is wanted
                continue
            with pytest.raises(Conflict) as refused:
                planner.database.run(finish_job_log, run_id, status=wanted)
            assert refused.value.field == "status"
            assert planner.read_run(run_id).status is before


@pytest.mark.parametrize("before", FINAL)
def test_acceptance_26_an_ended_run_takes_no_step(planner: Planner, before: RunStatus) -> None:
    run_id = planner.add_run(planner.add_device("sw-1"))
    put_in_status(planner, run_id, before)

    for step in (start_job_log, cancel_job_log, finish_job_log):
        with pytest.raises(Conflict):
            planner.database.run(step, run_id)

    assert planner.read_run(run_id).status is before


def test_acceptance_26_each_ending_is_reached_and_results_cover_every_target(
    planner: Planner,
) -> None:
    devices = [planner.add_device(f"sw-{number}") for number in (1, 2, 3)]
    endings: dict[tuple[str | None, ...], RunStatus] = {
        ("succeeded", "succeeded", "skipped"): RunStatus.SUCCEEDED,
        ("succeeded", "failed", "succeeded"): RunStatus.PARTIAL,
        ("succeeded", None, "succeeded"): RunStatus.PARTIAL,
        ("failed", None, "skipped"): RunStatus.FAILED,
        ("skipped", "skipped", "skipped"): RunStatus.SKIPPED,
        ("succeeded", "cancel", None): RunStatus.CANCELLED,
    }

    for statuses, ending in endings.items():
        run_id = planner.add_run(*devices)
        planner.database.run(start_job_log, run_id)
        for device, status in zip(devices, statuses, strict=True):
            if status == "cancel":
                planner.database.run(cancel_job_log, run_id)
            elif status is not None:
                planner.record(run_id, device, status)
        planner.database.run(finish_job_log, run_id)

        run = planner.read_run(run_id)
        results = planner.database.run(get_job_results, run_id)
        assert run.status is ending
        assert run.end_time is not None
        assert {result.device_id for result in results} == set(devices)
        assert not {result.status for result in results} & {"pending", "running"}

    nothing = planner.read_run(planner.add_run())
    assert (nothing.status, nothing.reason) == (RunStatus.SKIPPED, RunReason.NO_TARGETS)


def test_acceptance_27_entries_are_numbered_without_gaps_and_read_completely(
    planner: Planner,
) -> None:
    run_id = planner.add_run(job_type="verify")

    def write(name: str) -> None:
        for part in range(5):
            lines = [JobLogEntryCreate(message=f"{name} {part} {n}") for n in range(25)]
            planner.database.run(append_job_log_entries, run_id, lines)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    numbers: list[int] = []
    pages = 0
    while page := planner.database.run(
        get_job_log_entries, run_id, limit=100, after_seq=numbers[-1] if numbers else 0
    ):
        numbers += [entry.seq for entry in page]
        pages += 1
    assert numbers == list(range(1, 251))
    assert pages == 3


def test_acceptance_28_runs_go_a_second_after_their_days(planner: Planner) -> None:
    now = datetime(2026, 6, 30, 12, tzinfo=UTC)

    def ended(age: timedelta, own_days: int | None = None) -> UUID:
        run_id = planner.add_run(job_type="verify", retention_days=own_days)
        planner.database.run(finish_job_log, run_id, status="failed", now=now - age)
        return run_id

    second = timedelta(seconds=1)
    exactly, own = ended(timedelta(days=10)), ended(timedelta(days=5), 5)
    ended(timedelta(days=10) + second)
    ended(timedelta(days=5) + second, 5)
    active = planner.add_run(job_type="verify")
    long_ago = update(JobLog).where(JobLog.id == active)
    with planner.database.unit() as db:
        db.execute(long_ago.values(created_at=now - timedelta(days=999)))
    before = planner.database.run(count_job_logs)

    counts = planner.database.run(delete_job_logs_by_retention_policy, 10, now=now)
    left = {run.id for run in planner.runs()}
    removed = planner.database.run(delete_old_job_logs, 5, now=now)

    assert counts == {"policy_count": 1, "default_count": 1, "total_count": 2}
    assert left == {exactly, own, active}
    assert before - len(left) == counts["total_count"]
    assert removed == 1
    assert {run.id for run in planner.runs()} == {own, active}


def test_acceptance_29_every_example_holds() -> None:
    for schedule_type, arguments, now, expected in EXAMPLES:
        result = called(schedule_type, arguments, now)
        assert result == (None if expected is None else datetime.fromisoformat(expected))


def test_acceptance_29_every_refusal_names_its_field() -> None:
    for schedule_type, arguments, field in REFUSALS:
        with pytest.raises(Invalid) as refused:
            called(schedule_type, arguments, NINE)
        assert refused.value.field == field, (schedule_type, arguments)


@pytest.mark.long
def test_acceptance_29_equals_a_search_of_every_minute_in_all_zones() -> None:
    rng = Random(29)
    calls = 10_000 // len(zone_keys()) + 1

    found = sum(check_against_every_minute(rng, key, calls=calls) for key in zone_keys())

    assert calls * len(zone_keys()) >= 10_000
    assert found > 4_000


def test_acceptance_30_due_are_enabled_rows_whose_time_has_come(planner: Planner) -> None:
    due = planner.add(name="due")
    without = planner.add(name="without a next run")
    planner.add(name="ahead", schedule_time="10:31")
    off = planner.add(name="off")
    for job_id, values in ((without, {"next_run": None}), (off, {"enabled": False})):
        with planner.database.unit() as db:
            db.execute(update(ScheduledJob).where(ScheduledJob.id == job_id).values(values))

    found = planner.database.run(get_due_jobs, at("02 10:30"))

    assert [job.id for job in found] == [due]
    assert planner.database.run(count_due_jobs, at("02 10:30")) == 1
    assert planner.database.run(get_due_jobs, at("02 10:30") - timedelta(microseconds=1)) == []


def test_acceptance_30_three_processes_give_each_occurrence_one_run(
    sync_database: Database,
) -> None:
    planner = Planner(sync_database)
    times = {"schedule_type": "interval", "schedule_interval": 3600, "overlap": "queue"}
    ids = [planner.add(job_type="verify", now=NINE, **times) for _ in range(15)]  # type: ignore[arg-type]
    start = NINE + timedelta(hours=1)
    command = [sys.executable, "-m", "tests.ticker", sync_database.url, start.isoformat(), "3"]

    tickers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(3)]

    assert [ticker.wait(timeout=120) for ticker in tickers] == [0, 0, 0]
    fired = Counter((run.scheduled_job_id, run.scheduled_for) for run in planner.runs())
    due = {(job_id, start + timedelta(hours=hour)) for job_id in ids for hour in range(3)}
    assert fired == dict.fromkeys(due, 1)


def test_acceptance_30_a_lease_has_one_holder_and_a_stale_one_cannot_store(
    planner: Planner,
) -> None:
    device = planner.add_device("sw-1")
    backup = BackupCreate.model_validate({"device_id": device})
    acquire, store = acquire_device_lease, store_backup

    first = planner.database.run(acquire, device, "a", now=NINE)
    refused = planner.database.run(acquire, device, "b", now=NINE + timedelta(seconds=59))
    second = planner.database.run(acquire, device, "b", now=NINE + timedelta(seconds=60))

    assert first is not None
    assert refused is None
    assert second is not None
    assert second > first
    with pytest.raises(Conflict) as stale:
        planner.database.run(store, backup, content="late\n", lease_token=first)
    assert stale.value.field == "lease"
    kept = planner.database.run(store, backup, content="ours\n", lease_token=second)
    assert kept.backup.version == 1


@pytest.mark.parametrize("schedule_type", ["immediate", "one_time"])
def test_acceptance_31_what_runs_once_runs_exactly_once(
    planner: Planner, schedule_type: str
) -> None:
    run_at = at("02 10:30") if schedule_type == "one_time" else None
    job_id = planner.add(job_type="verify", schedule_type=schedule_type, run_at=run_at)

    for hour in (11, 12, 13):
        for run in planner.tick(at(f"02 {hour}:00")):
            planner.database.run(start_job_log, run.id)
            planner.database.run(finish_job_log, run.id, status="succeeded")

    job = planner.read(job_id)
    assert [run.status for run in planner.runs()] == [RunStatus.SUCCEEDED]
    assert (job.enabled, job.next_run) == (False, None)
    assert (job.last_status, job.missed_runs) == (ResultStatus.SUCCEEDED, 0)


def test_acceptance_31_a_recurring_job_runs_once_after_an_outage(planner: Planner) -> None:
    fired = planner.add(job_type="verify")
    served = planner.add(job_type="verify", schedule_time="10:31")

    planner.database.run(update_job_last_run, served, now=at("05 12:00"))
    made = planner.tick(at("05 12:00")) + planner.tick(at("05 12:01"))

    assert [(run.scheduled_job_id, run.scheduled_for) for run in made] == [(fired, at("02 10:30"))]
    for job_id, time in ((fired, "10:30"), (served, "10:31")):
        job = planner.read(job_id)
        assert (job.missed_runs, job.next_run) == (3, at(f"06 {time}"))


def test_acceptance_32_only_what_moves_a_schedule_moves_its_next_run(planner: Planner) -> None:
    job_id = planner.add()
    toggle = toggle_scheduled_job

    planner.update(job_id, name="renamed", now=at("09 09:00"))
    renamed = planner.read(job_id)
    planner.database.run(toggle, job_id, enabled=False)
    disabled = planner.read(job_id)
    planner.database.run(toggle, job_id, enabled=True, now=at("09 09:00"))
    enabled = planner.read(job_id)

    assert (renamed.name, renamed.next_run) == ("renamed", at("02 10:30"))
    assert (disabled.enabled, disabled.next_run) == (False, None)
    assert enabled.next_run == at("09 10:30")


def test_acceptance_32_an_exhausted_one_time_cannot_be_enabled(planner: Planner) -> None:
    job_id = planner.add(job_type="verify", schedule_type="one_time", schedule_time="10:30")
    planner.tick(at("02 10:30"))

    with pytest.raises(Invalid) as refused:
        planner.database.run(toggle_scheduled_job, job_id, enabled=True, now=at("02 10:31"))

    assert refused.value.field == "run_at"
    assert not planner.read(job_id).enabled
