"""What is wrong around NetRaven gets one clear sentence, the right exit code, and costs nothing.

Wrong files are in test_device_import.py, wrong devices in test_bad_devices.py.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from netraven.db import KeyRing
from tests.cli.conftest import Answer, Program
from tests.cli.laboratory import served, spec
from tests.cli.mounts import read_only_disk, small_disk

USAGE, NOT_FOUND, KEY, STORAGE = 2, 3, 6, 7
NINES = "9" * 5000
COMMANDS = [
    ("device", "list"),
    ("device", "add", "core-9", "192.0.2.9", "--platform", "ios"),
    ("tag", "add", "wan"),
    ("credential", "list"),
    ("backup", "list"),
    ("backup", "run", "--all"),
    ("device", "test", "core-1"),
    ("run", "list"),
    ("verify",),
]


def told_once(answer: Answer, code: int, *words: str) -> None:
    """Assert one sentence on standard error, with the words, and the exit code."""
    assert answer.exit_code == code, answer.text
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("netraven: ")
    assert not {"Traceback", "unexpected"} & set(answer.err.split())
    for word in words:
        assert word in answer.err


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("backup", "show", f"core-1@{NINES}"), NOT_FOUND, "has no running version"),
        (("audit", "show", NINES), NOT_FOUND, "there is no event"),
        (("rule", "test", "--where", f"port equals {NINES}"), USAGE, "a whole number"),
        (
            ("credential", "update", "ops", "--tag", f"default:{NINES}"),
            USAGE,
            "is not a number",
        ),
    ],
    ids=["version", "event", "port", "priority"],
)
def test_a_number_that_nobody_can_read_is_none(
    program: Program, command: tuple[str, ...], code: int, words: str
) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "ios")
    program.ok("credential", "add", "ops", "--username", "ops", "--password-stdin", stdin="x\n")

    answer = program.run(*command)

    told_once(answer, code, words)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_the_key_ring_nothing_is_done(program: Program, command: tuple[str, ...]) -> None:
    (program.home / "keyring").unlink()
    before = program.database.read_bytes()

    answer = program.run(*command)

    told_once(answer, KEY, "there is no key ring at", "put your copy back there")
    assert program.database.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_with_another_key_ring_nothing_is_done(program: Program, command: tuple[str, ...]) -> None:
    other = KeyRing.generate()
    (program.home / "keyring").write_text(other.to_text())
    before = program.database.read_bytes()

    answer = program.run(*command)

    told_once(answer, KEY, "sealed with the key", other.active.key_id)
    assert program.database.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "needs exactly one active key"),
        ("hello", "entry 1 is not `version state base64-key`"),
        ("1 active !!!", "entry 1 is not"),
        ("\xff\xfe", "is not a key ring"),
    ],
)
def test_a_damaged_key_ring_is_told_without_its_content(
    program: Program, content: str, words: str
) -> None:
    (program.home / "keyring").write_bytes(content.encode("latin-1"))

    answer = program.run("device", "list")

    told_once(answer, KEY, words)


def test_a_wrong_key_ring_in_the_environment_is_told_without_its_content(
    program: Program,
) -> None:
    program.set(NETRAVEN_KEYRING="1 active c2VjcmV0LWJ1dC1zaG9ydA==")

    answer = program.run("device", "list")

    told_once(answer, KEY, "NETRAVEN_KEYRING is not a usable key ring")
    assert "c2Vj" not in answer.text


def test_a_newer_database_is_left_alone(program: Program) -> None:
    with closing(sqlite3.connect(program.database)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = program.database.read_bytes()

    answers = [program.run("init"), program.run("device", "list")]

    for answer in answers:
        told_once(answer, STORAGE, "9999 is newer than this program", "install a newer NetRaven")
    assert program.database.read_bytes() == before


def test_a_file_that_is_no_database_is_told(program: Program) -> None:
    program.database.write_bytes(b"not a database, but long enough to look into" * 100)

    told_once(program.run("device", "list"), STORAGE, "is not a SQLite database")


@pytest.mark.long
def test_a_locked_database_is_waited_for_and_then_told(program: Program) -> None:
    with closing(sqlite3.connect(program.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reading = program.run("device", "list")
        writing = program.run("tag", "add", "wan")

    assert reading.exit_code == 0
    told_once(writing, STORAGE, "another process holds the database's lock")
    assert program.json("tag", "list")["total"] == 1


def test_a_full_disk_is_told_and_leaves_no_half(program: Program, tmp_path: Path) -> None:
    lines = "".join(f"sw{n},10.0.{n >> 8}.{n & 255},ios\n" for n in range(20_000))
    file = tmp_path / "many.csv"
    file.write_text(f"hostname,ip_address,device_type\n{lines}")

    with small_disk(program.home, free_kib=2048) as inside:
        answer = inside.run("device", "import", file)
        after = inside.run("device", "list", "--json")

    told_once(answer, STORAGE, "the disk is full", "free some space")
    assert after.json["total"] == 0


@pytest.mark.long
def test_a_disk_that_fills_up_during_a_run_costs_nothing_that_was_stored(
    program: Program,
) -> None:
    devices = [spec(f"core-{number}", size_bytes=400_000) for number in range(8)]

    with served(program, *devices):
        before = program.json("backup", "run", "core-0", "core-1")
        with small_disk(program.home, free_kib=160) as inside:
            answer = inside.run("backup", "run", "--all")
            doctor = inside.run("doctor", "--json")
            verified = inside.run("verify", "--json")
            listed = inside.run("backup", "list", "--status", "completed", "--json")
            runs = inside.run("run", "list", "--json").json["items"]

    assert before["run"]["new_versions"] == 2
    told_once(answer, STORAGE, "the disk is full", "free some space")
    assert [run["status"] for run in runs] == ["failed", "succeeded"]
    assert doctor.exit_code == STORAGE
    assert _states(doctor.json)["disk space"] == "error"
    assert verified.json["corrupt"] == []
    kept = {(row["device"]["hostname"], row["version"]) for row in listed.json["items"]}
    assert kept >= {("core-0", 1), ("core-1", 1)}
    assert verified.json["checked"] == len(kept)


def test_a_disk_that_is_full_from_the_start_gets_no_half_of_a_key(fresh: Program) -> None:
    with small_disk(fresh.home, free_kib=4) as inside:
        answer = inside.run("init")
        left = inside.shell("find", fresh.home, "-type", "f", "-size", "+0")

    told_once(answer, STORAGE, "the disk is full")
    assert left.out == ""


@pytest.mark.parametrize("command", [("tag", "add", "wan"), ("device", "delete", "core-1", "-y")])
def test_a_read_only_home_is_told(program: Program, command: tuple[str, ...]) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "ios")

    with read_only_disk(program.home) as inside:
        answer = inside.run(*command)

    told_once(answer, STORAGE, "read-only")
    assert program.json("device", "list")["total"] == 1


def test_a_home_that_cannot_be_made_is_told(fresh: Program) -> None:
    with read_only_disk(fresh.home.parent) as inside:
        answer = inside.run("init")

    told_once(answer, STORAGE, str(fresh.home), "read-only")


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgresql://ana:hunter2@127.0.0.1:1/netraven", STORAGE, "Connection refused"),
        ("postgresql://ana:hunter2@no-such.invalid/netraven", STORAGE, "no-such.invalid"),
        ("nonsense", USAGE, "not a database URL"),
        ("oracle://ana:hunter2@db/netraven", USAGE, "oracle is not supported"),
    ],
)
def test_a_database_that_is_not_there_is_told_without_its_password(
    program: Program, url: str, code: int, words: str
) -> None:
    program.set(NETRAVEN_DATABASE_URL=url)

    answer = program.run("device", "list")

    told_once(answer, code, words)
    assert "hunter2" not in answer.text


def test_a_postgresql_database_without_tables_is_told(
    program: Program, postgres_database: str
) -> None:
    program.set(NETRAVEN_DATABASE_URL=postgres_database)

    told_once(program.run("device", "list"), STORAGE, "run `netraven init`")


def test_doctor_names_each_of_these(program: Program) -> None:
    program.home.chmod(0o755)
    (program.home / "keyring").chmod(0o644)
    with_wrong_rights = program.json("doctor")
    (program.home / "keyring").write_text(KeyRing.generate().to_text())
    with_wrong_key = program.run("doctor", "--json")
    (program.home / "keyring").unlink()
    without_key = program.run("doctor", "--json")
    program.database.unlink()
    without_database = program.run("doctor", "--json")

    assert _states(with_wrong_rights)["home"] == "warning"
    assert _states(with_wrong_rights)["key ring"] == "warning"
    assert with_wrong_rights["healthy"]
    assert (with_wrong_key.exit_code, without_key.exit_code) == (KEY, KEY)
    assert _states(with_wrong_key.json)["key"] == "error"
    assert _states(without_key.json)["key ring"] == "error"
    assert _states(without_database.json)["database"] == "error"
    assert "init" in str(without_database.json["checks"])


def test_doctor_speaks_even_where_the_settings_are_wrong(program: Program) -> None:
    program.set(NETRAVEN_LOG_LEVEL="loud")

    answer = program.run("doctor", "--json")

    assert answer.exit_code == USAGE
    assert [check["name"] for check in answer.json["checks"]] == ["settings"]
    assert "NETRAVEN_LOG_LEVEL" in answer.json["checks"][0]["finding"]


def _states(told: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["state"] for check in told["checks"]}
