"""A database is brought to this program's schema, or refused in one sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import NullPool, text

from netraven.db import make_engine
from netraven.db.facts import database_damage
from netraven.db.schema import (
    bring_schema,
    current_revision,
    downgrade_schema,
    head_revision,
    require_schema,
    schema_differences,
    upgrade_schema,
)
from netraven.errors import SchemaMismatch


def test_newer_schema_is_refused_by_name(database_url: str) -> None:
    engine = make_engine(database_url, pool=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaMismatch, match="9999 is newer than this program") as refused:
        require_schema(database_url)

    assert head_revision() in str(refused.value)


def test_foreign_tables_are_refused(database_url: str) -> None:
    downgrade_schema(database_url)
    engine = make_engine(database_url, pool=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(text("CREATE TABLE guests (name TEXT)"))

    with pytest.raises(SchemaMismatch, match="not NetRaven's"):
        upgrade_schema(database_url)


def test_programs_that_begin_at_once_make_one_schema(database_url: str) -> None:
    downgrade_schema(database_url)
    together = Barrier(3)

    def begin(_number: int) -> str | None:
        together.wait()
        return upgrade_schema(database_url)

    with ThreadPoolExecutor(3) as programs:
        before = list(programs.map(begin, range(3)))

    assert before.count(None) == 1
    assert before.count(head_revision()) == 2
    assert current_revision(database_url) == head_revision()


def test_schema_of_this_program_is_left_alone_at_the_start(database_url: str) -> None:
    assert bring_schema(database_url) is None
    assert schema_differences(database_url) == []
    assert database_damage(database_url) == []


def test_empty_database_is_not_filled_at_the_start(database_url: str) -> None:
    downgrade_schema(database_url)

    with pytest.raises(SchemaMismatch, match="run `netraven init`"):
        bring_schema(database_url)


def test_what_sets_tables_apart_is_told(database_url: str) -> None:
    with make_engine(database_url, pool=NullPool).begin() as connection:
        connection.execute(text("DROP INDEX ix_devices_site"))
        connection.execute(text("CREATE TABLE guests (name TEXT)"))

    told = schema_differences(database_url)

    assert sorted(told) == ["add index ix_devices_site", "remove table guests"]
