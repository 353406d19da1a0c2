"""The tick: what is due becomes runs and shards, also when only a black-out is over."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event

from netraven import clock
from netraven.jobs.engine import MemoryEngine
from netraven.jobs.waits import count_waits, put_off
from netraven.worker.ticking import Ticker, tick
from tests.conftest import Database
from tests.planner import Planner

FAR = clock.now() + timedelta(days=2)


def test_device_whose_black_out_is_over_gets_its_run(sync_database: Database) -> None:
    planner, engine = Planner(sync_database), MemoryEngine()
    device = planner.add_device("sw-1")
    planner.add_device("sw-2")
    job_id = planner.add(schedule_type="one_time", run_at=FAR, now=clock.now())
    just_now = clock.now() - timedelta(seconds=1)
    sync_database.run(put_off, job_id, {device: just_now})

    first = tick(sync_database.sessions, engine, fires_schedules=True)
    second = tick(sync_database.sessions, engine, fires_schedules=True)

    assert (first, second) == (1, 0)
    [run] = planner.runs()
    assert planner.results(run.id) == {"sw-1": ("pending", None)}
    assert sync_database.run(count_waits, job_id) == (0, None)


def test_member_that_fires_nothing_leaves_waits_alone(sync_database: Database) -> None:
    planner, engine = Planner(sync_database), MemoryEngine()
    device = planner.add_device("sw-1")
    job_id = planner.add(schedule_type="one_time", run_at=FAR, now=clock.now())
    sync_database.run(put_off, job_id, {device: clock.now() - timedelta(seconds=1)})

    assert tick(sync_database.sessions, engine, fires_schedules=False) == 0

    assert not planner.runs()


def test_run_in_a_black_out_is_cut_without_its_devices(sync_database: Database) -> None:
    planner, engine = Planner(sync_database), MemoryEngine()
    core = planner.add_tag("core")
    planner.add_device("inside", core)
    planner.add_device("outside")
    now = clock.now()
    planner.add_blackout(core, starts_at=now - timedelta(hours=1), ends_at=FAR, now=now)
    planner.add(schedule_type="immediate", now=now)

    assert tick(sync_database.sessions, engine, fires_schedules=True) == 1

    [run] = planner.runs()
    assert planner.results(run.id) == {
        "inside": ("skipped", "blackout"),
        "outside": ("pending", None),
    }


def test_run_of_which_nobody_is_left_needs_no_shard(sync_database: Database) -> None:
    planner, engine = Planner(sync_database), MemoryEngine()
    core = planner.add_tag("core")
    planner.add_device("inside", core)
    now = clock.now()
    planner.add_blackout(core, starts_at=now - timedelta(hours=1), ends_at=FAR, now=now)
    planner.add(schedule_type="immediate", now=now)

    assert tick(sync_database.sessions, engine, fires_schedules=True) == 0

    assert [run.status.value for run in planner.runs()] == ["skipped"]


def test_what_somebody_writes_is_seen_by_the_next_tick(sync_database: Database) -> None:
    planner, engine = Planner(sync_database), MemoryEngine()
    device = planner.add_device("sw-1")
    ticker = Ticker(sync_database.sessions, engine, fires_schedules=True)

    quiet = [ticker.tick(), ticker.tick()]
    planner.add_run(device)
    found = [ticker.tick(), ticker.tick()]
    ticker.close()

    assert (quiet, found) == ([0, 0], [1, 0])


def test_idle_tick_asks_a_file_nothing(sqlite_database: Database) -> None:
    ticker = Ticker(sqlite_database.sessions, MemoryEngine(), fires_schedules=True)
    statements: list[str] = []

    ticker.tick()
    event.listen(
        sqlite_database.sessions.kw["bind"],
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )
    for _ in range(20):
        ticker.tick()
    ticker.close()

    # Once a second it asks all the same, for what is due by time alone.
    assert sum("scheduled_jobs" in statement for statement in statements) < 20
