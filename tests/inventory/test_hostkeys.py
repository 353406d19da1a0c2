"""Host keys: believed, offered, replaced; one change of mind at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from netraven.db import Actor, ActorKind, new_id
from netraven.db.enums import HostKeyState
from netraven.errors import Conflict
from netraven.inventory.hostkeys import (
    accept_host_key,
    get_host_keys,
    get_trusted_host_keys,
    record_host_keys,
)
from netraven.models import HostKey
from netraven.schemas.device import HostKeyRead
from tests.conftest import Database
from tests.inventory.conftest import Inventory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRUSTED, OFFERED, REPLACED = HostKeyState.TRUSTED, HostKeyState.OFFERED, HostKeyState.REPLACED
FIRST, SECOND, THIRD = (f"ssh-ed25519 AAAAC3{number}" for number in "123")


def show(
    inventory: Inventory, device_id: UUID, key: str, state: HostKeyState, *, minutes: int = 0
) -> None:
    """Record that the device showed the key, `minutes` after noon."""
    moment = NOON + timedelta(minutes=minutes)
    inventory.run(record_host_keys, {device_id: key}, state, now=moment)


def states(inventory: Inventory, device_id: UUID) -> dict[str, HostKeyState]:
    return {row.public_key: row.state for row in inventory.run(get_host_keys, device_id)}


def key_id(inventory: Inventory, device_id: UUID, public_key: str) -> UUID:
    rows: dict[str, HostKey] = {
        row.public_key: row for row in inventory.run(get_host_keys, device_id)
    }
    return rows[public_key].id


def test_keys_come_with_the_newest_sight_first(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    show(inventory, device_id, FIRST, TRUSTED)
    show(inventory, device_id, SECOND, OFFERED, minutes=1)

    rows = [HostKeyRead.model_validate(row) for row in inventory.run(get_host_keys, device_id)]

    assert [(row.public_key, row.state) for row in rows] == [(SECOND, OFFERED), (FIRST, TRUSTED)]
    assert [row.algorithm for row in rows] == ["ssh-ed25519", "ssh-ed25519"]
    assert rows[0].last_seen_at == NOON + timedelta(minutes=1)
    assert inventory.run(get_host_keys, "no-uuid") == []


def test_a_known_key_keeps_its_state_and_is_seen_again(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    show(inventory, device_id, FIRST, TRUSTED)

    show(inventory, device_id, FIRST, OFFERED, minutes=5)

    (row,) = inventory.run(get_host_keys, device_id)
    assert (row.state, row.last_seen_at) == (TRUSTED, NOON + timedelta(minutes=5))
    assert row.created_at == NOON


def test_believed_keys_of_many_devices_come_in_one_call(inventory: Inventory) -> None:
    first, second, third = (inventory.add_device(f"sw-{number}") for number in "123")
    shown = {first: FIRST, second: SECOND}
    inventory.run(record_host_keys, shown, TRUSTED, now=NOON)
    show(inventory, third, THIRD, OFFERED)

    keys = inventory.run(get_trusted_host_keys, [first, second, third, new_id()])

    assert keys == {first: (FIRST,), second: (SECOND,)}
    inventory.run(record_host_keys, {}, TRUSTED)


def test_an_accepted_key_replaces_those_believed_before(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    show(inventory, device_id, FIRST, TRUSTED)
    show(inventory, device_id, SECOND, OFFERED)
    offered = key_id(inventory, device_id, SECOND)

    with inventory.database.unit(actor=Actor(ActorKind.USER, "alice")) as db:
        accept_host_key(db, offered)

    assert states(inventory, device_id) == {FIRST: REPLACED, SECOND: TRUSTED}
    event = inventory.events()[-1]
    assert (event.event_name, event.actor_name) == ("host_key_accepted", "alice")
    assert event.changes == {"public_key": {"before": [FIRST], "after": SECOND}}
    rows = {row.public_key: row.accepted_by for row in inventory.run(get_host_keys, device_id)}
    assert rows == {FIRST: None, SECOND: "alice"}


def test_a_replaced_key_can_be_believed_again(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    show(inventory, device_id, FIRST, TRUSTED)
    show(inventory, device_id, SECOND, OFFERED)
    for key in (SECOND, FIRST):
        inventory.run(accept_host_key, key_id(inventory, device_id, key))

    assert states(inventory, device_id) == {FIRST: TRUSTED, SECOND: REPLACED}


def test_a_believed_key_is_not_accepted_twice(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    show(inventory, device_id, FIRST, TRUSTED)

    with pytest.raises(Conflict) as refused:
        inventory.run(accept_host_key, key_id(inventory, device_id, FIRST))

    assert refused.value.field == "state"
    for absent in (new_id(), "no-uuid", ""):
        assert inventory.run(accept_host_key, absent) is None


def test_of_two_keys_accepted_at_once_one_stays(sync_database: Database) -> None:
    inventory = Inventory(sync_database)
    device_id = inventory.add_device("sw-1")
    for key, state in ((FIRST, TRUSTED), (SECOND, OFFERED), (THIRD, OFFERED)):
        show(inventory, device_id, key, state)
    start = threading.Barrier(2)

    def accept(host_key_id: UUID) -> None:
        start.wait(timeout=30)
        inventory.run(accept_host_key, host_key_id)

    ids = [key_id(inventory, device_id, key) for key in (SECOND, THIRD)]
    threads = [threading.Thread(target=accept, args=[each]) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    found = states(inventory, device_id)
    assert sorted(found.values()) == [REPLACED, REPLACED, TRUSTED]
    assert found[FIRST] is REPLACED
