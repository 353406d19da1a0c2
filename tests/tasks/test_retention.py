"""The task that lets go what the rules no longer keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from netraven.admin.settings import initialize_default_settings, update_admin_setting_value
from netraven.db import Base, new_id
from netraven.db.enums import JobType, RunStatus, WorkerState
from netraven.db.space import give_back_space
from netraven.jobs.workers import register_worker
from netraven.models import AuditEvent, Backup, JobLog, JobResult, Worker
from netraven.tasks.retention import retain
from tests.archive.conftest import Archive
from tests.archive.test_chains import versions
from tests.conftest import Database
from tests.tasks.workbench import Workbench

LONG_AGO = datetime.now(UTC) - timedelta(days=4000)


@pytest.fixture
def archive(sync_database: Database) -> Archive:
    """Return an archive with ten old versions, of which the settings keep one."""
    sync_database.run(initialize_default_settings)
    for name, value in (("last", 1), ("daily", 0), ("weekly", 0), ("monthly", 0)):
        sync_database.run(update_admin_setting_value, f"system.retention.keep_{name}", value)
    archive = Archive(sync_database)
    archive.store_all(versions(10))
    with sync_database.unit() as db:
        db.execute(update(Backup).values(created_at=LONG_AGO, last_seen_at=LONG_AGO))
    return archive


def test_what_is_over_goes(archive: Archive) -> None:
    database = archive.database
    for _ in range(12):
        add_old_run(database, archive.devices)
    with database.unit() as db:
        db.execute(update(AuditEvent).values(created_at=LONG_AGO))
    bury_long_ago(database)
    bench = Workbench(database, JobType.RETENTION)

    told = bench.do(retain)

    assert told is not None
    assert told.startswith("9 backups with ")
    assert ", 12 runs and " in told
    assert count(database, Backup) == 1
    assert count(database, JobLog) == 1
    assert count(database, JobResult) == 0
    assert count(database, Worker) == 1


def test_dry_run_says_the_same_and_changes_nothing(archive: Archive) -> None:
    database = archive.database
    add_old_run(database, archive.devices)
    bench = Workbench(database, JobType.RETENTION, options={"dry_run": True})

    told = bench.do(retain)

    assert told is not None
    assert told.startswith("9 backups with ")
    assert told.endswith(" and 1 run would go; nothing was changed")
    assert count(database, Backup) == 10
    assert count(database, JobLog) == 2


def test_runs_keep_their_own_retention(archive: Archive) -> None:
    kept = add_old_run(archive.database, archive.devices, retention_days=3650, days=100)
    gone = add_old_run(archive.database, archive.devices, days=100)
    bench = Workbench(archive.database, JobType.RETENTION)

    bench.do(retain)

    with archive.database.unit() as db:
        left = set(db.scalars(select(JobLog.id)))
    assert left == {kept, bench.run_id}
    assert gone not in left


def test_space_is_given_back_to_the_disk(sqlite_database: Database) -> None:
    with sqlite_database.unit() as db:
        db.execute(text("CREATE TABLE filler (stuff BLOB)"))
        for _ in range(500):
            db.execute(text("INSERT INTO filler VALUES (zeroblob(4000))"))
    with sqlite_database.unit() as db:
        db.execute(text("DELETE FROM filler"))

    with sqlite_database.unit() as db:
        left = [give_back_space(db, pages=200) for _ in range(4)]

    assert left[0] > left[1] > left[2]
    assert left[-1] == 0


def test_postgresql_gives_space_back_by_itself(sync_database: Database) -> None:
    assert sync_database.run(give_back_space) == 0


def add_old_run(
    database: Database,
    device_ids: list[UUID],
    *,
    retention_days: int | None = None,
    days: int = 4000,
) -> UUID:
    at = datetime.now(UTC) - timedelta(days=days)
    run = JobLog(
        id=new_id(),
        job_type=JobType.BACKUP,
        status=RunStatus.SUCCEEDED,
        actor_name="ana",
        created_at=at,
        end_time=at,
        retention_days=retention_days,
    )
    with database.unit() as db:
        db.add(run)
        db.flush()
        db.add_all(
            JobResult(job_log_id=run.id, device_id=device_id, device_hostname="core")
            for device_id in device_ids
        )
    return run.id


def bury_long_ago(database: Database) -> None:
    database.run(register_worker, "old")
    with database.unit() as db:
        db.execute(update(Worker).values(state=WorkerState.DEAD, heartbeat_at=LONG_AGO))


def count(database: Database, table: type[Base]) -> int:
    with database.unit() as db:
        return db.scalars(select(func.count()).select_from(table)).one()
