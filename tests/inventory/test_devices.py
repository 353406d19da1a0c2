"""Devices: unique names and addresses, tags on every way in, nothing moves backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import ValidationError

from netraven.db import Actor, ActorKind, new_id
from netraven.db.enums import BackupStatus, HostKeyPolicy, Protocol
from netraven.errors import Conflict, Invalid
from netraven.inventory.devices import (
    count_devices,
    create_device,
    get_device,
    get_device_by_hostname,
    get_devices,
    update_device,
    update_device_backup_status,
    update_device_reachability,
)
from netraven.inventory.tags import get_tags
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate, DeviceRead, DeviceUpdate
from netraven.vault.credentials import create_credential
from tests.conftest import Database
from tests.inventory.conftest import Inventory, leaf

# Named by tests, whose names must be the same in every process.
ABSENT = "01890000-0000-7000-8000-000000000000"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add_credential(inventory: Inventory, name: str = "core login") -> UUID:
    wanted = {"name": name, "username": "backup", "password": "hunter2"}
    return inventory.run(create_credential, CredentialCreate.model_validate(wanted)).id


def names(inventory: Inventory, **filters: object) -> list[str]:
    """Return the host names of a list, after checking that the count agrees with it."""
    rows = inventory.run(get_devices, **filters)  # type: ignore[arg-type]
    assert inventory.run(count_devices, **filters) == len(rows)  # type: ignore[arg-type]
    return [row.hostname for row in rows]


def test_relations_are_readable_after_the_session_is_closed(inventory: Inventory) -> None:
    device_id = inventory.add_device(
        "core-1",
        owner_id=inventory.add_user("ann"),
        credential_id=add_credential(inventory),
        tag_ids=[inventory.add_tag("wan"), inventory.add_tag("Core")],
    )

    told = DeviceRead.model_validate(inventory.device(str(device_id)))

    assert told.owner is not None
    assert told.credential is not None
    assert (told.owner.username, told.credential.name) == ("ann", "core login")
    assert [tag.name for tag in told.tags] == ["Core", "default", "wan"]
    assert "password" not in told.model_dump_json()


def test_every_field_is_stored_as_given(inventory: Inventory) -> None:
    jump = inventory.add_device("jump-1")
    fields = {
        "port": 2222,
        "protocol": Protocol.TELNET,
        "legacy_ssh": True,
        "host_key_policy": HostKeyPolicy.PINNED,
        "jump_device_id": jump,
        "description": " two\nlines ",
        "serial_number": "FOC1",
        "model": "C9300",
        "site": "Zürich",
        "notes": "x" * 100_000,
        "enabled": False,
    }

    device = inventory.device(inventory.add_device("core-1", "2001:DB8::1", **fields))

    stored = {name: getattr(device, name) for name in fields}
    assert stored == {**fields, "description": "two\nlines"}
    assert device.ip_address == "2001:db8::1"
    assert device.is_reachable is None


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:0DB8:0:0::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("Core-1.Example.NET.", "core-1.example.net"),
        ("mgmt_1.local", "mgmt_1.local"),
    ],
)
def test_addresses_are_stored_in_one_form(inventory: Inventory, given: str, stored: str) -> None:
    device_id = inventory.add_device("core-1", given)

    assert inventory.device(device_id).ip_address == stored
    with pytest.raises(Conflict) as taken:
        inventory.add_device("core-2", stored.upper())
    assert taken.value.field == "ip_address"


def test_names_and_addresses_are_unique(inventory: Inventory) -> None:
    inventory.add_device("core-1", "192.0.2.1")

    with pytest.raises(Conflict) as name_taken:
        inventory.add_device("CORE-1", "192.0.2.2")
    with pytest.raises(Conflict) as address_taken:
        inventory.add_device("core-2", "192.0.2.1")
    inventory.add_device("core-3", "192.0.2.1", port=2222)

    assert (name_taken.value.field, address_taken.value.field) == ("hostname", "ip_address")
    assert names(inventory) == ["core-1", "core-3"]


def test_a_conflict_names_the_other_device_to_who_may_see_it(sync_database: Database) -> None:
    inventory = Inventory(sync_database)
    owner = inventory.add_user("ann")
    inventory.add_device("core-1", "192.0.2.1", port=2222, owner_id=owner)
    other = inventory.add_device("core-2", "192.0.2.2")
    same_address = DeviceUpdate(ip_address="192.0.2.1", port=2222)
    same_name = DeviceCreate(hostname="CORE-1", ip_address="192.0.2.9", device_type="cisco_ios")

    told = []
    for user_id in (None, owner, inventory.add_user("bob")):
        actor = Actor(ActorKind.USER, "somebody", user_id)
        with sync_database.unit(actor=actor) as db:
            with pytest.raises(Conflict) as address_taken:
                update_device(db, other, same_address)
            with pytest.raises(Conflict) as name_taken:
                create_device(db, same_name)
        told.append((str(address_taken.value), str(name_taken.value)))

    known = (
        "the ip_address 192.0.2.1 port 2222 is already taken, by the device core-1",
        "the hostname core-1 is already taken, by the device at 192.0.2.1 port 2222",
    )
    hidden = (
        "the ip_address 192.0.2.1 port 2222 is already taken, by another device",
        "the hostname is already taken",
    )
    assert told == [known, known, hidden]


def test_sites_behind_different_jump_hosts_reuse_addresses(inventory: Inventory) -> None:
    east, west = inventory.add_device("jump-east"), inventory.add_device("jump-west")
    inventory.add_device("sw-direct", "10.0.0.1")
    inventory.add_device("sw-east", "10.0.0.1", jump_device_id=east)
    moving = inventory.add_device("sw-west", "10.0.0.1", jump_device_id=west)

    with pytest.raises(Conflict) as same:
        inventory.add_device("sw-east-2", "10.0.0.1", jump_device_id=east)
    with pytest.raises(Conflict) as moved:
        inventory.update_device(moving, jump_device_id=None)

    assert (same.value.field, moved.value.field) == ("ip_address", "ip_address")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_type": "cisco_iso"}, "device_type"),
        ({"tag_ids": [ABSENT]}, "tag_ids"),
        ({"tag_ids": ["no-uuid"]}, "tag_ids"),
        ({"credential_id": ABSENT}, "credential_id"),
        ({"jump_device_id": ABSENT}, "jump_device_id"),
        ({"jump_device_id": "no-uuid"}, "jump_device_id"),
        ({"ip_address": "300.1.1.1"}, "ip_address"),
        ({"ip_address": "10.0.0.0/8"}, "ip_address"),
        ({"ip_address": "bad name"}, "ip_address"),
        ({"ip_address": "2001:db8::g"}, "ip_address"),
        ({"owner_id": UUID(ABSENT)}, "owner_id"),
    ],
    ids=str,
)
def test_a_refused_device_leaves_nothing(
    inventory: Inventory, fields: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        inventory.add_device("sw-9", "", **fields)

    assert refused.value.field == field
    assert names(inventory) == []
    assert inventory.events() == []


def test_an_inactive_user_owns_nothing_new(inventory: Inventory) -> None:
    gone = inventory.add_user("gone", is_active=False)
    device_id = inventory.add_device("sw-1")

    with pytest.raises(Invalid) as created:
        inventory.add_device("sw-2", owner_id=gone)
    with pytest.raises(Invalid) as updated:
        inventory.update_device(device_id, owner_id=gone)

    assert (created.value.field, updated.value.field) == ("owner_id", "owner_id")


@pytest.mark.parametrize(
    "fields",
    [
        {"hostname": "-core"},
        {"hostname": "core 1"},
        {"hostname": "x" * 256},
        {"port": 0},
        {"port": 65_536},
        {"protocol": "http"},
        {"host_key_policy": "maybe"},
        {"site": "two\nlines"},
        {"notes": "a\0b"},
        {"password": "hunter2"},
        {"credential": "core"},
    ],
    ids=str,
)
def test_the_schema_refuses_what_no_device_is(fields: dict[str, object]) -> None:
    wanted = {"hostname": "core-1", "ip_address": "192.0.2.1", "device_type": "cisco_ios"}

    with pytest.raises(ValidationError):
        DeviceCreate.model_validate({**wanted, **fields})
    with pytest.raises(ValidationError):
        DeviceUpdate.model_validate(fields)


@pytest.mark.parametrize(
    "field", ["hostname", "ip_address", "device_type", "port", "protocol", "enabled", "tag_ids"]
)
def test_null_is_refused_where_a_value_is_needed(field: str) -> None:
    with pytest.raises(ValidationError):
        DeviceUpdate.model_validate({field: None})


def test_update_changes_only_what_is_given(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1", description="old", site="Berlin")
    before = inventory.device(device_id)

    inventory.update_device(device_id, description=None)
    after = inventory.device(device_id)
    inventory.update_device(device_id, site="Berlin", hostname="sw-1", tag_ids=[])
    same = inventory.device(device_id)

    assert (after.description, after.site, after.port) == (None, "Berlin", 22)
    assert after.updated_at > before.updated_at
    assert same.updated_at == after.updated_at
    assert inventory.event_names() == ["device_created", "device_updated"]
    assert inventory.events()[-1].changes == {"description": {"before": "old", "after": None}}


def test_a_conflict_leaves_the_row_in_hand_as_it_was(sync_database: Database) -> None:
    inventory = Inventory(sync_database)
    inventory.add_device("sw-1", "192.0.2.1")
    device_id = inventory.add_device("sw-2", "192.0.2.2")

    with sync_database.unit() as db:
        row = get_device(db, device_id)
        assert row is not None
        with pytest.raises(Conflict) as taken:
            update_device(db, device_id, DeviceUpdate(hostname="SW-1", site="Berlin"))
        assert (row.hostname, row.site) == ("sw-2", None)
        update_device(db, device_id, DeviceUpdate(site="Zürich"))

    assert taken.value.field == "hostname"
    assert (inventory.device(device_id).hostname, inventory.device(device_id).site) == (
        "sw-2",
        "Zürich",
    )


def test_replaced_tags_leave_the_default_and_those_of_rules(inventory: Inventory) -> None:
    first, second, by_rule = (inventory.add_tag(name) for name in ("first", "second", "ruled"))
    inventory.add_rule(by_rule, leaf("hostname", "startswith", "sw"))
    device_id = inventory.add_device("sw-1", tag_ids=[first])
    (default,) = (tag for tag in inventory.run(get_tags) if tag.is_default)

    inventory.update_device(device_id, tag_ids=[second, default.id, second])
    replaced = inventory.links_of(device_id)
    inventory.update_device(device_id, tag_ids=[])

    assert replaced == [("default", "default"), ("ruled", "rule"), ("second", "manual")]
    assert inventory.links_of(device_id) == [("default", "default"), ("ruled", "rule")]
    changes = inventory.events()[-1].changes
    assert changes == {"tags": {"before": ["second"], "after": []}}


def test_lists_are_in_order_of_hostname_whatever_its_case(inventory: Inventory) -> None:
    for name in ("b-1", "A-2", "a-1", "B-2"):
        inventory.add_device(name)

    assert names(inventory) == ["a-1", "A-2", "b-1", "B-2"]


def test_pages_hold_each_device_once(inventory: Inventory) -> None:
    for name in ("a_1", "a-2", "b_3"):
        inventory.add_device(name)

    pages = [inventory.run(get_devices, skip, 2) for skip in (0, 2, 4)]

    assert [[device.hostname for device in page] for page in pages] == [["a-2", "a_1"], ["b_3"], []]
    for skip, limit in ((-1, 1), (0, 0), (0, 1001)):
        with pytest.raises(Invalid):
            inventory.run(get_devices, skip, limit)


def test_search_is_literal_and_looks_into_name_and_address(inventory: Inventory) -> None:
    inventory.add_device("a_1", "192.0.2.1")
    inventory.add_device("a-2", "192.0.2.20")
    inventory.add_device("Berlin", "core.example.net")

    assert names(inventory, search="_") == ["a_1"]
    assert names(inventory, search="192.0.2.2") == ["a-2"]
    assert names(inventory, search=" BERL ") == ["Berlin"]
    assert names(inventory, search="EXAMPLE") == ["Berlin"]
    for nothing in ("%", "\\", "a%", "\0", "\ud800", "ä"):
        assert names(inventory, search=nothing) == []
    assert len(names(inventory, search="  ")) == 3


def test_filters_are_joined_by_and(inventory: Inventory) -> None:
    ann = inventory.add_user("ann")
    inventory.add_device("sw-1", device_type="arista_eos", site="Berlin", owner_id=ann)
    inventory.add_device("sw-2", device_type="arista_eos", site="berlin", enabled=False)
    third = inventory.add_device("sw-3", site="Berlin")
    inventory.run(update_device_reachability, third, is_reachable=False)
    inventory.run(update_device_backup_status, third, "failed")

    assert names(inventory, device_type="arista_eos") == ["sw-1", "sw-2"]
    assert names(inventory, site="Berlin") == ["sw-1", "sw-3"]
    assert names(inventory, site="Berlin", device_type="arista_eos") == ["sw-1"]
    assert names(inventory, enabled=False) == ["sw-2"]
    assert names(inventory, is_reachable=False, last_backup_status="failed") == ["sw-3"]
    assert names(inventory, is_reachable=True) == []
    assert names(inventory, owner_id=str(ann)) == ["sw-1"]
    assert len(names(inventory, owner_id=" ", site=" ", last_backup_status="")) == 3


def test_a_malformed_owner_owns_nothing_rather_than_what_nobody_owns(
    inventory: Inventory,
) -> None:
    inventory.add_device("sw-1")

    assert names(inventory, owner_id="no-uuid") == []
    assert names(inventory, owner_id=new_id()) == []


@pytest.mark.parametrize(
    ("filters", "field"),
    [({"last_backup_status": "success"}, "last_backup_status"), ({"tag_match": "or"}, "tag_match")],
)
def test_unknown_words_in_filters_are_refused(
    inventory: Inventory, filters: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        names(inventory, **filters)

    assert refused.value.field == field


def test_devices_are_found_by_any_or_all_of_some_tags(inventory: Inventory) -> None:
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    inventory.add_rule(core, leaf("hostname", "equals", "both"))
    inventory.add_device("both", tag_ids=[core, edge])
    inventory.add_device("core-only", tag_ids=[core])
    inventory.add_device("none")

    assert names(inventory, tag_ids=[core, edge]) == ["both", "core-only"]
    assert names(inventory, tag_ids=[core, edge, core], tag_match="all") == ["both"]
    assert names(inventory, tag_ids=[str(core)], tag_match="all") == ["both", "core-only"]
    assert names(inventory, tag_ids=[]) == ["both", "core-only", "none"]
    assert names(inventory, tag_ids=[new_id()]) == []
    assert names(inventory, tag_ids=["no-uuid", core]) == ["both", "core-only"]
    assert names(inventory, tag_ids=["no-uuid", core], tag_match="all") == []


def test_a_user_sees_their_own_devices_and_those_of_nobody(inventory: Inventory) -> None:
    ann, bob = inventory.add_user("ann"), inventory.add_user("bob")
    inventory.add_device("of-ann", owner_id=ann)
    of_bob = inventory.add_device("of-bob", owner_id=bob)
    inventory.add_device("of-nobody")

    assert names(inventory, visible_to=ann) == ["of-ann", "of-nobody"]
    assert inventory.run(get_device, of_bob, visible_to=ann) is None
    assert inventory.run(get_device_by_hostname, "of-bob", visible_to=ann) is None
    assert inventory.run(get_device_by_hostname, " OF-BOB ", visible_to=bob) is not None
    assert names(inventory, visible_to="no-uuid") == []


def test_older_sights_change_nothing(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    before = inventory.device(device_id)
    earlier = NOON - timedelta(seconds=1)

    inventory.run(update_device_backup_status, device_id, "completed", NOON)
    inventory.run(update_device_reachability, device_id, is_reachable=True, timestamp=NOON)
    old = inventory.run(update_device_backup_status, device_id, "failed", earlier)
    inventory.run(update_device_reachability, device_id, is_reachable=False, timestamp=earlier)

    after = inventory.device(device_id)
    assert old is not None
    assert old.last_backup_status is BackupStatus.COMPLETED
    assert (after.last_backup_status, after.last_backup_at) == (BackupStatus.COMPLETED, NOON)
    assert (after.is_reachable, after.last_reachability_check) == (True, NOON)
    assert after.updated_at == before.updated_at
    assert inventory.event_names() == ["device_created"]


def test_a_sight_of_another_zone_or_of_none_is_kept_as_utc(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    local = NOON.astimezone(timezone(timedelta(hours=9)))

    inventory.run(update_device_backup_status, device_id, "completed", local)
    naive = NOON.replace(tzinfo=None) + timedelta(microseconds=1)
    inventory.run(update_device_reachability, device_id, is_reachable=True, timestamp=naive)

    device = inventory.device(device_id)
    assert device.last_backup_at == NOON
    assert device.last_reachability_check == NOON + timedelta(microseconds=1)
    assert str(device.last_backup_at.tzinfo) == "UTC"


def test_a_status_that_no_backup_has_is_refused(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")

    with pytest.raises(Invalid) as refused:
        inventory.run(update_device_backup_status, device_id, "success")

    assert refused.value.field == "status"
    assert inventory.device(device_id).last_backup_status is None


@pytest.mark.parametrize("absent", [ABSENT, "no-uuid", ""])
def test_an_absent_device_raises_nothing(inventory: Inventory, absent: str) -> None:
    assert inventory.run(get_device, absent) is None
    assert inventory.update_device(absent, site="Berlin") is None
    assert inventory.run(update_device_backup_status, absent, "failed") is None
    assert inventory.run(update_device_reachability, absent, is_reachable=True) is None


def test_a_way_through_itself_is_refused(inventory: Inventory) -> None:
    first = inventory.add_device("jump-1")
    second = inventory.add_device("jump-2", jump_device_id=first)
    third = inventory.add_device("sw-1", jump_device_id=second)

    for through in (first, second, third):
        with pytest.raises(Invalid) as refused:
            inventory.update_device(first, jump_device_id=through)
        assert refused.value.field == "jump_device_id"

    inventory.update_device(third, jump_device_id=first)
    inventory.update_device(second, jump_device_id=None)
    inventory.update_device(first, jump_device_id=second)
    assert inventory.device(first).jump_device_id == second


def test_a_way_has_an_end(inventory: Inventory) -> None:
    step = inventory.add_device("jump-0")
    for number in range(1, 17):
        step = inventory.add_device(f"jump-{number}", jump_device_id=step)

    with pytest.raises(Invalid) as refused:
        inventory.add_device("too-far", jump_device_id=step)

    assert refused.value.field == "jump_device_id"
