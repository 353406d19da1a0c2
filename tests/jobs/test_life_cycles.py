"""The lives of a run and of a schedule, against models of them that know no database."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from netraven.errors import Conflict, Invalid
from netraven.jobs.results import get_job_results
from netraven.jobs.runs import cancel_job_log, finish_job_log, start_job_log
from netraven.jobs.schedules import toggle_scheduled_job
from netraven.models import JobLog
from tests.planner import NINE, Planner

FINAL = {"succeeded", "partial", "failed", "cancelled", "skipped"}
STEPS = {"queued": {"running", "cancelled", "skipped", "failed"}, "running": FINAL}
SHORT = settings(max_examples=12, stateful_step_count=12, deadline=None)


class RunLife(RuleBasedStateMachine):
    """One run of three devices: what is done to it, and what should have become of it."""

    def __init__(self, planner: Planner, device_ids: list[UUID]) -> None:
        super().__init__()
        self.planner = planner
        self.device_ids = device_ids

    @initialize()
    def queue(self) -> None:
        self.run_id = self.planner.add_run(*self.device_ids)
        self.status = "queued"
        self.asked_to_stop = False
        self.attempts = 0
        self.results = dict.fromkeys(self.device_ids, "pending")

    @rule()
    def start(self) -> None:
        if self.status in FINAL:
            self.is_refused(start_job_log)
            return
        self.planner.database.run(start_job_log, self.run_id)
        self.status = "running"
        self.attempts += 1

    @rule()
    def cancel(self) -> None:
        if self.status in FINAL:
            self.is_refused(cancel_job_log)
            return
        self.planner.database.run(cancel_job_log, self.run_id)
        if self.status == "queued":
            self.end("cancelled")
        self.asked_to_stop = True

    @precondition(lambda self: self.status not in FINAL)
    @rule(place=st.integers(0, 2), status=st.sampled_from(["succeeded", "failed", "skipped"]))
    def record(self, place: int, status: str) -> None:
        self.planner.record(self.run_id, self.device_ids[place], status)
        self.results[self.device_ids[place]] = status

    @rule(status=st.sampled_from([None, *sorted(FINAL)]))
    def finish(self, status: str | None) -> None:
        outcome = status or self.outcome()
        if outcome not in STEPS.get(self.status, set()):
            self.is_refused(finish_job_log, status=status)
            return
        self.planner.database.run(finish_job_log, self.run_id, status=status)
        self.end(outcome)

    @invariant()
    def is_as_expected(self) -> None:
        run = self.planner.read_run(self.run_id)
        stored = self.planner.database.run(get_job_results, self.run_id)
        assert (run.status, run.attempts) == (self.status, self.attempts)
        assert (run.start_time is not None) == (self.attempts > 0)
        assert (run.end_time is not None) == (self.status in FINAL)
        assert {result.device_id: result.status for result in stored} == self.results

    def is_refused(self, step: object, **arguments: object) -> None:
        with pytest.raises(Conflict) as refused:
            self.planner.database.run(step, self.run_id, **arguments)  # type: ignore[arg-type]
        assert refused.value.field == "status"

    def end(self, status: str) -> None:
        is_stopped = status == "cancelled" or self.asked_to_stop
        rest = "cancelled" if is_stopped else "skipped" if status == "skipped" else "failed"
        for device_id, found in self.results.items():
            self.results[device_id] = rest if found == "pending" else found
        self.status = status

    def outcome(self) -> str:
        rest = "cancelled" if self.asked_to_stop else "failed"
        ends = [rest if found == "pending" else found for found in self.results.values()]
        judged = [end for end in ends if end != "skipped"]
        if self.asked_to_stop and "cancelled" in judged:
            return "cancelled"
        if not judged:
            return "skipped"
        if set(judged) == {"succeeded"}:
            return "succeeded"
        return "partial" if "succeeded" in judged else "failed"


class ScheduleLife(RuleBasedStateMachine):
    """One schedule at a spacing, while time passes: which runs it makes and which it misses."""

    def __init__(self, planner: Planner) -> None:
        super().__init__()
        self.planner = planner

    @initialize()
    def make(self) -> None:
        self.now = NINE
        self.spacing = timedelta(hours=1)
        self.is_enabled = True
        self.counted_to = NINE
        self.missed = 0
        self.fired: list[datetime] = []
        self.job_id = self.planner.add(
            job_type="verify", schedule_type="interval", schedule_interval=3600, overlap="queue"
        )

    @rule(minutes=st.integers(1, 500))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def tick(self) -> None:
        made = [run for run in self.planner.tick(self.now) if run.scheduled_job_id == self.job_id]
        expected = self.occurrences() if self.is_enabled else []
        assert [run.scheduled_for for run in made] == expected[:1]
        self.fired += expected[:1]
        self.missed += len(expected[1:])
        self.counted_to = self.now if expected else self.counted_to

    @rule(enabled=st.booleans())
    def toggle(self, *, enabled: bool) -> None:
        self.planner.database.run(toggle_scheduled_job, self.job_id, enabled=enabled, now=self.now)
        if enabled and not self.is_enabled:
            self.counted_to = self.now
        self.is_enabled = enabled

    @rule(minutes=st.sampled_from([30, 60, 90]))
    def respace(self, minutes: int) -> None:
        self.planner.update(self.job_id, schedule_interval=minutes * 60, now=self.now)
        if timedelta(minutes=minutes) != self.spacing:
            self.spacing = timedelta(minutes=minutes)
            self.counted_to = self.now

    @rule(name=st.sampled_from(["a", "b"]))
    def rename(self, name: str) -> None:
        self.planner.update(self.job_id, name=name, now=self.now)

    @rule()
    def refuse_nonsense(self) -> None:
        with pytest.raises(Invalid):
            self.planner.update(self.job_id, timezone="Mars/Base", now=self.now)

    @invariant()
    def is_as_expected(self) -> None:
        job = self.planner.read(self.job_id)
        assert (job.enabled, job.missed_runs) == (self.is_enabled, self.missed)
        assert (job.next_run is None) == (not self.is_enabled)
        if job.next_run is not None:
            assert job.next_run > self.counted_to
            assert (job.next_run - NINE) % self.spacing == timedelta()
        with self.planner.database.unit() as db:
            runs = db.query(JobLog.scheduled_for).filter_by(scheduled_job_id=self.job_id)
            assert [row[0] for row in runs.order_by(JobLog.id)] == self.fired

    def occurrences(self) -> list[datetime]:
        """Return the times after the last count, up to now."""
        first = (self.counted_to - NINE) // self.spacing + 1
        last = (self.now - NINE) // self.spacing
        return [NINE + self.spacing * number for number in range(first, last + 1)]


def test_run_lives_as_its_model_does(sqlite_planner: Planner) -> None:
    device_ids = [sqlite_planner.add_device(f"sw-{number}") for number in (1, 2, 3)]

    def machine() -> RunLife:
        return RunLife(sqlite_planner, device_ids)

    run_state_machine_as_test(machine, settings=SHORT)  # type: ignore[arg-type]  # a factory will do


def test_schedule_lives_as_its_model_does(sqlite_planner: Planner) -> None:
    def machine() -> ScheduleLife:
        return ScheduleLife(sqlite_planner)

    run_state_machine_as_test(machine, settings=SHORT)  # type: ignore[arg-type]  # a factory will do
