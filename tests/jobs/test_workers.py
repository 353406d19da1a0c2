"""Workers that stop are answered for by exactly one other."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from netraven.db import new_id
from netraven.db.enums import WorkerState
from netraven.jobs.workers import beat_worker, bury_worker, register_worker, take_dead_workers
from netraven.models import Worker
from tests.conftest import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def taken(database: Database, now: datetime) -> list[str]:
    return [worker.name for worker in database.run(take_dead_workers, now=now)]


def test_silent_worker_is_taken_once(database: Database) -> None:
    silent = database.run(register_worker, "silent", now=NOON)
    beating = database.run(register_worker, "beating", now=NOON)
    assert database.run(beat_worker, beating.id, now=after(20))

    early = taken(database, after(29))
    first = taken(database, after(30))
    second = taken(database, after(31))

    assert (early, first, second) == ([], ["silent"], [])
    with database.unit() as db:
        assert db.get_one(Worker, silent.id).state is WorkerState.RECOVERING
    assert not database.run(beat_worker, silent.id)


def test_worker_left_recovering_by_a_caller_that_died_is_taken_again(database: Database) -> None:
    database.run(register_worker, "silent", now=NOON)

    times = [taken(database, after(seconds)) for seconds in (30, 59, 60)]

    assert times == [["silent"], [], ["silent"]]


def test_buried_worker_stays_dead(database: Database) -> None:
    worker = database.run(register_worker, "silent", now=NOON)
    database.run(take_dead_workers, now=after(30))

    assert database.run(bury_worker, worker.id)

    assert taken(database, after(300)) == []
    assert not database.run(beat_worker, worker.id)
    assert not database.run(bury_worker, new_id())
    assert not database.run(beat_worker, "not-a-uuid")


def test_callers_at_once_get_disjoint_workers(database: Database) -> None:
    for number in range(20):
        database.run(register_worker, f"worker-{number}", now=NOON)
    found: list[list[UUID]] = []

    def take() -> None:
        found.append([w.id for w in database.run(take_dead_workers, now=after(30))])

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ids = [worker_id for part in found for worker_id in part]
    assert len(ids) == len(set(ids))
    assert len(ids) + len(database.run(take_dead_workers, now=after(30))) == 20
