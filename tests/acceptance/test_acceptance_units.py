"""Acceptance checks 4 and 5 of the data contract: a unit's opener ends it, operations never do."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from netraven import crud
from netraven.crud import (
    acquire_device_lease,
    create_device,
    create_tag,
    delete_device,
    update_device,
)
from netraven.db import Base, unit_of_work
from netraven.errors import Conflict
from netraven.models import Device, Tag
from netraven.schemas.device import DeviceCreate, DeviceUpdate
from netraven.schemas.tag import TagCreate
from tests.conftest import Database

ENDINGS = {"commit", "rollback", "close"}
CORE = DeviceCreate(hostname="core-1", ip_address="192.0.2.1", device_type="cisco_ios")
EDGE = DeviceCreate(hostname="edge-1", ip_address="192.0.2.2", device_type="cisco_ios")
CORE_AGAIN = DeviceCreate(hostname="CORE-1", ip_address="192.0.2.3", device_type="cisco_ios")


def contents(database: Database) -> dict[str, list[Any]]:
    """Return all rows of all tables as another connection sees them."""

    def rows(db: Session, table: Table) -> list[Any]:
        return sorted(db.execute(select(table)).all(), key=repr)

    with unit_of_work(database.sessions, read_only=True) as db:
        return {table.name: rows(db, table) for table in Base.metadata.sorted_tables}


@pytest.mark.parametrize("name", crud.__all__)
def test_acceptance_04_no_body_ends_the_transaction(name: str) -> None:
    source = inspect.getsourcefile(inspect.unwrap(getattr(crud, name)))
    assert source is not None

    called = {
        node.func.attr
        for node in ast.walk(ast.parse(Path(source).read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }

    assert not called & ENDINGS


@pytest.mark.parametrize(
    "write",
    [
        lambda db, _: create_device(db, EDGE),
        lambda db, _: create_tag(db, TagCreate(name="core")),
        lambda db, device: update_device(db, device, DeviceUpdate(site="zurich")),
        delete_device,
        lambda db, device: acquire_device_lease(db, device, "me"),
    ],
    ids=["create_device", "create_tag", "update_device", "delete_device", "acquire_device_lease"],
)
def test_acceptance_04_nobody_sees_what_is_not_committed(
    database: Database, write: Callable[..., object]
) -> None:
    device_id = database.run(create_device, CORE).id
    before = contents(database)
    seen_meanwhile = []

    def in_unit(db: Session) -> None:
        write(db, device_id)
        seen_meanwhile.append(contents(database))

    database.run_body(in_unit)

    assert seen_meanwhile == [before]
    assert contents(database) != before


def test_acceptance_05_uncaught_error_undoes_the_whole_unit(database: Database) -> None:
    database.run(create_device, CORE)
    before = contents(database)

    def in_unit(db: Session) -> None:
        create_device(db, EDGE)
        create_tag(db, TagCreate(name="core"))
        create_device(db, CORE_AGAIN)

    with pytest.raises(Conflict) as refused:
        database.run_body(in_unit)

    assert refused.value.field == "hostname"
    assert contents(database) == before


def test_acceptance_05_caught_error_leaves_the_rest_of_the_unit(database: Database) -> None:
    held: list[Device] = []

    def in_unit(db: Session) -> None:
        held.append(create_device(db, CORE))
        with pytest.raises(Conflict, match="hostname"):
            create_device(db, CORE_AGAIN)
        assert held[0].hostname == "core-1"
        create_tag(db, TagCreate(name="after"))
        with pytest.raises(Conflict, match="name"):
            create_tag(db, TagCreate(name="AFTER"))

    database.run_body(in_unit)

    assert (held[0].hostname, held[0].ip_address) == ("core-1", "192.0.2.1")
    with database.unit() as db:
        assert db.scalars(select(Device.hostname)).all() == ["core-1"]
        assert db.scalar(select(func.count()).where(Tag.name == "after")) == 1
