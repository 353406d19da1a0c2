"""`netraven status`: for people within 80 columns, for monitoring by its exit code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from netraven.db.enums import BackupStatus
from netraven.jobs.workers import register_worker
from netraven.models import Device
from tests.cli.conftest import Program


def test_new_home_without_a_server_is_critical(program: Program) -> None:
    answer = program.run("status")
    told = program.run("status", "--json")

    assert answer.exit_code == told.exit_code == 2
    assert answer.out.startswith("Act now:")
    assert "start `netraven serve`" in answer.out
    assert told.json["exit_code"] == 2
    assert told.json["status"]["health"] == "critical"
    assert told.json["status"]["problems"][0]["about"] == "workers"


def test_installation_that_works_is_well(program: Program) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    with program.unit() as db:
        register_worker(db, "host-1", queues=["interactive", "sweep"], version="1.0")
        good = {"last_backup_status": BackupStatus.COMPLETED, "last_backup_at": datetime.now(UTC)}
        db.execute(update(Device).values(good))

    text = program.ok("status").out
    told = program.json("status")

    assert text.startswith("All is well.")
    assert "1 completed" in text
    assert "of core-1" in text
    assert "interactive, sweep" in text
    assert told["status"]["fleet"]["oldest_good"]["hostname"] == "core-1"
    assert told["status"]["workers"][0]["is_silent"] is False
    assert told["exit_code"] == 0


def test_what_needs_a_look_is_a_warning(program: Program) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    with program.unit() as db:
        register_worker(db, "host-1", queues=["interactive", "sweep"])
        bad = {
            "last_backup_status": BackupStatus.QUARANTINED,
            "last_backup_at": datetime.now(UTC) - timedelta(hours=1),
        }
        db.execute(update(Device).values(bad))

    answer = program.run("status")

    assert answer.exit_code == 1
    assert "in quarantine is the last capture of core-1" in answer.out


def test_status_that_cannot_be_told_has_another_code(fresh: Program) -> None:
    assert fresh.run("status").exit_code == 7
