"""A database is brought to this program's schema, or refused in one sentence."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, text

from netraven.db import make_engine
from netraven.db.schema import (
    downgrade_schema,
    head_revision,
    require_schema,
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
