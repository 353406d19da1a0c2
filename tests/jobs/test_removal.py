"""Runs go when their time is over, and not a second before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from netraven.admin.settings import upsert_admin_setting
from netraven.db import new_id
from netraven.db.enums import BackupStatus, RunStatus
from netraven.errors import InUse, Invalid
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.removal import (
    delete_job_log,
    delete_job_logs_by_retention_policy,
    delete_old_job_logs,
)
from netraven.jobs.runs import finish_job_log
from netraven.models import Backup, JobLog, JobLogEntry, JobResult
from netraven.schemas.job import JobLogEntryCreate
from netraven.schemas.setting import AdminSettingCreate
from tests.planner import Planner

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def ended(planner: Planner, ended_at: datetime, *, retention_days: int | None = None) -> UUID:
    """Return a run that ended then."""
    run_id = planner.add_run(job_type="verify", retention_days=retention_days)
    planner.database.run(finish_job_log, run_id, status="failed", now=ended_at)
    return run_id


def left(planner: Planner) -> set[UUID]:
    return {run.id for run in planner.runs()}


def test_deleted_run_takes_entries_and_results_and_leaves_backups(planner: Planner) -> None:
    device = planner.add_device("sw-1")
    run_id = planner.add_run(device)
    backup = Backup(
        id=new_id(),
        device_id=device,
        device_type="cisco_ios",
        status=BackupStatus.FAILED,
        job_log_id=run_id,
        last_seen_at=NOON,
    )
    with planner.database.unit() as db:
        db.add(backup)
    planner.database.run(append_job_log_entries, run_id, [JobLogEntryCreate(message="begun")])

    with pytest.raises(InUse):
        planner.database.run(delete_job_log, run_id)
    planner.database.run(finish_job_log, run_id)
    deleted = planner.database.run(delete_job_log, run_id)

    assert deleted
    assert not planner.database.run(delete_job_log, run_id)
    with planner.database.unit() as db:
        assert db.get_one(Backup, backup.id).job_log_id is None
        for table in (JobLogEntry, JobResult):
            assert db.scalar(select(func.count()).select_from(table)) == 0
    assert planner.events() == ["job_log_deleted"]


def test_run_goes_a_second_after_its_days_and_not_before(planner: Planner) -> None:
    exactly = ended(planner, NOON - timedelta(days=30))
    ended(planner, NOON - timedelta(days=30) - SECOND, retention_days=3650)
    ended(planner, NOON - timedelta(days=300))
    active = planner.add_run(job_type="verify")
    with planner.database.unit() as db:
        long_ago = NOON - timedelta(days=999)
        db.execute(update(JobLog).where(JobLog.id == active).values(created_at=long_ago))

    removed = planner.database.run(delete_old_job_logs, 30, now=NOON)
    again = planner.database.run(delete_old_job_logs, 30, now=NOON)

    assert (removed, again) == (2, 0)
    assert left(planner) == {exactly, active}
    assert planner.events() == ["job_logs_deleted"]


def test_age_counts_from_the_end_else_the_start_else_the_making(planner: Planner) -> None:
    run_id = planner.add_run(job_type="verify")
    old = NOON - timedelta(days=31)
    ages = {"created_at": old, "start_time": NOON, "end_time": None, "status": RunStatus.CANCELLED}
    with planner.database.unit() as db:
        db.execute(update(JobLog).where(JobLog.id == run_id).values(ages))

    by_start = planner.database.run(delete_old_job_logs, 30, now=NOON)
    with planner.database.unit() as db:
        db.execute(update(JobLog).where(JobLog.id == run_id).values(start_time=None))
    by_making = planner.database.run(delete_old_job_logs, 30, now=NOON)

    assert (by_start, by_making) == (0, 1)


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(sqlite_planner: Planner, days: int) -> None:
    with pytest.raises(Invalid, match="days"):
        sqlite_planner.database.run(delete_old_job_logs, days)
    with pytest.raises(Invalid, match="default_days"):
        sqlite_planner.database.run(delete_job_logs_by_retention_policy, days)


def test_own_retention_goes_before_the_default(planner: Planner) -> None:
    kept = {
        ended(planner, NOON - timedelta(days=5), retention_days=5),
        ended(planner, NOON - timedelta(days=30)),
        ended(planner, NOON - timedelta(days=99), retention_days=100),
        planner.add_run(job_type="verify"),
    }
    ended(planner, NOON - timedelta(days=5) - SECOND, retention_days=5)
    ended(planner, NOON - timedelta(days=8), retention_days=7)
    ended(planner, NOON - timedelta(days=30) - SECOND)

    counts = planner.database.run(delete_job_logs_by_retention_policy, 30, now=NOON)

    assert counts == {"policy_count": 2, "default_count": 1, "total_count": 3}
    assert left(planner) == kept


def test_default_can_be_laid_on_every_ended_run(planner: Planner) -> None:
    kept = ended(planner, NOON - timedelta(days=9), retention_days=1)
    active = planner.add_run(job_type="verify", retention_days=1)
    ended(planner, NOON - timedelta(days=11), retention_days=100)
    ended(planner, NOON - timedelta(days=11))

    counts = planner.database.run(
        delete_job_logs_by_retention_policy, 10, apply_to_existing=True, now=NOON
    )

    assert counts == {"policy_count": 2, "default_count": 0, "total_count": 2}
    assert {run.id: run.retention_days for run in planner.runs()} == {kept: 10, active: 1}


def test_without_days_the_setting_decides_at_each_run(planner: Planner) -> None:
    run_id = ended(planner, NOON - timedelta(days=20))

    by_default = planner.database.run(delete_job_logs_by_retention_policy, now=NOON)
    stays = left(planner)
    setting = AdminSettingCreate.model_validate(
        {"key": "system.jobs.log_retention_days", "value": 10, "value_type": "number"}
    )
    planner.database.run(upsert_admin_setting, setting)
    by_setting = planner.database.run(delete_job_logs_by_retention_policy, now=NOON)

    assert (by_default["total_count"], stays) == (0, {run_id})
    assert by_setting["default_count"] == 1


def test_more_than_a_batch_goes_in_one_call(sqlite_planner: Planner) -> None:
    with sqlite_planner.database.unit() as db:
        for _ in range(1_201):
            db.add(
                JobLog(
                    id=new_id(),
                    job_type="verify",
                    status=RunStatus.SUCCEEDED,
                    end_time=NOON - timedelta(days=2),
                    actor_name="system",
                )
            )

    assert sqlite_planner.database.run(delete_old_job_logs, 1, now=NOON) == 1_201
    assert sqlite_planner.runs() == []
