"""Devices for runs to be about."""

from __future__ import annotations

from uuid import UUID

import pytest

from netraven.db import name_key, new_id
from netraven.models import Device
from tests.conftest import Database
from tests.planner import Planner


@pytest.fixture
def device_ids(database: Database) -> list[UUID]:
    """Return the ids of three stored devices, sw-1 to sw-3."""
    devices = [
        Device(
            id=new_id(),
            hostname=f"sw-{number}",
            hostname_key=name_key(f"sw-{number}"),
            ip_address=f"192.0.2.{number}",
            device_type="cisco_ios",
        )
        for number in (1, 2, 3)
    ]
    with database.unit() as db:
        db.add_all(devices)
    return [device.id for device in devices]


@pytest.fixture
def planner(database: Database) -> Planner:
    """Return a database without schedules, reached four ways."""
    return Planner(database)


@pytest.fixture
def sqlite_planner(sqlite_database: Database) -> Planner:
    """Return one where neither database nor kind of session is the point."""
    return Planner(sqlite_database)
