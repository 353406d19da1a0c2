"""A run's life, its results and its log."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest

from netraven.db import new_id
from netraven.db.enums import JobType, ResultStatus, RunReason, RunStatus
from netraven.errors import Conflict, Invalid
from netraven.jobs.entries import (
    append_job_log_entries,
    count_job_log_entries,
    get_job_log_entries,
    get_job_log_with_entries,
)
from netraven.jobs.listing import count_job_logs, get_job_log, get_job_logs
from netraven.jobs.results import (
    count_job_results,
    get_job_results,
    record_job_result,
)
from netraven.jobs.runs import (
    cancel_job_log,
    create_job_log,
    finish_job_log,
    start_job_log,
)
from netraven.schemas.job import (
    JobLogCreate,
    JobLogEntryCreate,
    JobLogFilter,
    JobResultCreate,
)
from tests.conftest import Database


def new_run(database: Database, device_ids: list[UUID]) -> UUID:
    log = JobLogCreate(job_type=JobType.BACKUP, device_ids=list(device_ids))
    return database.run(create_job_log, log).id


def test_each_device_of_a_new_run_is_pending(database: Database, device_ids: list[UUID]) -> None:
    run_id = new_run(database, device_ids)

    results = database.run(get_job_results, run_id)

    assert [result.device_hostname for result in results] == ["sw-1", "sw-2", "sw-3"]
    assert {result.status for result in results} == {ResultStatus.PENDING}
    assert results[0].device is not None


def test_run_without_devices_is_skipped(database: Database) -> None:
    run_id = new_run(database, [])

    run = database.run(get_job_log, run_id)

    assert run is not None
    assert (run.status, run.reason) == (RunStatus.SKIPPED, RunReason.NO_TARGETS)


def test_absent_device_is_refused_and_leaves_no_run(
    database: Database, device_ids: list[UUID]
) -> None:
    log = JobLogCreate(job_type=JobType.BACKUP, device_ids=[*device_ids, new_id()])

    with pytest.raises(Invalid, match="device_ids"):
        database.run(create_job_log, log)

    assert database.run(count_job_logs) == 0


def test_second_start_keeps_the_first_time(database: Database, device_ids: list[UUID]) -> None:
    run_id = new_run(database, device_ids)
    first = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    database.run(start_job_log, run_id, now=first)
    database.run(start_job_log, run_id)

    run = database.run(get_job_log, run_id)
    assert run is not None
    assert (run.start_time, run.attempts, run.status) == (first, 2, RunStatus.RUNNING)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (("succeeded", "succeeded", "succeeded"), RunStatus.SUCCEEDED),
        (("succeeded", "skipped", "succeeded"), RunStatus.SUCCEEDED),
        (("succeeded", "failed", "succeeded"), RunStatus.PARTIAL),
        (("failed", "failed", "failed"), RunStatus.FAILED),
        (("skipped", "skipped", "skipped"), RunStatus.SKIPPED),
        (("succeeded", "pending", "succeeded"), RunStatus.PARTIAL),
    ],
)
def test_results_decide_how_a_run_ends(
    database: Database, device_ids: list[UUID], statuses: tuple[str, ...], outcome: RunStatus
) -> None:
    run_id = new_run(database, device_ids)
    database.run(start_job_log, run_id)
    for device_id, status in zip(device_ids, statuses, strict=True):
        result = JobResultCreate(status=ResultStatus(status))
        database.run(record_job_result, run_id, device_id, result)

    database.run(finish_job_log, run_id)

    run = database.run(get_job_log, run_id)
    assert run is not None
    assert run.status is outcome
    assert database.run(count_job_results, run_id, status="pending") == 0


def test_finishing_twice_is_a_conflict(database: Database, device_ids: list[UUID]) -> None:
    run_id = new_run(database, device_ids)
    database.run(start_job_log, run_id)
    database.run(finish_job_log, run_id)

    with pytest.raises(Conflict, match="has ended") as refused:
        database.run(finish_job_log, run_id)

    assert refused.value.field == "status"


def test_cancelled_queued_run_ends_with_its_results(
    database: Database, device_ids: list[UUID]
) -> None:
    run_id = new_run(database, device_ids)

    database.run(cancel_job_log, run_id)

    run = database.run(get_job_log, run_id)
    assert run is not None
    assert run.status is RunStatus.CANCELLED
    assert database.run(count_job_results, run_id, status="cancelled") == 3


def test_cancelled_running_run_keeps_what_is_done(
    database: Database, device_ids: list[UUID]
) -> None:
    run_id = new_run(database, device_ids)
    database.run(start_job_log, run_id)
    done = JobResultCreate(status=ResultStatus.SUCCEEDED)
    database.run(record_job_result, run_id, device_ids[0], done)

    database.run(cancel_job_log, run_id)
    database.run(finish_job_log, run_id)

    run = database.run(get_job_log, run_id)
    assert run is not None
    assert (run.status, run.reason) == (RunStatus.CANCELLED, RunReason.CANCELLED)
    assert database.run(count_job_results, run_id, status="succeeded") == 1
    assert database.run(count_job_results, run_id, status="cancelled") == 2


def test_result_recorded_twice_is_one_row(database: Database, device_ids: list[UUID]) -> None:
    run_id = new_run(database, device_ids[:1])
    failed = JobResultCreate(status=ResultStatus.FAILED, message="it hung")
    succeeded = JobResultCreate(status=ResultStatus.SUCCEEDED)

    for device_id in device_ids[:2]:
        database.run(record_job_result, run_id, device_id, failed)
        database.run(record_job_result, run_id, device_id, succeeded)

    results = database.run(get_job_results, run_id)
    assert [(r.status, r.message) for r in results] == [(ResultStatus.SUCCEEDED, None)] * 2


def test_concurrent_writers_number_entries_without_gaps(
    database: Database, device_ids: list[UUID]
) -> None:
    run_id = new_run(database, device_ids)
    database.run(start_job_log, run_id)

    def write(name: str) -> None:
        for number in range(0, 100, 10):
            lines = [JobLogEntryCreate(message=f"{name} {n}") for n in range(number, number + 10)]
            database.run(append_job_log_entries, run_id, lines)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    pages = [database.run(get_job_log_entries, run_id, after_seq=n) for n in (0, 100, 200)]
    numbers = [entry.seq for page in pages for entry in page]
    assert numbers == list(range(1, 201))


def test_level_is_the_least_severe_wanted(database: Database, device_ids: list[UUID]) -> None:
    run_id = new_run(database, device_ids)
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    lines = [JobLogEntryCreate.model_validate({"level": name, "message": name}) for name in levels]
    database.run(append_job_log_entries, run_id, lines)

    severe = database.run(get_job_log_entries, run_id, level="warning")
    whole = database.run(get_job_log_with_entries, run_id, 2)

    assert [entry.message for entry in severe] == ["WARNING", "ERROR", "CRITICAL"]
    assert whole is not None
    assert (len(whole["entries"]), whole["total_entries"], whole["last_seq"]) == (2, 5, 5)
    assert database.run(count_job_log_entries, run_id, "error") == 2


def test_ended_run_takes_no_entries(database: Database, device_ids: list[UUID]) -> None:
    run_id = new_run(database, device_ids)
    database.run(cancel_job_log, run_id)

    with pytest.raises(Conflict):
        database.run(append_job_log_entries, run_id, [JobLogEntryCreate(message="late")])


def test_runs_are_listed_newest_first_and_filtered(
    database: Database, device_ids: list[UUID]
) -> None:
    runs = [new_run(database, [device_id]) for device_id in device_ids]
    database.run(start_job_log, runs[0])

    listed = database.run(get_job_logs)
    of_device = database.run(get_job_logs, filter_params=JobLogFilter(device_id=str(device_ids[1])))

    assert [run.id for run in listed] == [runs[0], runs[2], runs[1]]
    assert [run.id for run in of_device] == [runs[1]]
    assert database.run(count_job_logs, JobLogFilter(status=RunStatus.QUEUED)) == 2


def test_malformed_id_is_an_absent_run(database: Database) -> None:
    assert database.run(get_job_log, "not-a-uuid") is None
    assert database.run(start_job_log, "") is None
    assert database.run(get_job_results, "not-a-uuid") == []
