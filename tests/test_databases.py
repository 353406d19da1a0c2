"""A database that tests get one after another is always as if it were new."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, text

from netraven.db import make_engine, make_sessions, new_id, unit_of_work
from netraven.models import Tag
from tests.databases import MOST_ROWS_REMOVED, EmptiedDatabase


@pytest.fixture
def lent(postgres_server: str, postgres_template: str) -> Iterator[EmptiedDatabase]:
    database = EmptiedDatabase(postgres_server, postgres_template)
    yield database
    database.drop()


def tags_in(url: str) -> int | None:
    with make_engine(url, pool=NullPool).connect() as connection:
        count: int | None = connection.scalar(text("SELECT count(*) FROM tags"))
        return count


def add_tags(url: str, number: int) -> None:
    names = [f"tag-{each}" for each in range(number)]
    with unit_of_work(make_sessions(url, None, pool=NullPool)) as db:
        db.add_all(Tag(id=new_id(), name=name, name_key=name) for name in names)


def test_what_one_test_stored_the_next_does_not_see(lent: EmptiedDatabase) -> None:
    first = lent.lend()
    add_tags(first, 1)

    lent.take_back()

    assert lent.lend() == first
    assert tags_in(first) == 0


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE guests (name TEXT)",
        "DROP TABLE tags CASCADE",
        "ALTER TABLE tags ADD COLUMN guest TEXT",
        "ALTER TABLE devices DROP CONSTRAINT pk_devices CASCADE",
        "UPDATE alembic_version SET version_num = '9999'",
    ],
)
def test_changed_schema_is_not_lent_again(lent: EmptiedDatabase, change: str) -> None:
    first = lent.lend()
    with make_engine(first, pool=NullPool).begin() as connection:
        connection.execute(text(change))

    lent.take_back()

    assert lent.lend() != first
    assert tags_in(lent.lend()) == 0


def test_transaction_left_open_holds_nobody_up(lent: EmptiedDatabase) -> None:
    first = lent.lend()
    with make_engine(first, pool=NullPool).connect() as left_open:
        left_open.execute(text("LOCK TABLE tags"))

        lent.take_back()

        left_open.invalidate()
    assert lent.lend() == first


def test_much_used_database_is_made_anew(lent: EmptiedDatabase) -> None:
    first = lent.lend()
    add_tags(first, MOST_ROWS_REMOVED + 1)

    lent.take_back()

    assert lent.lend() != first
