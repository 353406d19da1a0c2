"""The database's schema over an upgrade of NetRaven: kept, copied, brought up, refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from netraven.db.schema import head_revision
from netraven.errors import ExitCode
from tests.cli.conftest import Program
from tests.cli.mounts import small_disk
from tests.cli.release import Release


@pytest.fixture(scope="session")
def later(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Return a later release of this program."""
    return Release.made_in(tmp_path_factory.mktemp("release"))


def asked(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def copy_of(program: Program) -> Path:
    return program.database.with_name(f"{program.database.name}.before-upgrade")


def test_present_schema_is_told_and_left_alone(program: Program) -> None:
    current = program.json("db", "current")
    upgraded = program.json("db", "upgrade")
    told = program.ok("db", "upgrade")

    head = head_revision()
    assert current == {"schema": head, "needed": head, "is_current": True}
    assert upgraded == {"before": head, "schema": head, "copy": None}
    assert "nothing was changed" in told.out
    assert not copy_of(program).exists()


def test_first_command_of_a_later_release_upgrades_and_keeps_a_copy(
    program: Program, later: Release
) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")

    listed = later.run("device", "list", home=program.home)
    again = later.run("device", "list", home=program.home)

    assert (listed.exit_code, "core-1" in listed.out) == (0, True), listed.text
    assert f"from schema {head_revision()} to {later.schema}" in " ".join(listed.err.split())
    assert again.err == ""
    assert asked(program.database, "SELECT version_num FROM alembic_version") == [("9001",)]
    assert asked(program.database, "SELECT count(*) FROM device_tags") == [(1,)]
    copy = copy_of(program)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert asked(copy, "SELECT version_num FROM alembic_version") == [(head_revision(),)]
    assert asked(copy, "SELECT hostname FROM devices") == [("core-1",)]
    assert asked(copy, "PRAGMA quick_check") == [("ok",)]


def test_copy_can_be_put_back(program: Program, later: Release) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    later.run("db", "upgrade", home=program.home)

    for beside in program.home.glob(f"{program.database.name}-*"):
        beside.unlink()
    copy_of(program).replace(program.database)

    assert program.json("device", "list")["total"] == 1


def test_only_the_last_copy_is_kept(program: Program, later: Release) -> None:
    copy_of(program).write_bytes(b"from the upgrade before")

    upgraded = later.run("db", "upgrade", home=program.home)

    assert upgraded.exit_code == 0, upgraded.text
    assert [path.name for path in program.home.glob("*.before-upgrade*")] == [copy_of(program).name]
    assert asked(copy_of(program), "PRAGMA quick_check") == [("ok",)]


def test_newer_database_is_refused_by_name(program: Program, later: Release) -> None:
    later.run("db", "upgrade", home=program.home)

    refused = [program.run(*words) for words in (["device", "list"], ["init"], ["db", "upgrade"])]

    sentence = "the database's schema 9001 is newer than this program, which knows up to"
    for answer in refused:
        assert answer.exit_code == ExitCode.STORAGE
        assert f"{sentence} {head_revision()}" in " ".join(answer.err.split())


def test_disk_that_cannot_hold_the_copy_leaves_all_as_it_was(
    program: Program, later: Release
) -> None:
    with small_disk(program.home, free_kib=100) as inside:
        words = [f"PYTHONPATH={later.folder}", f"NETRAVEN_HOME={program.home}"]
        answer = inside.shell("env", *words, *later.command("device", "list"))
        left = inside.shell("ls", program.home).out

    assert answer.exit_code == ExitCode.STORAGE
    told = " ".join(answer.err.split())
    assert "the disk cannot hold a copy of" in told
    assert "nothing was changed; free some space beside it and retry" in told
    assert "before-upgrade" not in left
    assert program.json("db", "current")["is_current"]


def test_postgresql_is_upgraded_by_order_only(
    fresh: Program, later: Release, postgres_database: str
) -> None:
    fresh.set(NETRAVEN_DATABASE_URL=postgres_database)
    fresh.ok("init")

    refused = later.run("device", "list", home=fresh.home)
    upgraded = later.run("db", "upgrade", "--json", home=fresh.home)
    listed = later.run("device", "list", home=fresh.home)

    assert refused.exit_code == ExitCode.STORAGE
    assert "run `netraven db upgrade`" in " ".join(refused.err.split())
    assert upgraded.json == {"before": head_revision(), "schema": "9001", "copy": None}
    assert listed.exit_code == 0, listed.text


def test_database_that_is_whole_is_told(program: Program) -> None:
    told = program.json("db", "check")

    assert told == {"schema": head_revision(), "differences": [], "damage": []}
    assert "whole" in program.ok("db", "check").out


def test_changed_tables_are_told(program: Program) -> None:
    asked(program.database, "CREATE TABLE guests (name TEXT)")

    answer = program.run("db", "check")

    assert answer.exit_code == ExitCode.STORAGE
    assert "remove table guests" in answer.out


def test_lost_rows_are_told(program: Program) -> None:
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios")
    with closing(sqlite3.connect(program.database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM devices")

    answer = program.run("db", "check", "--json")

    assert answer.exit_code == ExitCode.CORRUPT
    assert "of device_tags refers to a row of devices that is gone" in answer.json["damage"][0]


@pytest.mark.parametrize("verb", ["current", "upgrade", "check"])
def test_without_a_database_init_is_named(fresh: Program, verb: str) -> None:
    answer = fresh.run("db", verb)

    assert answer.exit_code == ExitCode.STORAGE
    assert "run `netraven init`" in " ".join(answer.err.split())
