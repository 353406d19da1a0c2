"""The copy of a SQLite database from before an upgrade is whole, private, and the only one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from netraven.db.copies import copy_path, keep_copy
from netraven.errors import StorageFailed
from netraven.models import Tag
from tests.conftest import Database


def add_tag(database: Database, name: str) -> None:
    with database.unit() as db:
        db.add(Tag(name=name, name_key=name))


def tags_in(copy: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM tags ORDER BY name")]


def test_copy_has_what_is_committed_while_a_writer_holds_its_lock(
    sqlite_database: Database,
) -> None:
    add_tag(sqlite_database, "core")

    with sqlite_database.unit() as db:
        db.add(Tag(name="edge", name_key="edge"))
        db.flush()
        copy = keep_copy(sqlite_database.url)

    assert copy is not None
    assert tags_in(copy) == ["core"]
    assert copy.stat().st_mode & 0o777 == 0o600


def test_later_copy_takes_the_place_of_the_one_before(sqlite_database: Database) -> None:
    first = keep_copy(sqlite_database.url)
    add_tag(sqlite_database, "core")

    second = keep_copy(sqlite_database.url)

    assert first == second == copy_path(sqlite_database.url)
    assert second is not None
    assert tags_in(second) == ["core"]
    assert len(list(second.parent.glob("*upgrade*"))) == 1


def test_copy_before_stays_where_no_new_one_can_be_made(sqlite_database: Database) -> None:
    copy = keep_copy(sqlite_database.url)
    assert copy is not None
    copy.with_name(f"{copy.name}.partial").mkdir()
    kept = copy.read_bytes()

    with pytest.raises(StorageFailed, match="nothing was changed"):
        keep_copy(sqlite_database.url)

    assert copy.read_bytes() == kept


def test_damaged_database_is_not_copied(sqlite_database: Database) -> None:
    path = Path(sqlite_database.url.removeprefix("sqlite:///"))
    with sqlite_database.unit() as db:
        db.execute(text("SELECT 1"))
    path.write_bytes(b"no database at all" * 1000)

    with pytest.raises(StorageFailed, match="not a database"):
        keep_copy(sqlite_database.url)

    assert [each.name for each in path.parent.glob("*upgrade*")] == []


@pytest.mark.parametrize(
    "url", ["postgresql://netraven@db/netraven", "sqlite://", "sqlite:///:memory:"]
)
def test_other_databases_have_no_copy(url: str) -> None:
    assert copy_path(url) is None
    assert keep_copy(url) is None
