"""A database that goes away, runs that are cancelled, and what is refused in one sentence."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import NullPool, select, text

from netraven.db import KeyRing, make_engine
from netraven.db.enums import ResultStatus, RunStatus
from netraven.db.schema import upgrade_schema
from netraven.jobs.runs import cancel_job_log
from netraven.lab import Fault
from netraven.models import JobLog, JobLogEntry, JobResult
from tests.conftest import Database
from tests.failures.rig import devices, rig, until
from tests.failures.server import OwnServer, own_server

SLOWLY = ("--concurrency", "6")
STUCK = [replace(spec, hostname=f"stuck-{spec.hostname}", fault=Fault.HANG) for spec in devices(6)]


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """Return a server that tests may stop."""
    with own_server() as started:
        yield started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
@pytest.mark.long
def test_run_goes_on_after_the_database_was_away(
    server: OwnServer, keyring: KeyRing, tmp_path: Path, number: signal.Signals
) -> None:
    name = f"test_{number.name.lower()}"
    engine = make_engine(server.url, pool=NullPool).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = server.url.replace("/postgres?", f"/{name}?")
    upgrade_schema(url)
    with rig(Database(url, keyring, "sync"), tmp_path, devices(40)) as here:
        worker = here.work("--processes", "2", *SLOWLY, members=2)
        command = here.start("backup", "run", "--all")
        run_id = here.begun_run()
        here.await_middle(run_id)

        server.stop(number)
        until(lambda: "database" in worker.said, "somebody notices")
        server.start()
        run = here.await_end(run_id)

        assert run.status is RunStatus.SUCCEEDED
        assert command.popen.wait(30) == 0, command.said
        assert "40 new" in command.said
        assert worker.popen.poll() is None
        assert worker.said.count("a worker began") == 2
        here.assert_whole(run_id)


def test_cancel_ends_sessions_within_two_seconds(sync_database: Database, tmp_path: Path) -> None:
    with rig(sync_database, tmp_path, STUCK) as here:
        here.serve()
        run_id = here.write_down()
        until(
            lambda: bool(here.shards(run_id)) and here.shards(run_id)[0].attempts == 1, "it begins"
        )

        with sync_database.unit() as db:
            cancel_job_log(db, run_id)
        took_s = until(lambda: here.status(run_id) is RunStatus.CANCELLED, "it is cancelled")

        with sync_database.unit() as db:
            results = set(db.scalars(select(JobResult.status)))
            run = db.get_one(JobLog, run_id)
        assert results == {ResultStatus.CANCELLED}
        assert run.end_time is not None
        assert run.cancel_requested_at is not None
        assert (run.end_time - run.cancel_requested_at).total_seconds() < 2
        assert took_s < 30
        here.assert_no_leases()


@pytest.mark.long
def test_second_server_of_a_home_is_refused_while_commands_work_beside_the_first(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with rig(sqlite_database, tmp_path, devices(3, latency_s=0)) as here:
        here.serve()
        second = here.run("serve", "--port", "0")
        worker = here.run("worker")
        command = here.run("backup", "run", "--all")

        assert (second.returncode, worker.returncode) == (4, 4)
        assert "`netraven serve` (process" in second.stderr
        assert "already runs the jobs" in second.stderr
        assert command.returncode == 0, command.stderr
        assert "3 new" in command.stdout
        assert "a worker began" not in command.stderr


def test_command_takes_over_from_a_server_that_died_under_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    with rig(sqlite_database, tmp_path, devices(30)) as here:
        server = here.serve(*SLOWLY)
        command = here.start("backup", "run", "--all")
        run_id = here.begun_run()
        here.await_middle(run_id)

        server.kill()
        run = here.await_end(run_id)

        assert command.popen.wait(30) == 0, command.said
        assert (run.status, run.attempts) == (RunStatus.SUCCEEDED, 2)
        here.assert_whole(run_id)


def test_several_processes_are_refused_on_sqlite(sqlite_database: Database, tmp_path: Path) -> None:
    with rig(sqlite_database, tmp_path, devices(1)) as here:
        refused = here.run("worker", "--processes", "2")

    assert refused.returncode == 2
    assert "SQLite takes one collector process" in refused.stderr


def test_queue_that_does_not_exist_is_refused(sqlite_database: Database, tmp_path: Path) -> None:
    with rig(sqlite_database, tmp_path, devices(1)) as here:
        refused = here.run("worker", "--queues", "swep")

    assert refused.returncode == 2
    assert "swep is no queue; there are interactive, sweep and site:NAME" in refused.stderr


def test_newer_tables_of_the_engine_are_refused(sync_database: Database, tmp_path: Path) -> None:
    with rig(sync_database, tmp_path, devices(1, latency_s=0)) as here:
        here.serve().terminate(within_s=10)
        table = "dbos_migrations" if "sqlite" in sync_database.url else "dbos.dbos_migrations"
        with sync_database.unit() as db:
            db.execute(text(f"UPDATE {table} SET version = 9999"))
        refused = here.run("serve", "--port", "0")

    assert refused.returncode == 7
    assert "the job engine's tables are of a newer release (9999" in refused.stderr


def test_worker_ends_when_the_schema_is_changed_under_it(
    sync_database: Database, tmp_path: Path
) -> None:
    with rig(sync_database, tmp_path, devices(1, latency_s=0)) as here:
        server = here.serve()
        with sync_database.unit() as db:
            db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        code = server.popen.wait(30)
        with sync_database.unit() as db:
            db.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert code == 7
    assert "the database's schema has become 9999 while this program" in server.said


@pytest.mark.long
def test_wrong_password_is_shown_to_few_devices_by_all_processes_together(
    request: pytest.FixtureRequest, keyring: KeyRing, tmp_path: Path
) -> None:
    emptied = request.getfixturevalue("emptied_postgres")
    database = Database(emptied.lend(), keyring, "sync")
    with rig(database, tmp_path, devices(300, latency_s=0), password="wrong-horse") as here:
        here.work("--processes", "2", members=2)
        run = here.await_end(here.write_down())

        with database.unit() as db:
            refusals = db.scalars(
                select(JobLogEntry).where(JobLogEntry.category == "login_refused")
            ).all()
        assert run.status is RunStatus.FAILED
        assert len(refusals) <= 3
    emptied.take_back()
