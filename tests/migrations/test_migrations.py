"""One chain of migrations leads from an empty database to exactly the models, and back.

Acceptance check 40 of the data contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, delete, func, insert, inspect, select

from netraven.db import Base, make_engine, make_sessions, new_id, unit_of_work
from netraven.db import migrations as chain
from netraven.db.enums import BackupStatus, LinkSource
from netraven.db.schema import (
    current_revision,
    downgrade_schema,
    head_revision,
    upgrade_schema,
)
from netraven.errors import Invalid
from netraven.models import Backup, BackupChange, Device, DeviceTag

VERSION_TABLE = "alembic_version"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Engine:
    return make_engine(database_url, pool=NullPool)


def picture(engine: Engine) -> dict[str, dict[str, object]]:
    """Return all that the database tells of its tables, in an order of its own."""
    with engine.connect() as connection:
        look = inspect(connection)
        told: dict[str, Mapping[Any, Any]] = {
            "primary key": look.get_multi_pk_constraint(),
            "foreign keys": look.get_multi_foreign_keys(),
            "unique": look.get_multi_unique_constraints(),
            "checks": look.get_multi_check_constraints(),
            "indexes": look.get_multi_indexes(),
        }
        columns = look.get_multi_columns()
    return {
        table: {"columns": [_column(column) for column in columns[None, table]]}
        | {kind: _sorted(rules[None, table]) for kind, rules in told.items()}
        for _, table in columns
        if table != VERSION_TABLE
    }


def _column(column: Mapping[str, Any]) -> tuple[object, ...]:
    return column["name"], repr(column["type"]), column["nullable"], column["default"]


def _sorted(rules: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[str]:
    each = [rules] if isinstance(rules, Mapping) else rules
    return sorted(repr(sorted((key, _in_words(value)) for key, value in r.items())) for r in each)


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return repr(sorted((key, str(each)) for key, each in value.items()))
    return repr(value)


def test_acceptance_40_migrated_database_equals_the_models(
    database_url: str, engine: Engine
) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    migrated = picture(engine)

    # What comparing leaves out: checks, actions of foreign keys, names of all of them.
    downgrade_schema(database_url)
    Base.metadata.create_all(engine)

    assert migrated == picture(engine)


def test_acceptance_40_head_to_base_to_head_runs(database_url: str, engine: Engine) -> None:
    before = picture(engine)

    assert downgrade_schema(database_url) == head_revision()
    emptied = picture(engine)
    assert upgrade_schema(database_url) is None

    assert emptied == {}
    assert picture(engine) == before


def test_acceptance_40_each_step_can_be_taken_back(database_url: str, engine: Engine) -> None:
    scripts = ScriptDirectory(str(Path(chain.__path__[0]))).walk_revisions()
    revisions = ["base", *reversed([script.revision for script in scripts])]
    downgrade_schema(database_url)

    for earlier, later in pairwise(revisions):
        before = picture(engine)
        upgrade_schema(database_url, revision=later)
        after = picture(engine)
        downgrade_schema(database_url, revision=earlier)
        taken_back = picture(engine)
        upgrade_schema(database_url, revision=later)

        assert taken_back == before
        assert picture(engine) == after


def test_acceptance_40_foreign_keys_hold(database_url: str) -> None:
    sessions = make_sessions(database_url, None, pool=NullPool)

    with pytest.raises(Invalid), unit_of_work(sessions) as db:
        db.add(DeviceTag(device_id=new_id(), tag_id=new_id(), source=LinkSource.MANUAL))

    with unit_of_work(sessions) as db:
        assert db.scalar(select(func.count()).select_from(DeviceTag)) == 0


def test_marks_of_changes_get_from_versions_what_stories_tell(database_url: str) -> None:
    sessions = make_sessions(database_url, None, pool=NullPool)
    device = Device(
        id=new_id(), hostname="a", hostname_key="a", ip_address="10.0.0.1", device_type="frr"
    )
    told: dict[str, Any] = {
        "device_id": device.id,
        "config_type": "running",
        "device_type": "cisco_ios",
        "version": 7,
        "author": "ana",
    }
    backup = Backup(
        id=new_id(), status=BackupStatus.COMPLETED, created_at=NOON, last_seen_at=NOON, **told
    )
    mark = {"backup_id": backup.id, "at": NOON, "shape": b"s" * 16, "exact": b"e" * 16}
    with unit_of_work(sessions) as db:
        db.add(device)
        db.flush()
        db.add(backup)
        db.flush()
        db.execute(insert(BackupChange).values(**mark, added=2, removed=1, **told))

    downgrade_schema(database_url, revision="0007")
    upgrade_schema(database_url)

    with unit_of_work(sessions) as db:
        (row,) = db.execute(select(BackupChange.__table__)).mappings()
        assert dict(row) == {**mark, "added": 2, "removed": 1, **told}
        db.execute(delete(Backup))
        assert db.scalar(select(func.count()).select_from(BackupChange)) == 0


def test_the_chain_is_told_by_its_files_as_alembic_tells_it(database_url: str) -> None:
    scripts = ScriptDirectory(str(Path(chain.__path__[0])))

    assert scripts.get_heads() == [head_revision()]
    assert current_revision(database_url) == head_revision()
