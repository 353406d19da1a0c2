"""Whether anybody wrote to a database since the last look."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from netraven.db import make_engine
from netraven.db.changes import Changes
from netraven.errors import StorageFailed
from tests.conftest import Database

_WRITE = text("UPDATE alembic_version SET version_num = version_num")


def test_sqlite_tells_of_each_commit_of_others_once(sqlite_database: Database) -> None:
    changes = Changes(sqlite_database.sessions.kw["bind"])
    first, quiet = changes.since_last(), changes.since_last()

    with sqlite_database.unit() as db:
        db.execute(_WRITE)
        during = changes.since_last()
    after, again = changes.since_last(), changes.since_last()
    changes.close()

    assert (first, quiet, during, after, again) == (True, False, False, True, False)


def test_reading_changes_nothing(sqlite_database: Database) -> None:
    changes = Changes(sqlite_database.sessions.kw["bind"])
    changes.since_last()

    with sqlite_database.unit() as db:
        db.execute(text("SELECT version_num FROM alembic_version"))
    told = changes.since_last()
    changes.close()

    assert not told


def test_postgresql_may_always_have_changed(sync_database: Database) -> None:
    if sync_database.url.startswith("sqlite"):
        pytest.skip("SQLite knows")
    changes = Changes(sync_database.sessions.kw["bind"])

    assert changes.since_last()
    assert changes.since_last()


def test_closed_one_says_that_there_may_be_changes(sqlite_database: Database) -> None:
    changes = Changes(sqlite_database.sessions.kw["bind"])
    changes.since_last()

    changes.close()

    assert changes.since_last()


def test_file_that_cannot_be_opened_is_a_failure_of_storage(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'absent' / 'netraven.sqlite3'}")

    with pytest.raises(StorageFailed, match="cannot be opened"):
        Changes(engine).since_last()
