"""`netraven verify`: every stored byte is read again, and what does not fit is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from netraven.archive.storing import store_backup
from netraven.db.enums import BackupStatus
from netraven.schemas.backup import BackupCreate
from tests.cli.conftest import Program

USAGE, NOT_FOUND, CORRUPT = 2, 3, 5
VERSIONS = 4


@pytest.fixture
def archive(program: Program) -> Program:
    """Return the program with two devices of four versions each."""
    for number, name in enumerate(("core-1", "core-2"), start=1):
        program.ok("device", "add", name, f"192.0.2.{number}", "--platform", "cisco_ios")
        device_id = program.json("device", "show", name)["id"]
        with program.unit() as db:
            for version in range(VERSIONS):
                backup = BackupCreate(device_id=device_id, status=BackupStatus.COMPLETED)
                text = f"hostname {name}\nvlan {version}\nend\n"
                store_backup(db, backup, content=text)
    return program


def test_what_is_sound_is_said_to_be(archive: Program) -> None:
    told = archive.json("verify")
    shown = archive.ok("verify").out

    assert told == {
        "checked": 2 * VERSIONS,
        "corrupt": [],
        "unavailable": [],
        "histories": {"checked": 2, "made_anew": 0},
    }
    assert shown == "8 contents read; every one is exactly as it was stored.\n"


def test_a_flipped_bit_is_found_and_everything_else_is_read_on(archive: Program) -> None:
    damaged = _flip_a_bit(archive, "core-2@4")

    told = archive.run("verify", "--json")
    shown = archive.run("verify")
    of_other = archive.json("verify", "--device", "core-1")
    read = archive.run("backup", "show", "core-2@4")

    assert (told.exit_code, shown.exit_code, read.exit_code) == (CORRUPT, CORRUPT, CORRUPT)
    assert told.json["checked"] == 2 * VERSIONS
    assert {"id": damaged, "backup": "core-2@4"} in told.json["corrupt"]
    assert told.json["unavailable"] == []
    assert "core-2@4" in shown.out
    assert "fails its integrity check" in shown.out
    assert "Restore the database from a copy" in shown.out
    assert read.out == ""
    assert (of_other["checked"], of_other["corrupt"]) == (VERSIONS, [])


def test_a_share_reads_a_part(archive: Program) -> None:
    part = archive.json("verify", "--subset", "50%")["checked"]

    assert 0 <= part <= 2 * VERSIONS
    assert archive.json("verify", "--subset", "100")["checked"] == 2 * VERSIONS


@pytest.mark.parametrize("share", ["0%", "-5%", "101%", "half", "nan", ""])
def test_what_is_no_share_is_told(archive: Program, share: str) -> None:
    answer = archive.run("verify", f"--subset={share}")

    assert answer.exit_code == USAGE
    assert answer.err.endswith("is no share; write a percentage such as 5%\n")


def test_an_unknown_device_is_told(archive: Program) -> None:
    assert archive.run("verify", "--device", "no-such").exit_code == NOT_FOUND


def _flip_a_bit(program: Program, name: str) -> str:
    """Change one bit of the content behind a version; return the backup's id."""
    backup_id: str = program.json("backup", "show", name)["backup"]["id"]
    with closing(sqlite3.connect(program.database)) as database, database:
        found = database.execute(
            "SELECT contents.hash, contents.data FROM contents JOIN backups"
            " ON backups.content_hash = contents.hash JOIN devices"
            " ON devices.id = backups.device_id WHERE devices.hostname || '@' || version = ?",
            (name,),
        )
        content_hash, data = found.fetchone()
        flipped = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]
        database.execute("UPDATE contents SET data = ? WHERE hash = ?", (flipped, content_hash))
    return backup_id
