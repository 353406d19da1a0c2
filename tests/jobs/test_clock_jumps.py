"""Clocks that jump: what is due fires once, whichever way the clock was set."""

from __future__ import annotations

from typing import Any

import pytest

from netraven.jobs.due import count_due_jobs
from tests.planner import Planner, at

HOURLY: dict[str, Any] = {"schedule_type": "interval", "schedule_interval": 3600}


@pytest.fixture
def planner(planner: Planner) -> Planner:
    """Return a planner with a device."""
    planner.add_device("sw-1")
    return planner


def test_clock_set_forward_fires_once_and_counts_the_rest(planner: Planner) -> None:
    job_id = planner.add(**HOURLY, overlap="queue", now=at("02 09:00"))
    planner.tick(at("02 10:00"))

    made = planner.tick(at("02 13:30"))

    assert [run.scheduled_for for run in made] == [at("02 11:00")]
    job = planner.read(job_id)
    assert (job.missed_runs, job.next_run) == (2, at("02 14:00"))


def test_clock_set_back_fires_nothing_twice(planner: Planner) -> None:
    job_id = planner.add(**HOURLY, overlap="queue", now=at("02 09:00"))
    planner.tick(at("02 10:00"))

    again = [run for minute in (5, 30, 59) for run in planner.tick(at(f"02 09:{minute:02}"))]

    assert not again
    assert planner.read(job_id).next_run == at("02 11:00")
    assert len(planner.tick(at("02 11:00"))) == 1
    assert [run.scheduled_for for run in planner.runs()] == [at("02 10:00"), at("02 11:00")]


def test_clock_that_jumps_forward_and_back_serves_each_time_once(planner: Planner) -> None:
    planner.add(schedule_time="10:30", overlap="queue", now=at("02 09:00"))

    moments = ("02 10:00", "02 11:00", "02 10:00", "02 10:30", "02 11:00", "03 10:30")
    made = [run for moment in moments for run in planner.tick(at(moment))]

    assert [run.scheduled_for for run in made] == [at("02 10:30"), at("03 10:30")]
    assert planner.database.run(count_due_jobs, at("03 10:30")) == 0


def test_device_that_waits_has_its_turn_once_when_the_clock_jumps(planner: Planner) -> None:
    core = planner.add_tag("core")
    planner.add_device("inside", core)
    planner.add_blackout(core)
    planner.add(schedule_time="10:30", overlap="queue", now=at("02 09:00"))
    planner.tick(at("02 10:30"))
    for run in planner.runs():
        planner.end(run.id)

    made = [
        run for moment in ("02 12:00", "02 11:00", "02 12:00") for run in planner.tick(at(moment))
    ]

    assert [planner.results(run.id) for run in made] == [{"inside": ("pending", None)}]
