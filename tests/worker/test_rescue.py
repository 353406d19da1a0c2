"""Members look after each other, by a clock of their own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from typing_extensions import override

from netraven.db.enums import RunReason, WorkerState
from netraven.jobs.cutting import cut_runs
from netraven.jobs.engine import MemoryEngine
from netraven.jobs.shards import ShardRef, begin_shard
from netraven.jobs.workers import bury_worker, register_worker
from netraven.models import JobLog, JobLogEntry, JobShard, Worker
from netraven.worker.executors import executor_name
from netraven.worker.options import WorkerOptions
from netraven.worker.rescue import Rescue
from tests.conftest import Database
from tests.planner import Planner

IMPATIENT = WorkerOptions(silence_s=0.2, lost_s=0.0)
HOUR = timedelta(hours=1)


class Remembering(MemoryEngine):
    """An engine that outlives the processes to which it gave work, as one with tables does."""

    def __init__(self) -> None:
        super().__init__()
        self.given_out: dict[str, str] = {}

    @override
    def given(self, job_ids: Iterable[str]) -> dict[str, str]:
        return {one: self.given_out[one] for one in job_ids if one in self.given_out}


class Silence:
    """A rescue by a member of its own, over shards that an engine in memory is given."""

    def __init__(self, database: Database, options: WorkerOptions = IMPATIENT) -> None:
        self.database = database
        self.engine = Remembering()
        own = database.run(register_worker, "own", queues=("interactive", "sweep"))
        self.rescue = Rescue(database.sessions, self.engine, options, own_id=own.id)

    def other(self) -> UUID:
        return self.database.run(register_worker, "other").id

    def move_clock(self, worker_id: UUID, by: timedelta) -> None:
        with self.database.unit() as db:
            db.get_one(Worker, worker_id).heartbeat_at += by

    def state(self, worker_id: UUID) -> WorkerState:
        with self.database.unit() as db:
            return db.get_one(Worker, worker_id).state


@pytest.fixture
def silence(sync_database: Database) -> Silence:
    return Silence(sync_database)


def a_shard(silence: Silence, worker_id: UUID) -> ShardRef:
    """Return a shard that this worker has begun."""
    Planner(silence.database).add_run(job_type="verify")
    (ref,) = silence.database.run(cut_runs)
    assert silence.database.run(begin_shard, ref, worker_id) is not None
    return ref


def test_who_is_silent_is_dead_and_its_shards_go_on(silence: Silence) -> None:
    other = silence.other()
    ref = a_shard(silence, other)

    at_first = silence.rescue.look()
    time.sleep(0.25)
    later = silence.rescue.look()

    assert (at_first, later) == (0, 1)
    assert silence.state(other) is WorkerState.DEAD
    again = ShardRef(ref.run_id, 1, 2, ref.queue)
    assert silence.engine.waiting([again.job_id]) == {again.job_id}


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_clocks_that_jump_let_nobody_look_dead_who_beats(silence: Silence, jump: timedelta) -> None:
    other = silence.other()
    a_shard(silence, other)

    for _ in range(4):
        silence.move_clock(other, jump)
        silence.rescue.look()
        time.sleep(0.1)

    assert silence.state(other) is WorkerState.LIVE


def test_clock_that_jumped_ahead_does_not_hide_a_death(silence: Silence) -> None:
    other = silence.other()
    a_shard(silence, other)
    silence.move_clock(other, HOUR)

    silence.rescue.look()
    time.sleep(0.25)
    silence.rescue.look()

    assert silence.state(other) is WorkerState.DEAD


def test_alone_under_the_lock_nobody_is_waited_for(sync_database: Database) -> None:
    silence = Silence(sync_database, WorkerOptions(is_alone=True))
    other = silence.other()
    a_shard(silence, other)

    assert silence.rescue.look() == 1
    assert silence.state(other) is WorkerState.DEAD


def test_run_whose_worker_died_three_times_ends(silence: Silence) -> None:
    ref = a_shard(silence, silence.other())
    with silence.database.unit() as db:
        db.execute(update(JobShard).values(deaths=2))

    silence.rescue.look()
    time.sleep(0.25)
    silence.rescue.look()

    with silence.database.unit() as db:
        run = db.get_one(JobLog, ref.run_id)
    assert run.reason is RunReason.WORKER_LOST
    assert run.result_message is not None
    assert run.result_message.startswith("3 workers died")


def test_shard_that_the_engine_does_not_know_is_enqueued_anew(silence: Silence) -> None:
    Planner(silence.database).add_run(job_type="verify")
    (lost,) = silence.database.run(cut_runs)

    assert silence.rescue.look() == 1

    anew = ShardRef(lost.run_id, 1, 2, lost.queue)
    assert silence.engine.waiting([anew.job_id]) == {anew.job_id}


def test_shard_given_to_a_process_that_ended_before_it_began_goes_on_at_once(
    sync_database: Database,
) -> None:
    silence = Silence(sync_database, WorkerOptions())
    Planner(sync_database).add_run(job_type="verify")
    (ref,) = sync_database.run(cut_runs)
    alive, ended = silence.other(), silence.other()
    sync_database.run(bury_worker, ended)

    silence.engine.given_out[ref.job_id] = executor_name("host", alive)
    while_it_lives = silence.rescue.look()
    silence.engine.given_out[ref.job_id] = executor_name("host", ended)
    once_it_ended = silence.rescue.look()

    assert (while_it_lives, once_it_ended) == (0, 1)
    anew = ShardRef(ref.run_id, 1, 2, ref.queue)
    assert silence.engine.waiting([anew.job_id]) == {anew.job_id}


def test_queue_that_nobody_serves_is_named_once_in_the_runs_log(silence: Silence) -> None:
    run_id = Planner(silence.database).add_run(job_type="verify")
    silence.database.run(cut_runs)
    with silence.database.unit() as db:
        db.execute(update(JobShard).values(queue="site:nowhere"))

    silence.rescue.look()
    silence.rescue.look()

    with silence.database.unit() as db:
        told = [entry.message for entry in db.scalars(select(JobLogEntry))]
        assert db.get_one(JobLog, run_id).end_time is None
    (sentence,) = told
    assert sentence == (
        "no worker listens to the queue site:nowhere, so some devices wait;"
        " start `netraven worker --queues site:nowhere`"
    )


def test_run_that_never_ends_is_ended_at_its_deadline(sync_database: Database) -> None:
    silence = Silence(sync_database, WorkerOptions(run_deadline_s=-1.0))
    run_id = Planner(sync_database).add_run(job_type="verify")
    sync_database.run(cut_runs)

    silence.rescue.look()

    with sync_database.unit() as db:
        assert db.get_one(JobLog, run_id).reason is RunReason.DEADLINE
