"""Processes that are killed, stopped, or told to end in the middle of a sweep."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from netraven.db import KeyRing
from netraven.db.enums import RunStatus
from tests.conftest import Database
from tests.failures.rig import Rig, devices, rig, until

SLOWLY = ("--concurrency", "6")

pytestmark = pytest.mark.long


@pytest.fixture
def here(sync_database: Database, tmp_path: Path) -> Iterator[Rig]:
    """Return a rig of 40 devices on either database."""
    with rig(sync_database, tmp_path, devices(40)) as made:
        yield made


@pytest.fixture
def postgres(request: pytest.FixtureRequest, keyring: KeyRing, tmp_path: Path) -> Iterator[Rig]:
    """Return the same on PostgreSQL, for what takes several processes."""
    emptied = request.getfixturevalue("emptied_postgres")
    with rig(Database(emptied.lend(), keyring, "sync"), tmp_path, devices(40)) as made:
        yield made
    emptied.take_back()


def test_server_that_is_killed_goes_on_where_it_was_when_it_is_back(here: Rig) -> None:
    server = here.serve(*SLOWLY)
    run_id = here.write_down()
    here.await_middle(run_id)

    server.kill()
    here.serve(*SLOWLY)
    run = here.await_end(run_id)

    assert (run.status, run.attempts) == (RunStatus.SUCCEEDED, 2)
    here.assert_whole(run_id)


def test_server_that_is_asked_to_end_gives_its_shards_back(here: Rig) -> None:
    server = here.serve(*SLOWLY)
    run_id = here.write_down()
    here.await_middle(run_id)

    assert server.terminate(within_s=10) == 0
    assert "Traceback" not in server.said
    here.assert_no_leases()
    assert here.status(run_id) is RunStatus.RUNNING
    here.serve(*SLOWLY)
    run = here.await_end(run_id)

    # Only a death counts as another attempt of the run.
    assert (run.status, run.attempts) == (RunStatus.SUCCEEDED, 1)
    here.assert_whole(run_id)


def test_work_of_a_host_that_died_is_done_by_another(postgres: Rig) -> None:
    first = postgres.work("--concurrency", "3")
    run_id = postgres.write_down()
    postgres.await_middle(run_id, share=0.02)
    second = postgres.work(*SLOWLY)

    first.kill()
    run = postgres.await_end(run_id)

    assert (run.status, run.attempts) == (RunStatus.SUCCEEDED, 2)
    assert "a worker died" in second.said
    postgres.assert_whole(run_id)


def test_collector_process_that_died_is_replaced_at_once(postgres: Rig) -> None:
    worker = postgres.work("--processes", "2", *SLOWLY, members=2)
    run_id = postgres.write_down()
    postgres.await_middle(run_id)

    for collector in worker.collectors():
        collector.kill()
    took_s = until(lambda: worker.said.count("a worker began") == 4, "both are replaced")
    run = postgres.await_end(run_id)

    assert took_s < 30
    assert run.status is RunStatus.SUCCEEDED
    postgres.assert_whole(run_id)


def test_process_that_slept_too_long_keeps_nothing_and_ends(postgres: Rig) -> None:
    sleeper = postgres.work(*SLOWLY)
    run_id = postgres.write_down()
    postgres.await_middle(run_id)
    (collector,) = sleeper.collectors()
    other = postgres.work(*SLOWLY)

    collector.suspend()
    until(lambda: "a worker died" in other.said, "it is taken for dead")
    run = postgres.await_end(run_id)
    collector.resume()
    until(lambda: not collector.is_running(), "it ends by itself")

    assert run.status is RunStatus.SUCCEEDED
    assert "took this worker for dead" in sleeper.said
    postgres.assert_whole(run_id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_worker_that_is_asked_to_end_leaves_nothing_behind(
    postgres: Rig, number: signal.Signals
) -> None:
    worker = postgres.work("--processes", "2", *SLOWLY, members=2)
    run_id = postgres.write_down()
    postgres.await_middle(run_id)

    worker.popen.send_signal(number)
    assert worker.popen.wait(10) == 0

    assert postgres.live_members() == 0
    postgres.assert_no_leases()
    postgres.work("--concurrency", "40")
    assert postgres.await_end(run_id).attempts == 1
    postgres.assert_whole(run_id)
