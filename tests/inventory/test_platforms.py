"""The platforms that sessions carry, and devices of those that nobody knows."""

from __future__ import annotations

import pytest
from sqlalchemy import NullPool, update

from netraven.db import make_async_sessions, make_sessions, unit_of_work
from netraven.errors import Invalid
from netraven.inventory.platforms import (
    count_unknown_devices,
    get_platforms,
    give_platforms,
    given_platforms,
)
from netraven.models import Device
from netraven.platforms.catalogue import NATIVE, read_platforms
from tests.inventory.conftest import Inventory

ACME = read_platforms({"acme.yaml": "name: acme_ros\nextends: cisco_ios\n"})
NOWHERE = "sqlite://"


async def test_sessions_of_both_kinds_carry_what_their_factory_was_given() -> None:
    sessions = make_sessions(NOWHERE, None, pool=NullPool)
    async_sessions = make_async_sessions(NOWHERE, None, pool=NullPool)

    give_platforms(sessions, ACME)
    give_platforms(async_sessions, ACME)

    assert given_platforms(sessions) is ACME
    with unit_of_work(sessions, read_only=True) as db:
        assert get_platforms(db) is ACME
    async with unit_of_work(async_sessions, read_only=True) as async_db:
        assert await get_platforms(async_db) is ACME


def test_without_any_they_are_the_native_ones(inventory: Inventory) -> None:
    assert inventory.run(get_platforms) is NATIVE


def test_a_device_of_a_platform_that_is_not_declared_is_refused(inventory: Inventory) -> None:
    with pytest.raises(Invalid, match="acme_ros is not a platform"):
        inventory.add_device("sw-1", device_type="acme_ros")


def test_devices_are_counted_whose_platform_nobody_knows(inventory: Inventory) -> None:
    for number, platform in enumerate(("acme_ros", "linux:/etc/frr/frr.conf", "cisco_ios")):
        device_id = inventory.add_device(f"sw-{number}")
        with inventory.database.unit() as db:
            db.execute(update(Device).where(Device.id == device_id).values(device_type=platform))

    assert inventory.run(count_unknown_devices) == 1
