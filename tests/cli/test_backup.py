"""`netraven backup`: versions named, shown with tokens, unsealed on record, compared, kept."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from netraven.archive.storing import store_backup
from netraven.db.enums import BackupStatus
from netraven.models import AuditEvent, Backup
from netraven.schemas.backup import BackupCreate
from tests.cli.conftest import Program

USAGE, NOT_FOUND, CONFLICT = 2, 3, 4
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "hunter2hunter2"
FIRST = f"hostname core-1\nusername ana secret 0 {SECRET}\ninterface Vlan1\n description old\nend\n"
SECOND = FIRST.replace("description old", "description new").replace(SECRET, f"{SECRET}x")
HALF = "hostname core-1\nusername an"
HOSTILE = "hostname core-1\nbanner motd ^C\x1b]0;owned\x07\x1b[2J\u202e\r\n^C\nend\n"


@pytest.fixture
def archive(program: Program) -> Program:
    """Return the program with two completed versions of core-1 and a third in quarantine."""
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    _store(program, FIRST)
    _store(program, SECOND, minutes=60)
    _store(program, HALF, minutes=120, status=BackupStatus.QUARANTINED)
    return program


def test_backups_are_listed_newest_first(archive: Program) -> None:
    told = archive.json("backup", "list", "CORE-1")

    assert told["total"] == 3
    assert [(row["version"], row["status"]) for row in told["items"]] == [
        (3, "quarantined"),
        (2, "completed"),
        (1, "completed"),
    ]
    assert "content_hash" not in told["items"][0]
    assert archive.json("backup", "list", "--status", "quarantined")["total"] == 1


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("core-1", 2),
        ("CORE-1@latest", 2),
        ("core-1@1", 1),
        ("core-1@3", 3),
        ("core-1@Quarantined", 3),
    ],
)
def test_versions_are_named(archive: Program, name: str, version: int) -> None:
    told = archive.json("backup", "show", name)

    assert told["backup"]["version"] == version
    assert archive.json("backup", "show", told["backup"]["id"])["backup"] == told["backup"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("core-1@9", NOT_FOUND),
        ("no-such", NOT_FOUND),
        ("no-such@1", NOT_FOUND),
        ("core-1@oldest", USAGE),
        ("core-1@", USAGE),
        ("core-1@99999999999999999999", NOT_FOUND),
    ],
)
def test_a_version_that_is_not_there_is_told(archive: Program, name: str, code: int) -> None:
    answer = archive.run("backup", "show", name)

    assert answer.exit_code == code
    assert answer.err.count("\n") == 1


def test_secrets_are_shown_as_tokens(archive: Program) -> None:
    answer = archive.ok("backup", "show", "core-1@1")

    lines = answer.out.splitlines()
    assert SECRET not in answer.text
    assert lines[1].startswith("username ana secret 0 ‹secret:")
    assert lines[2:] == FIRST.splitlines()[2:]
    assert answer.err.startswith("core-1@1 · completed")


def test_the_exact_bytes_need_a_reason_that_goes_on_record_first(
    archive: Program, tmp_path: Path
) -> None:
    target = tmp_path / "core-1.cfg"
    refused = archive.run("backup", "show", "core-1@1", "--unsealed", "--output", target)
    written_early = target.exists()

    archive.ok(
        *("backup", "show", "core-1@1", "--unsealed", "--reason", "RMA 4711", "--output", target)
    )

    assert refused.exit_code == USAGE
    assert not written_early
    assert target.read_text() == FIRST
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [event.changes["reason"] for event in _events(archive, "backup_unsealed")] == [
        "RMA 4711"
    ]


def test_a_reason_without_unsealed_is_a_slip(archive: Program) -> None:
    assert archive.run("backup", "show", "core-1", "--reason", "x").exit_code == USAGE


def test_exact_bytes_go_through_a_pipe(archive: Program) -> None:
    content = "banner \udcff\udcfe\r\nend\r\n"
    _store(archive, content, minutes=180)

    process = archive.process_bytes(
        *("backup", "show", "core-1", "--unsealed", "--reason", "x", "--output", "-")
    )

    assert process == content.encode("utf-8", "surrogateescape")


def test_json_holds_bytes_that_are_no_text_in_base64(archive: Program) -> None:
    _store(archive, "banner \udcff\nend\n", minutes=180)

    told = archive.json("backup", "show", "core-1", "--unsealed", "--reason", "x")

    assert (told["unsealed"], told["encoding"]) == (True, "base64")
    assert told["content"] == "YmFubmVyIP8KZW5kCg=="


def test_a_quarantined_version_says_so(archive: Program) -> None:
    answer = archive.ok("backup", "show", "core-1@quarantined")

    assert answer.out == "hostname core-1\nusername an\n"
    assert "In quarantine: the configuration breaks off before its end marker" in answer.err


def test_a_hostile_configuration_reaches_no_terminal(archive: Program) -> None:
    _store(archive, HOSTILE, minutes=180)

    shown = archive.ok("backup", "show", "core-1")
    compared = archive.ok("backup", "diff", "core-1")

    for answer in (shown, compared):
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(answer.text)
        assert "\\x1b[2J" in answer.out


def test_a_device_alone_is_compared_with_its_version_before(archive: Program) -> None:
    answer = archive.ok("backup", "diff", "core-1")

    lines = answer.out.splitlines()
    assert lines[0].startswith("--- core-1@1")
    assert lines[1].startswith("+++ core-1@2")
    assert "- description old" in lines
    assert "+ description new" in lines
    assert sum(line.startswith("-username ana secret 0 ‹secret:") for line in lines) == 1
    assert sum(line.startswith("+username ana secret 0 ‹secret:") for line in lines) == 1
    assert SECRET not in answer.text


def test_any_two_versions_are_compared(archive: Program) -> None:
    told = archive.json("backup", "diff", "core-1@2", "core-1@quarantined")

    assert (told["a"]["version"], told["b"]["version"]) == (2, 3)
    assert told["identical"] is False
    assert (told["added"], told["removed"]) == (1, 4)


def test_lines_that_change_by_themselves_are_shown_when_asked_for(program: Program) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    clock = "! Last configuration change at 15:53:31 UTC Wed Apr 15 2026 by jdoe\n"
    _store(program, clock + FIRST)
    _store(program, clock.replace("15:53", "16:02") + FIRST, minutes=60)

    short = program.ok("backup", "diff", "core-1")
    whole = program.json("backup", "diff", "core-1", "--volatile")

    assert "differ only in lines that change by themselves" in short.out
    assert (whole["identical"], whole["added"], whole["removed"]) == (False, 1, 1)


def test_a_version_compared_with_itself_is_the_same(archive: Program) -> None:
    assert "the same, byte for byte" in archive.ok("backup", "diff", "core-1@1", "core-1@1").out


def test_one_version_cannot_be_compared_yet(program: Program) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    none_yet = program.run("backup", "diff", "core-1")
    _store(program, FIRST)
    one = program.run("backup", "diff", "core-1")

    assert (none_yet.exit_code, one.exit_code) == (NOT_FOUND, NOT_FOUND)
    assert "netraven backup run core-1" in none_yet.err
    assert "nothing to compare it with yet" in one.err


def test_what_an_unknown_platform_wrote_is_not_shown(archive: Program) -> None:
    with archive.unit() as db:
        for backup in db.scalars(select(Backup)):
            backup.device_type = "long_gone"

    shown = archive.ok("backup", "show", "core-1@1")
    compared = archive.ok("backup", "diff", "core-1@1", "core-1@2")

    assert set(shown.out.splitlines()) == {"‹hidden›"}
    assert "or in what is not shown" in compared.out


def test_a_quarantined_version_is_accepted_with_a_reason(archive: Program) -> None:
    without = archive.run("backup", "accept", "core-1")
    blank = archive.run("backup", "accept", "core-1", "--reason", " ")

    told = archive.json("backup", "accept", "core-1", "--reason", "CHG-8812")

    assert (without.exit_code, blank.exit_code) == (USAGE, USAGE)
    assert (told["version"], told["status"]) == (3, "completed")
    assert archive.json("backup", "show", "core-1")["backup"]["version"] == 3
    assert [event.changes["reason"] for event in _events(archive, "backup_accepted")] == [
        "CHG-8812"
    ]
    again = archive.run("backup", "accept", "core-1@3", "--reason", "again")
    assert again.exit_code == CONFLICT


def test_a_pinned_version_is_protected_until_it_is_unpinned(archive: Program) -> None:
    archive.ok("backup", "pin", "core-1@1")

    refused = archive.run("backup", "delete", "core-1@1", "--yes")
    device = archive.run("device", "delete", "core-1", "--yes")
    archive.ok("backup", "unpin", "core-1@1")
    archive.ok("backup", "delete", "core-1@1", "--yes")

    assert (refused.exit_code, device.exit_code) == (CONFLICT, CONFLICT)
    assert "pinned" in refused.err
    assert archive.run("backup", "show", "core-1@1").exit_code == NOT_FOUND
    assert archive.json("backup", "show", "core-1@2")["backup"]["version"] == 2


def test_deleting_asks_first(archive: Program) -> None:
    answer = archive.run("backup", "delete", "core-1@1")

    assert answer.exit_code == USAGE
    assert archive.json("backup", "list")["total"] == 3


def _store(
    program: Program,
    content: str,
    *,
    minutes: int = 0,
    status: BackupStatus = BackupStatus.COMPLETED,
) -> None:
    device_id = program.json("device", "show", "core-1")["id"]
    evidence: dict[str, JsonValue] | None
    evidence = {"doubts": ["end_missing"]} if status is BackupStatus.QUARANTINED else None
    create = BackupCreate(device_id=device_id, status=status, evidence=evidence)
    with program.unit() as db:
        store_backup(db, create, content=content, now=NOON + timedelta(minutes=minutes))


def _events(program: Program, name: str) -> list[AuditEvent]:
    with program.unit() as db:
        return list(db.scalars(select(AuditEvent).where(AuditEvent.event_name == name)))
