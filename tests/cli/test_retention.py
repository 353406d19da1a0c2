"""`netraven retention`: first what would go and why, then, if asked, it goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from netraven import clock
from netraven.archive.storing import store_backup
from netraven.models import AuditEvent, Backup
from netraven.schemas.backup import BackupCreate
from tests.cli.conftest import Program

NOT_FOUND = 3


@pytest.fixture
def archive(program: Program) -> Program:
    """Return the program with two devices of thirty old versions each, one of them pinned."""
    for number, name in enumerate(("core-1", "core-2"), start=1):
        program.ok("device", "add", name, f"192.0.2.{number}", "--platform", "cisco_ios")
        device_id = program.json("device", "show", name)["id"]
        with program.unit() as db:
            for day in range(30):
                backup = BackupCreate(device_id=device_id, pinned=(name, day) == ("core-2", 3))
                text = f"hostname {name}\nvlan {day}\nend\n"
                store_backup(db, backup, content=text, now=clock.now() - timedelta(days=200 - day))
    for key, value in (
        ("system.backup.retention_days", 30),
        ("system.retention.keep_last", 4),
        ("system.retention.keep_daily", 0),
        ("system.retention.keep_weekly", 0),
        ("system.retention.keep_monthly", 0),
    ):
        program.ok("setting", "set", key, value)
    return program


def rows(program: Program) -> int:
    with program.unit() as db:
        return db.scalars(select(func.count()).select_from(Backup)).one()


def test_without_apply_it_only_says_what_would_go_and_why(archive: Program) -> None:
    told = archive.json("retention")
    shown = archive.ok("retention").out

    assert (told["examined"], told["kept"], len(told["removed"])) == (60, 9, 51)
    assert told["kept_because"] == {"last": 8, "protected": 3}
    assert "core-1@1" in shown
    assert "200 days old; not of the last 4" in " ".join(shown.split())
    assert "and 11 more; all of them with --json" in shown
    assert "51 backups would go" in shown
    assert "netraven retention --apply" in shown
    assert rows(archive) == 60


def test_with_apply_they_go_and_a_second_time_nothing_does(archive: Program) -> None:
    foreseen = archive.json("retention")

    told = archive.json("retention", "--apply")
    again = archive.ok("retention", "--apply").out

    assert told["removed"] == foreseen["removed"]
    assert told["bytes_freed"] == foreseen["bytes_freed"]
    assert rows(archive) == 9
    assert "0 backups went" in again
    assert archive.ok("backup", "show", "core-2@4").out
    assert archive.ok("verify").out.startswith("9 contents read")
    with archive.unit() as db:
        events = db.scalars(
            select(AuditEvent).where(AuditEvent.event_name == "backup_retention_applied")
        ).all()
    assert len(events) == 1


def test_one_device_alone_can_be_looked_at(archive: Program) -> None:
    told = archive.json("retention", "--device", "core-1")
    unknown = archive.run("retention", "--device", "core-9")

    assert (told["examined"], len(told["removed"])) == (30, 26)
    assert unknown.exit_code == NOT_FOUND
    assert "core-9" in unknown.err
