"""A shard is done by one worker at a time, and what another did before counts."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from netraven.db import unit_of_work
from netraven.db.enums import ResultStatus, RunReason, RunStatus, WorkerState
from netraven.errors import Conflict
from netraven.jobs.cutting import INTERACTIVE, SWEEP, cut_runs, shard_size
from netraven.jobs.leases import acquire_device_leases
from netraven.jobs.overdue import end_overdue_runs, get_overdue_runs
from netraven.jobs.pending import get_pending
from netraven.jobs.runs import cancel_job_log
from netraven.jobs.shards import (
    BegunShard,
    ShardRef,
    begin_shard,
    finish_shard,
    get_queued_shards,
    hand_back_shard,
    has_left_shards,
    hold_shard,
    queue_anew,
    take_up_shards,
)
from netraven.jobs.workers import bury_worker, register_worker, take_silent_workers
from netraven.models import Device, DeviceLease, JobResult, JobShard, Worker
from tests.conftest import Database
from tests.planner import Planner


def a_worker(database: Database, *queues: str) -> UUID:
    return database.run(register_worker, "host", queues=queues).id


def cut(planner: Planner) -> list[ShardRef]:
    return planner.database.run(cut_runs)


def begun(database: Database, ref: ShardRef, worker_id: UUID) -> BegunShard:
    found = database.run(begin_shard, ref, worker_id)
    assert found is not None
    return found


def again(ref: ShardRef) -> ShardRef:
    return ShardRef(ref.run_id, ref.number, ref.attempt + 1, ref.queue)


def results(database: Database, run_id: UUID) -> list[tuple[str, str | None]]:
    with database.unit() as db:
        rows = select(JobResult).where(JobResult.job_log_id == run_id).order_by(JobResult.id)
        return [(row.status, row.reason) for row in db.scalars(rows)]


def test_run_is_cut_once_and_begun_by_its_first_shard(
    planner: Planner, device_ids: list[UUID]
) -> None:
    run_id = planner.add_run(*device_ids)
    assert planner.database.run(get_pending).is_uncut

    (ref,) = cut(planner)
    assert cut(planner) == []
    assert not planner.database.run(get_pending).is_uncut
    shard = begun(planner.database, ref, a_worker(planner.database))

    assert (ref.run_id, ref.attempt, ref.queue) == (run_id, 1, INTERACTIVE)
    assert list(shard.device_ids) == device_ids
    assert planner.read_run(run_id).status is RunStatus.RUNNING


def test_shard_goes_to_one_of_those_who_want_it(
    sync_database: Database,
) -> None:
    planner = Planner(sync_database)
    planner.add_run(job_type="verify")
    (ref,) = cut(planner)
    workers = [a_worker(sync_database) for _ in range(8)]
    got: list[UUID] = []

    def want(worker_id: UUID) -> None:
        with unit_of_work(sync_database.sessions) as db:
            if begin_shard(db, ref, worker_id) is not None:
                got.append(worker_id)

    threads = [threading.Thread(target=want, args=(worker_id,)) for worker_id in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 1


def test_last_shard_to_finish_ends_the_run(planner: Planner, device_ids: list[UUID]) -> None:
    database = planner.database
    run_id = planner.add_run(*device_ids)
    (ref,) = cut(planner)
    begun(database, ref, a_worker(database))
    for device_id in device_ids:
        planner.record(run_id, device_id, "succeeded")

    ended = database.run(finish_shard, ref, is_over_devices=True)

    assert ended is not None
    assert planner.read_run(run_id).status is RunStatus.SUCCEEDED
    assert database.run(finish_shard, ref, is_over_devices=True) is None


def test_taken_up_shard_has_only_its_open_devices(planner: Planner, device_ids: list[UUID]) -> None:
    database = planner.database
    run_id = planner.add_run(*device_ids)
    (ref,) = cut(planner)
    dead = a_worker(database)
    begun(database, ref, dead)
    database.run(acquire_device_leases, device_ids, ref.owner)
    planner.record(run_id, device_ids[0], "succeeded")

    taken, ended = database.run(take_up_shards, [dead])
    shard = begun(database, again(ref), a_worker(database))

    assert (taken, ended) == ([again(ref)], [])
    assert list(shard.device_ids) == device_ids[1:]
    assert planner.read_run(run_id).attempts == 2
    with pytest.raises(Conflict, match="another worker"):
        database.run(hold_shard, run_id, ref.number, attempt=ref.attempt)
    database.run(hold_shard, run_id, ref.number, attempt=ref.attempt + 1)
    with database.unit() as db:
        expired = [lease.expires_at for lease in db.scalars(select(DeviceLease))]
    assert max(expired) < planner.read_run(run_id).created_at + timedelta(seconds=59)


def test_third_death_fails_what_is_open(planner: Planner, device_ids: list[UUID]) -> None:
    database = planner.database
    run_id = planner.add_run(*device_ids)
    (ref,) = cut(planner)
    planner.record(run_id, device_ids[0], "succeeded")
    taken_up = []
    for _ in range(3):
        worker_id = a_worker(database)
        begun(database, ref, worker_id)
        taken_up.append(database.run(take_up_shards, [worker_id]))
        ref = again(ref)

    assert [len(taken) for taken, _ in taken_up] == [1, 1, 0]
    assert [run.id for _, ended in taken_up for run in ended] == [run_id]
    assert planner.read_run(run_id).status is RunStatus.PARTIAL
    assert results(database, run_id) == [
        (ResultStatus.SUCCEEDED, None),
        *[(ResultStatus.FAILED, RunReason.WORKER_LOST)] * 2,
    ]


def test_shard_without_a_living_worker_is_found(planner: Planner) -> None:
    database = planner.database
    planner.add_run(job_type="verify")
    (ref,) = cut(planner)
    worker_id = a_worker(database)
    begun(database, ref, worker_id)
    assert not database.run(has_left_shards)

    database.run(bury_worker, worker_id)

    assert database.run(has_left_shards)
    assert database.run(take_up_shards, [])[0] == [again(ref)]


def test_shard_that_is_handed_back_counts_no_death(
    planner: Planner, device_ids: list[UUID]
) -> None:
    database = planner.database
    run_id = planner.add_run(*device_ids)
    (ref,) = cut(planner)
    begun(database, ref, a_worker(database))

    assert database.run(hand_back_shard, ref) == again(ref)

    with database.unit() as db:
        shard = db.scalars(select(JobShard)).one()
    assert (shard.status, shard.deaths, shard.worker_id) == (RunStatus.QUEUED, 0, None)
    assert planner.read_run(run_id).attempts == 1


def test_shard_that_the_engine_lost_gets_another_number(planner: Planner) -> None:
    database = planner.database
    planner.add_run(job_type="verify")
    (ref,) = cut(planner)

    assert database.run(get_queued_shards, silent_s=3600) == []
    assert database.run(get_queued_shards, silent_s=0) == [ref]
    assert database.run(queue_anew, ref) == again(ref)

    # Whoever still comes with the old number has nothing to do.
    assert database.run(queue_anew, ref) is None
    assert database.run(begin_shard, ref, a_worker(database)) is None


def test_cancelled_run_is_not_begun(planner: Planner, device_ids: list[UUID]) -> None:
    database = planner.database
    run_id = planner.add_run(*device_ids)
    (ref,) = cut(planner)
    database.run(cancel_job_log, run_id)

    assert database.run(begin_shard, ref, a_worker(database)) is None


def test_run_over_no_devices_ends_as_its_task_says(planner: Planner) -> None:
    database = planner.database
    run_id = planner.add_run(job_type="verify")
    (ref,) = cut(planner)
    begun(database, ref, a_worker(database))

    database.run(
        finish_shard, ref, reason=RunReason.ERROR, message="it broke", is_over_devices=False
    )

    run = planner.read_run(run_id)
    assert (run.status, run.reason, run.result_message) == (
        RunStatus.FAILED,
        RunReason.ERROR,
        "it broke",
    )


def test_runs_of_a_schedule_that_queues_them_are_cut_one_after_the_other(
    planner: Planner, device_ids: list[UUID]
) -> None:
    database = planner.database
    schedule_id = planner.add(overlap="queue", targets="all")
    first, second = (planner.add_run(*device_ids, scheduled_job_id=schedule_id) for _ in range(2))

    (ref,) = cut(planner)
    assert cut(planner) == []
    begun(database, ref, a_worker(database))
    database.run(finish_shard, ref, is_over_devices=True)
    (later,) = cut(planner)

    assert (ref.run_id, later.run_id) == (first, second)
    assert ref.queue == SWEEP


def test_devices_of_a_site_with_a_collector_wait_for_it(
    planner: Planner, device_ids: list[UUID]
) -> None:
    database = planner.database
    with database.unit() as db:
        db.execute(update(Device).where(Device.id == device_ids[0]).values(site="berlin"))
    a_worker(database, "site:berlin")

    planner.add_run(*device_ids)
    refs = cut(planner)

    assert sorted(ref.queue for ref in refs) == [INTERACTIVE, "site:berlin"]
    with database.unit() as db:
        numbers = dict(db.execute(select(JobResult.device_id, JobResult.shard_number)).all())
    of_site = next(ref.number for ref in refs if ref.queue == "site:berlin")
    assert [number == of_site for number in map(numbers.get, device_ids)] == [True, False, False]


@pytest.mark.parametrize(
    ("devices", "size"), [(1, 100), (3200, 100), (5000, 157), (10_000, 313), (50_000, 500)]
)
def test_shards_have_100_to_500_devices(devices: int, size: int) -> None:
    assert shard_size(devices) == size


def test_worker_whose_sign_of_life_has_not_moved_is_taken_once(database: Database) -> None:
    worker_id = a_worker(database)
    with database.unit() as db:
        seen = db.get_one(Worker, worker_id).heartbeat_at
    stale = {worker_id: seen - timedelta(hours=1)}

    moved = database.run(take_silent_workers, stale)
    first = database.run(take_silent_workers, {worker_id: seen})
    second = database.run(take_silent_workers, {worker_id: seen})

    assert (moved, [worker.id for worker in first], second) == ([], [worker_id], [])
    with database.unit() as db:
        assert db.get_one(Worker, worker_id).state is WorkerState.RECOVERING


def test_run_that_lasts_longer_than_any_may_is_ended(
    planner: Planner, device_ids: list[UUID]
) -> None:
    database = planner.database
    run_id = planner.add_run(*device_ids)
    (ref,) = cut(planner)
    begun(database, ref, a_worker(database))
    planner.record(run_id, device_ids[0], "succeeded")
    patient, impatient = timedelta(hours=24), timedelta(seconds=-1)

    assert database.run(get_overdue_runs, older_than=patient) == []
    assert database.run(get_overdue_runs, older_than=impatient) == [run_id]
    database.run(end_overdue_runs, [run_id], older_than=impatient)

    run = planner.read_run(run_id)
    assert (run.status, run.reason) == (RunStatus.PARTIAL, RunReason.DEADLINE)
    assert [reason for _, reason in results(database, run_id)] == [None, "deadline", "deadline"]
    with pytest.raises(Conflict):
        database.run(hold_shard, run_id, ref.number, attempt=ref.attempt)
