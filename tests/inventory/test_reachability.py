"""Whether devices answer: noted for many, told where it is news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from netraven.db import new_id
from netraven.inventory.reachability import record_reachability
from tests.inventory.conftest import Inventory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_who_answers_and_who_does_not_is_noted(inventory: Inventory) -> None:
    up, down = inventory.add_device("up"), inventory.add_device("down")
    before = inventory.device(up).updated_at

    news = inventory.database.run(record_reachability, {up: True, down: False}, now=NOON)

    assert news == {down: False}
    assert (inventory.device(up).is_reachable, inventory.device(down).is_reachable) == (True, False)
    assert inventory.device(up).last_reachability_check == NOON
    assert inventory.device(up).updated_at == before


def test_only_a_change_is_news(inventory: Inventory) -> None:
    device, later = inventory.add_device("r1"), NOON + timedelta(hours=1)
    inventory.database.run(record_reachability, {device: False}, now=NOON)

    same = inventory.database.run(record_reachability, {device: False}, now=later)
    changed = inventory.database.run(record_reachability, {device: True}, now=later)

    assert (same, changed) == ({}, {device: True})


def test_older_check_changes_nothing(inventory: Inventory) -> None:
    device = inventory.add_device("r1")
    inventory.database.run(record_reachability, {device: True}, now=NOON)

    news = inventory.database.run(
        record_reachability, {device: False}, now=NOON - timedelta(seconds=1)
    )

    assert not news
    assert inventory.device(device).is_reachable


def test_absent_device_is_left_out(inventory: Inventory) -> None:
    assert inventory.database.run(record_reachability, {new_id(): True}) == {}
