"""The migrations lead from an empty database to exactly the models, and back."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import NullPool, inspect, text

from netraven.db import Base, make_engine
from netraven.db.schema import (
    downgrade_schema,
    head_revision,
    require_schema,
    upgrade_schema,
)
from netraven.errors import SchemaMismatch


def test_migrated_database_equals_the_models(database_url: str) -> None:
    engine = make_engine(database_url, pool=NullPool)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_schema_goes_down_and_up_again(database_url: str) -> None:
    engine = make_engine(database_url, pool=NullPool)

    downgrade_schema(database_url)
    emptied = set(inspect(engine).get_table_names()) - {"alembic_version"}
    upgrade_schema(database_url)

    assert emptied == set()
    assert set(inspect(engine).get_table_names()) - {"alembic_version"} == set(Base.metadata.tables)


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
