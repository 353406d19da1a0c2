"""A schedule explained: each thing that decides when and whether it fires has its sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from netraven.archive.devices import delete_device
from netraven.db import new_id
from netraven.jobs.due import enqueue_due_jobs
from netraven.jobs.explaining import explain_schedule
from netraven.jobs.firing import update_job_last_run
from netraven.jobs.runs import finish_job_log, start_job_log
from netraven.jobs.schedules import toggle_scheduled_job
from netraven.jobs.workers import register_worker
from netraven.models import Device, ScheduledJob, User
from tests.planner import NINE, Planner, at

# (schedule, sentences that are told of its times on 2026-03-02 at 09:00 UTC)
TIMES: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"schedule_time": "02:30", "timezone": "Europe/Berlin"},
        [
            "Daily at 02:30 Europe/Berlin.",
            "It fires on Tue 2026-03-03 02:30 CET (01:30 UTC), in 16 h 30 min.",
            "On Sun 2026-03-29 the clock jumps over 02:30; it fires at 03:00.",
            "On Sun 2026-10-25 the clock shows 02:30 twice; it fires the first time only.",
        ],
    ),
    (
        {"schedule_time": "12:00", "timezone": "Europe/Berlin"},
        [
            (
                "Its wall time stays when the clock of Europe/Berlin changes"
                " (2026-03-29 and 2026-10-25); in UTC it moves by as much."
            )
        ],
    ),
    (
        {"schedule_type": "cron", "cron": "*/30 2 * * *", "timezone": "Europe/Berlin"},
        ["On Sun 2026-03-29 the clock jumps over 02:00; it fires at 03:00."],
    ),
    (
        {"schedule_time": "02:15", "timezone": "Australia/Lord_Howe"},
        ["On Sun 2026-10-04 the clock jumps over 02:15; it fires at 02:30."],
    ),
    (
        {
            "schedule_type": "interval",
            "schedule_interval": 86400,
            "timezone": "Europe/Berlin",
        },
        [
            (
                "It counts elapsed time, so its time of day moves when the clock changes. "
                "Europe/Berlin does so next on 2026-03-29."
            )
        ],
    ),
    (
        {"schedule_type": "weekly", "schedule_day": "wed", "schedule_time": "08:00"},
        [
            "Wednesday at 08:00 UTC.",
            "It fires on Wed 2026-03-04 08:00 UTC, in 1 d 23 h.",
        ],
    ),
    (
        {"schedule_type": "one_time", "run_at": datetime(2026, 3, 2, 9, 0, 30)},  # noqa: DTZ001
        ["It fires on Mon 2026-03-02 09:00 UTC, in 30 s."],
    ),
]


@pytest.mark.parametrize(("schedule", "sentences"), TIMES)
def test_times_are_told_with_what_the_clock_does_to_them(
    sqlite_planner: Planner, schedule: dict[str, Any], sentences: list[str]
) -> None:
    job_id = sqlite_planner.add(**schedule)

    told = texts(sqlite_planner, job_id)

    assert [sentence for sentence in sentences if sentence not in told] == []


def test_schedule_is_explained_on_every_database(planner: Planner) -> None:
    core = planner.add_tag("core")
    planner.add_device("inside", core)
    planner.add_device("outside")
    planner.add_blackout(core)
    job_id = planner.add(schedule_time="10:30", jitter_seconds=300)

    told = planner.database.run(explain_schedule, job_id, now=NINE)

    assert told is not None
    assert told.name == "nightly"
    assert [sentence.topic for sentence in told.sentences] == [
        *("When", "Next", "Process", "Jitter", "For", "Black-out", "Overlap")
    ]
    assert [one.topic for one in told.sentences if one.is_warning] == ["Process"]


@pytest.mark.parametrize("absent", [new_id(), "not-a-uuid"])
def test_absent_schedule_is_not_explained(sqlite_planner: Planner, absent: UUID | str) -> None:
    assert sqlite_planner.database.run(explain_schedule, absent) is None


def test_blackout_at_its_time_is_told(sqlite_planner: Planner) -> None:
    core = sqlite_planner.add_tag("core")
    sqlite_planner.add_device("inside", core)
    sqlite_planner.add_device("outside")
    sqlite_planner.add_blackout(core, name="hours")
    job_id = sqlite_planner.add(schedule_time="10:30")

    told = texts(sqlite_planner, job_id)

    assert (
        "1 of 2 devices are in the black-out hours then; they have their turn on "
        "Mon 2026-03-02 12:00 UTC." in told
    )


def test_devices_that_wait_are_told(sqlite_planner: Planner) -> None:
    core = sqlite_planner.add_tag("core")
    sqlite_planner.add_device("inside", core)
    sqlite_planner.add_blackout(core)
    job_id = sqlite_planner.add(schedule_time="10:30")
    sqlite_planner.tick(at("02 10:30"))

    told = texts(sqlite_planner, job_id, now=at("02 11:00"))

    assert (
        "1 device waits for a black-out to end; the first has its turn on "
        "Mon 2026-03-02 12:00 UTC." in told
    )


def test_living_process_is_no_matter_of_concern(sqlite_planner: Planner) -> None:
    job_id = sqlite_planner.add()
    sqlite_planner.database.run(register_worker, "host-1", now=NINE)

    assert not any("No process" in text for text in texts(sqlite_planner, job_id))


def test_overdue_schedule_is_told(sqlite_planner: Planner) -> None:
    job_id = sqlite_planner.add(schedule_time="10:30")

    told = texts(sqlite_planner, job_id, now=at("04 12:00"))

    assert any("It is due since Mon 2026-03-02 10:30 UTC, 2 d 1 h ago" in text for text in told)


def test_run_that_still_goes_is_told(sqlite_planner: Planner) -> None:
    sqlite_planner.add_device("sw-1")
    job_id = sqlite_planner.add(schedule_time="10:30", overlap="queue")
    sqlite_planner.tick(at("02 10:30"))

    told = texts(sqlite_planner, job_id, now=at("02 11:00"))

    assert (
        "A run of it goes since Mon 2026-03-02 10:30 UTC; one that is due now waits until that "
        "one has ended." in told
    )


def test_missed_and_failed_runs_are_told(sqlite_planner: Planner) -> None:
    sqlite_planner.add_device("sw-1")
    job_id = sqlite_planner.add(schedule_time="10:30")
    sqlite_planner.tick(at("05 12:00"))
    for _ in range(2):
        sqlite_planner.database.run(update_job_last_run, job_id, success=False, now=at("05 12:01"))

    told = texts(sqlite_planner, job_id, now=at("05 13:00"))

    assert "Its last run ended on Thu 2026-03-05 12:01 UTC and failed; 2 failed in a row." in told
    assert any(text.startswith("3 times passed while nothing was there") for text in told)


def test_why_it_does_not_fire_is_told(sqlite_planner: Planner) -> None:
    planner = sqlite_planner
    planner.add_device("other")
    device = planner.add_device("sw-1")
    once = planner.add(schedule_type="one_time", run_at=at("02 10:30"))
    emptied = planner.add(device_ids=[device])
    switched_off = planner.add()
    not_yet = planner.add(schedule_type="one_time", run_at=at("09 10:30"), enabled=False)
    planner.tick(at("02 10:30"))
    for run in planner.runs():
        planner.database.run(start_job_log, run.id)
        planner.database.run(finish_job_log, run.id, now=at("02 10:31"))
    planner.database.run(delete_device, device)
    planner.database.run(toggle_scheduled_job, switched_off, enabled=False)

    assert off(planner, once) == "it fires once, and did on Mon 2026-03-02 10:31 UTC."
    gone = "it is switched off, since every device that nightly listed is gone; `netraven schedule"
    assert off(planner, emptied).startswith(gone)
    assert "`netraven schedule enable nightly`" in off(planner, switched_off)
    assert "`netraven schedule enable nightly`" in off(planner, not_yet)


def test_schedule_for_nobody_is_told(sqlite_planner: Planner) -> None:
    planner = sqlite_planner
    ana = planner.add_user("ana")
    device = planner.add_device("sw-1")
    by_ana = planner.add(user=ana)
    with planner.database.unit() as db:
        db.execute(update(User).values(is_active=False))
    assert any(
        "ana, who made it, may see none of its 1 devices" in one for one in texts(planner, by_ana)
    )

    with planner.database.unit() as db:
        db.execute(update(Device).where(Device.id == device).values(enabled=False))

    told = texts(planner, planner.add())
    assert any(text.startswith("All devices: no enabled device now") for text in told)


def test_zone_that_is_no_longer_known_loses_no_run(planner: Planner) -> None:
    planner.add_device("sw-1")
    job_id = planner.add(schedule_time="10:30")
    with planner.database.unit() as db:
        db.execute(update(ScheduledJob).values(timezone="Mars/Base"))

    before = texts(planner, job_id)
    made = planner.database.run(enqueue_due_jobs, now=at("02 10:30"))
    again = planner.database.run(enqueue_due_jobs, now=at("02 10:31"))

    assert any(
        "Mars/Base is a time zone that this program no longer knows" in one for one in before
    )
    assert (len(made), len(again)) == (1, 0)
    assert "its time zone is not known any more" in off(planner, job_id)


def texts(planner: Planner, job_id: UUID, *, now: datetime = NINE) -> list[str]:
    told = planner.database.run(explain_schedule, job_id, now=now)
    assert told is not None
    return [sentence.text for sentence in told.sentences]


def off(planner: Planner, job_id: UUID) -> str:
    """Return the reason for which the schedule does not fire."""
    told = next(text for text in texts(planner, job_id) if text.startswith("It does not fire: "))
    return told.removeprefix("It does not fire: ")
