"""A JSON value that is edited in place is stored like a new one."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.db.enums import ValueType
from netraven.db.types import JsonValue
from netraven.models import AdminSetting
from tests.conftest import Database

EDITS: dict[str, tuple[Callable[[Any], object], JsonValue]] = {
    "set": (lambda value: value.__setitem__("new", 1), {"list": [1, {"deep": 2}], "new": 1}),
    "delete": (lambda value: value.__delitem__("list"), {}),
    "update": (lambda value: value.update(list=None), {"list": None}),
    "setdefault": (
        lambda value: value.setdefault("new", []).append(1),
        {"list": [1, {"deep": 2}], "new": [1]},
    ),
    "append": (lambda value: value["list"].append(3), {"list": [1, {"deep": 2}, 3]}),
    "extend": (lambda value: value["list"].__iadd__([3]), {"list": [1, {"deep": 2}, 3]}),
    "deep": (lambda value: value["list"][1].pop("deep"), {"list": [1, {}]}),
    "sort": (lambda value: value["list"].reverse(), {"list": [{"deep": 2}, 1]}),
}


def stored(database: Database, setting_id: UUID) -> JsonValue:
    with database.unit() as db:
        return db.scalars(select(AdminSetting.value).where(AdminSetting.id == setting_id)).one()


@pytest.fixture
def setting_id(database: Database) -> UUID:
    with database.unit() as db:
        row = AdminSetting(
            key="site.plan",
            value={"list": [1, {"deep": 2}]},
            value_type=ValueType.JSON,
            category="site",
        )
        db.add(row)
        db.flush()
        return row.id


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_at_any_depth_is_stored(database: Database, setting_id: UUID, edit: str) -> None:
    change, wanted = EDITS[edit]

    def edit_row(db: Session) -> None:
        row = db.scalars(select(AdminSetting)).one()
        change(row.value)

    # Nobody holds the row any more when the unit ends.
    database.run_body(edit_row)

    assert stored(database, setting_id) == wanted


def test_members_that_an_edit_brought_in_are_noticed_too(
    database: Database, setting_id: UUID
) -> None:
    with database.unit() as db:
        row = db.scalars(select(AdminSetting)).one()
        value = cast("Any", row.value)
        value["list"].append({"later": []})
        value["list"][2]["later"].append("seen")
        db.flush()
        value["list"][2]["later"].append("again")

    assert stored(database, setting_id) == {"list": [1, {"deep": 2}, {"later": ["seen", "again"]}]}


def test_a_new_value_is_noticed_from_its_assignment_on(
    database: Database, setting_id: UUID
) -> None:
    with database.unit() as db:
        row = db.scalars(select(AdminSetting)).one()
        row.value = [[1]]
        db.flush()
        cast("Any", row.value)[0].append(2)

    assert stored(database, setting_id) == [[1, 2]]


def test_reading_changes_nothing(database: Database, setting_id: UUID) -> None:
    with database.unit() as db:
        row = db.scalars(select(AdminSetting)).one()
        assert row.value == {"list": [1, {"deep": 2}]}
        assert json.loads(json.dumps(row.value)) == row.value
        assert not db.dirty

    assert stored(database, setting_id) == {"list": [1, {"deep": 2}]}


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
def test_a_copy_belongs_to_nobody(
    sqlite_database: Database, copied: Callable[[JsonValue], Any]
) -> None:
    with sqlite_database.unit() as db:
        row = AdminSetting(key="a.b", value={"a": 1}, value_type=ValueType.JSON, category="a")
        db.add(row)
        db.flush()

        another = copied(row.value)
        another["a"] = 2

        assert type(another) is dict
        assert row.value == {"a": 1}
        assert not db.dirty
