"""Devices: unique names and addresses, tags on every way in, nothing moves backwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.db import new_id
from netraven.db.enums import BackupStatus
from netraven.errors import Conflict, InUse, Invalid
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
from netraven.inventory.tags import (
    add_tag_to_device,
    create_tag,
    get_tags,
    get_tags_for_device,
    remove_tag_from_device,
)
from netraven.models import AuditEvent
from netraven.schemas.device import DeviceCreate, DeviceRead, DeviceUpdate
from netraven.schemas.tag import TagCreate
from tests.conftest import Database


def add(database: Database, hostname: str, address: str = "", **fields: object) -> UUID:
    wanted = {"hostname": hostname, "ip_address": address or f"{hostname}.example.net"}
    device = DeviceCreate.model_validate({**wanted, "device_type": "cisco_ios", **fields})
    return database.run(create_device, device).id


def test_new_device_has_the_default_tag_and_readable_relations(database: Database) -> None:
    device_id = add(database, "core-1", "2001:DB8::1")

    device = database.run(get_device, str(device_id))

    assert device is not None
    told = DeviceRead.model_validate(device)
    assert [tag.name for tag in told.tags] == ["default"]
    assert (told.ip_address, told.owner, told.credential) == ("2001:db8::1", None, None)
    assert database.run(get_device, "not-a-uuid") is None


def test_names_and_addresses_are_unique(database: Database) -> None:
    add(database, "core-1", "192.0.2.1")

    with pytest.raises(Conflict) as name_taken:
        add(database, "CORE-1", "192.0.2.2")
    with pytest.raises(Conflict) as address_taken:
        add(database, "core-2", "192.0.2.1")
    add(database, "core-3", "192.0.2.1", port=2222)

    assert (name_taken.value.field, address_taken.value.field) == ("hostname", "ip_address")
    assert database.run(count_devices) == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_type": "cisco_iso"}, "device_type"),
        ({"tag_ids": [str(new_id())]}, "tag_ids"),
        ({"credential_id": str(new_id())}, "credential_id"),
        ({"jump_device_id": str(new_id())}, "jump_device_id"),
        ({"address": "300.1.1.1"}, "ip_address"),
        ({"address": "bad name"}, "ip_address"),
    ],
)
def test_refused_device_leaves_nothing(
    database: Database, fields: dict[str, object], field: str
) -> None:
    given = dict(fields)
    address = str(given.pop("address", "192.0.2.9"))

    with pytest.raises(Invalid) as refused:
        add(database, "sw-9", address, **given)

    assert refused.value.field == field
    assert database.run(count_devices) == 0


def test_update_changes_only_what_is_given(database: Database) -> None:
    device_id = add(database, "sw-1", description="old", site="Berlin")
    before = database.run(get_device, device_id)
    assert before is not None

    database.run(update_device, device_id, DeviceUpdate(description=None))
    after = database.run(get_device, device_id)
    database.run(update_device, device_id, DeviceUpdate(site="Berlin"))
    same = database.run(get_device, device_id)

    assert after is not None
    assert same is not None
    assert (after.description, after.site, after.port) == (None, "Berlin", 22)
    assert after.updated_at > before.updated_at
    assert same.updated_at == after.updated_at
    with database.unit() as db:
        names = list(db.scalars(select(AuditEvent.event_name).order_by(AuditEvent.seq)))
    assert names == ["device_created", "device_updated"]


def test_replaced_tags_leave_the_default(database: Database) -> None:
    first = database.run(create_tag, TagCreate(name="Core"))
    second = database.run(create_tag, TagCreate(name="edge"))
    device_id = add(database, "sw-1", tag_ids=[str(first.id)])

    database.run(update_device, device_id, DeviceUpdate(tag_ids=[second.id]))

    assert [tag.name for tag in database.run(get_tags_for_device, device_id)] == [
        "default",
        "edge",
    ]
    with pytest.raises(Conflict):
        database.run(create_tag, TagCreate(name="CORE"))


def test_default_tag_cannot_be_taken_off(database: Database) -> None:
    device_id = add(database, "sw-1")
    (default,) = database.run(get_tags)

    with pytest.raises(InUse):
        database.run(remove_tag_from_device, device_id, default.id)

    assert default.device_count == 1


def test_tag_added_twice_is_one_link(database: Database) -> None:
    device_id = add(database, "sw-1")
    tag = database.run(create_tag, TagCreate(name="core"))

    assert database.run(add_tag_to_device, device_id, tag.id)
    assert database.run(add_tag_to_device, device_id, tag.id)

    assert [t.device_count for t in database.run(get_tags, search="core")] == [1]
    assert database.run(remove_tag_from_device, device_id, tag.id)
    assert database.run(remove_tag_from_device, device_id, tag.id)
    assert not database.run(add_tag_to_device, new_id(), tag.id)


def test_pages_hold_each_device_once_and_search_is_literal(database: Database) -> None:
    names = ["a_1", "a-2", "b_3"]
    for number, name in enumerate(names):
        add(database, name, f"192.0.2.{number + 1}")

    pages = [database.run(get_devices, skip, 2) for skip in (0, 2)]
    literal = database.run(get_devices, search="_")

    assert sorted(device.hostname for page in pages for device in page) == sorted(names)
    assert [device.hostname for device in literal] == ["a_1", "b_3"]
    assert database.run(count_devices, "A") == 2
    for skip, limit in ((-1, 1), (0, 0), (0, 1001)):
        with pytest.raises(Invalid):
            database.run(get_devices, skip, limit)


def test_older_sight_changes_nothing(database: Database) -> None:
    device_id = add(database, "sw-1")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    database.run(update_device_backup_status, device_id, "completed", noon)
    database.run(update_device_backup_status, device_id, "failed", noon - timedelta(hours=1))
    database.run(update_device_reachability, device_id, is_reachable=True, timestamp=noon)

    device = database.run(get_device_by_hostname, "SW-1")
    assert device is not None
    assert device.last_backup_status is BackupStatus.COMPLETED
    assert (device.last_backup_at, device.is_reachable) == (noon, True)
    with pytest.raises(Invalid):
        database.run(update_device_backup_status, device_id, "success")


def test_way_through_itself_is_refused(database: Database) -> None:
    first = add(database, "jump-1")
    second = add(database, "sw-1", jump_device_id=str(first))

    with pytest.raises(Invalid) as refused:
        database.run(update_device, first, DeviceUpdate(jump_device_id=second))

    assert refused.value.field == "jump_device_id"
