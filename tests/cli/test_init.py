"""`netraven init`: once, privately, and never over a key that is there."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, select

from netraven.admin.bearer import bearer_hash
from netraven.db import KeyRing
from netraven.db.schema import downgrade_schema, head_revision
from netraven.models import KeyCanary, SetupToken, Tag
from tests.cli.conftest import Program

STORAGE, KEY, USAGE = 7, 6, 2


def test_home_key_ring_and_database_are_for_their_owner_only(fresh: Program) -> None:
    before = os.umask(0)
    try:
        fresh.ok("init")
    finally:
        os.umask(before)

    modes = {path.name: _mode(path) for path in fresh.home.iterdir()}
    assert _mode(fresh.home) == 0o700
    assert modes == {"keyring": 0o600, "netraven.sqlite3": 0o600}


def test_it_says_that_without_the_key_all_is_lost(fresh: Program) -> None:
    answer = fresh.ok("init")

    assert "without it every backup and every credential is lost" in answer.out


def test_the_set_up_token_stands_alone_so_that_it_is_copied_whole(fresh: Program) -> None:
    lines = fresh.ok("init").out.splitlines()

    (line,) = [line for line in lines if "nri_" in line]
    assert re.fullmatch(r"Set-up token +nri_\S+", line)


def test_canary_and_default_tag_are_made(fresh: Program) -> None:
    fresh.ok("init")

    with fresh.unit() as db:
        assert len(db.scalars(select(KeyCanary)).all()) == 1
        assert [tag.name for tag in db.scalars(select(Tag).where(Tag.is_default))] == ["default"]


def test_a_second_run_says_what_is_there_and_changes_nothing(fresh: Program) -> None:
    first = fresh.json("init")
    before = {path.name: path.read_bytes() for path in fresh.home.iterdir()}

    answer = fresh.ok("init")
    second = fresh.json("init")

    assert "nothing was changed" in answer.out
    assert first["database_state"] == first["keyring_state"] == "created"
    same = {"database_state": "present", "keyring_state": "present", "setup_token": None}
    assert second == first | same
    assert {path.name: path.read_bytes() for path in fresh.home.iterdir()} == before


def test_a_set_up_token_is_made_once_and_another_where_it_is_asked_for(fresh: Program) -> None:
    first = fresh.json("init")["setup_token"]
    again = fresh.json("init")["setup_token"]
    renewed = fresh.json("init", "--setup-token")["setup_token"]

    assert first.startswith("nri_")
    assert again is None
    assert renewed.startswith("nri_")
    with fresh.unit() as db:
        kept = db.scalars(select(SetupToken.secret_hash)).all()
    assert kept == [bearer_hash(renewed)]


def test_where_there_are_users_there_is_no_set_up_token(fresh: Program) -> None:
    fresh.ok("init")
    fresh.ok(
        *("user", "add", "ana", "--email", "ana@example.com", "--password-stdin"),
        stdin="Correct-horse-7\n",
    )

    assert fresh.json("init", "--setup-token")["setup_token"] is None


def test_a_key_ring_from_the_environment_makes_no_file(fresh: Program) -> None:
    ring = KeyRing.generate()
    fresh.set(NETRAVEN_KEYRING=ring.to_text())

    told = fresh.json("init")

    assert told["keyring"] == "NETRAVEN_KEYRING"
    assert told["key_id"] == ring.active.key_id
    assert not (fresh.home / "keyring").exists()


def test_an_older_schema_is_brought_up_to_date(program: Program) -> None:
    downgrade_schema(f"sqlite:///{program.database}")
    refused = program.run("device", "list")

    told = program.json("init")

    assert refused.exit_code == STORAGE
    assert "run `netraven init`" in refused.err
    assert told["schema"] == head_revision()
    assert told["keyring_state"] == "present"
    program.ok("device", "list")


def test_a_lost_key_ring_is_not_replaced_by_a_new_one(program: Program) -> None:
    (program.home / "keyring").unlink()

    answer = program.run("init")

    assert answer.exit_code == KEY
    assert "put back the copy of the key ring" in answer.err
    assert not (program.home / "keyring").exists()


def test_an_unreadable_key_ring_is_left_as_it_is(program: Program) -> None:
    (program.home / "keyring").write_text("1 active c2hvcnQ=\n")

    answer = program.run("init")

    assert answer.exit_code == KEY
    assert "has 5 bytes instead of 32" in answer.err
    assert "c2hvcnQ" not in answer.text
    assert (program.home / "keyring").read_text() == "1 active c2hvcnQ=\n"


def test_no_key_leaves_a_trace_where_the_database_cannot_be_made(fresh: Program) -> None:
    fresh.home.mkdir()
    fresh.database.mkdir()

    answer = fresh.run("init")

    assert answer.exit_code == STORAGE
    assert answer.err.count("\n") == 1
    assert not (fresh.home / "keyring").exists()


def test_on_postgresql_the_home_keeps_the_key_only(fresh: Program, postgres_database: str) -> None:
    fresh.set(NETRAVEN_DATABASE_URL=postgres_database)

    told = fresh.json("init")
    again = fresh.json("init")

    assert told["database_state"] == "created"
    assert again["database_state"] == "present"
    assert [path.name for path in fresh.home.iterdir()] == ["keyring"]
    assert fresh.json("device", "list") == {"items": [], "total": 0}


def test_a_database_of_something_else_is_refused(fresh: Program) -> None:
    fresh.home.mkdir()
    engine = create_engine(f"sqlite:///{fresh.database}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE songs (title text)")

    answer = fresh.run("init")

    assert answer.exit_code == STORAGE
    assert "tables that are not NetRaven's" in answer.err
    assert not (fresh.home / "keyring").exists()


def test_a_wrong_database_address_is_told_without_its_password(fresh: Program) -> None:
    fresh.set(NETRAVEN_DATABASE_URL="mysql://ana:hunter2@db/netraven")

    answer = fresh.run("init")

    assert answer.exit_code == USAGE
    assert "mysql is not supported" in answer.err
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("command", [("device", "list"), ("verify",), ("backup", "run", "--all")])
def test_before_init_every_command_says_so_and_makes_nothing(
    fresh: Program, command: tuple[str, ...]
) -> None:
    answer = fresh.run(*command)

    assert answer.exit_code == STORAGE
    assert "run `netraven init`" in answer.err
    assert not fresh.home.exists()


def test_a_moved_home_works_where_it_is_now(program: Program, tmp_path: Path) -> None:
    shutil.move(program.home, tmp_path / "elsewhere")
    program.set(NETRAVEN_HOME=str(tmp_path / "elsewhere"))

    program.ok("device", "list")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
