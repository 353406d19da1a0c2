"""What devices say about themselves: noted on their rows, and seen by the rules."""

from __future__ import annotations

from netraven.db import new_id
from netraven.inventory.device_facts import DeviceFacts, record_device_facts
from tests.inventory.conftest import Inventory, leaf


def test_what_a_device_said_is_noted_and_the_rest_stays(inventory: Inventory) -> None:
    first = inventory.add_device("sw-1", model="old", serial_number="FOC1")
    second = inventory.add_device("sw-2", model="C9300")
    said = {
        first: DeviceFacts(model="C9300"),
        second: DeviceFacts(model="C9300"),
        new_id(): DeviceFacts(model="gone"),
    }

    changed = inventory.run(record_device_facts, said)

    device = inventory.device(first)
    assert changed == [first]
    assert (device.model, device.serial_number) == ("C9300", "FOC1")
    assert inventory.run(record_device_facts, said) == []


def test_what_is_too_long_is_cut(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")

    inventory.run(record_device_facts, {device_id: DeviceFacts(serial_number="x" * 300)})

    assert inventory.device(device_id).serial_number == "x" * 100


def test_rules_are_applied_to_a_device_that_told_another_model(inventory: Inventory) -> None:
    inventory.add_rule(inventory.add_tag("old"), leaf("model", "equals", "2950"), "old")
    inventory.add_rule(inventory.add_tag("new"), leaf("model", "equals", "C9300"), "new")
    device_id = inventory.add_device("sw-1", model="2950")
    before = inventory.tags_of(device_id)

    inventory.run(record_device_facts, {device_id: DeviceFacts(model="C9300")})

    assert (before, inventory.tags_of(device_id)) == (["old"], ["new"])
