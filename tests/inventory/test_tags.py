"""Tags: one default on every device, links with reasons, bulk calls that count by pair."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import event, func, select, update

from netraven.db import Base, Id, new_id
from netraven.db.enums import JobType, ScheduleType, TargetKind
from netraven.errors import Conflict, InUse, Invalid
from netraven.inventory.tag_rules import apply_rule
from netraven.inventory.tags import (
    add_tag_to_device,
    bulk_add_tags_to_devices,
    bulk_remove_tags_from_devices,
    count_devices_for_tag,
    count_tags,
    delete_tag,
    get_devices_for_tag,
    get_tag,
    get_tag_by_name,
    get_tags,
    get_tags_for_device,
    initialize_default_tag,
    remove_tag_from_device,
    update_tag,
)
from netraven.models import (
    CredentialTag,
    Device,
    DeviceTag,
    ScheduledJob,
    ScheduledJobTag,
    Tag,
    TagRule,
)
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceRead
from netraven.schemas.tag import BulkTagResult, BulkUntagResult, TagCreate, TagRead, TagUpdate
from netraven.vault.credentials import create_credential
from tests.conftest import Database
from tests.inventory.conftest import Inventory, leaf


def default_tag(inventory: Inventory) -> Tag:
    return inventory.run(initialize_default_tag)


def change(inventory: Inventory, tag_id: Id, **fields: object) -> Tag | None:
    return inventory.run(update_tag, tag_id, TagUpdate.model_validate(fields))


def add_schedule(database: Database, *tag_ids: UUID, targets: TargetKind) -> UUID:
    schedule = ScheduledJob(
        id=new_id(),
        name="nightly",
        job_type=JobType.BACKUP,
        schedule_type=ScheduleType.DAILY,
        schedule_time="02:00",
        timezone="UTC",
        targets=targets,
        next_run=datetime(2026, 3, 1, 2, tzinfo=UTC),
        created_by_name="alice",
    )
    with database.unit() as db:
        db.add(schedule)
        db.flush()
        db.add_all(ScheduledJobTag(scheduled_job_id=schedule.id, tag_id=each) for each in tag_ids)
    return schedule.id


def test_tags_come_by_name_with_the_number_of_their_devices(inventory: Inventory) -> None:
    for name in ("b", "A", "c"):
        inventory.add_tag(name)
    device_id = inventory.add_device("sw-1", tag_ids=[inventory.add_tag("busy")])
    rule_id = inventory.add_rule(
        inventory.add_tag("ruled"), leaf("hostname", "contains", "sw"), "rule"
    )
    inventory.run(apply_rule, rule_id)
    (ruled,) = inventory.run(get_tags, search="ruled")
    inventory.run(add_tag_to_device, device_id, ruled.id)

    tags = [TagRead.model_validate(tag) for tag in inventory.run(get_tags)]
    uncounted = inventory.run(get_tags, include_device_count=False)

    assert [(tag.name, tag.device_count) for tag in tags] == [
        ("A", 0),
        ("b", 0),
        ("busy", 1),
        ("c", 0),
        ("default", 1),
        ("ruled", 1),
    ]
    assert {tag.device_count for tag in uncounted} == {None}


def test_search_is_literal_on_every_database(inventory: Inventory) -> None:
    for name in ("a_b", "a%b", "a\\b", "Ärger", "ähnlich", "axb"):
        inventory.add_tag(name)

    found = {
        search: [tag.name for tag in inventory.run(get_tags, search=search)]
        for search in ("_", "%", "\\", "A", "Ä", "ä", "RGER", " ", "\0")
    }

    assert found["_"] == ["a_b"]
    assert found["%"] == ["a%b"]
    assert found["\\"] == ["a\\b"]
    assert found["A"] == ["a%b", "a\\b", "a_b", "axb"]
    assert (found["Ä"], found["ä"], found["\0"]) == (["Ärger"], ["ähnlich"], [])
    assert found["RGER"] == ["Ärger"]
    assert len(found[" "]) == 6
    assert inventory.run(count_tags, search="a") == 4


def test_the_number_of_statements_does_not_grow_with_the_tags(
    sqlite_database: Database,
) -> None:
    inventory = Inventory(sqlite_database)
    statements: list[int] = []

    for number in range(3):
        inventory.add_device(f"sw-{number}", tag_ids=[inventory.add_tag(f"tag-{number}")])
        seen: list[object] = []
        with sqlite_database.unit() as db:
            event.listen(
                db.get_bind(), "before_cursor_execute", lambda *facts, to=seen: to.append(facts[2])
            )
            get_tags(db)
        statements.append(len([text for text in seen if str(text).startswith("SELECT")]))

    assert statements == [2, 2, 2]


def test_a_tag_is_found_by_id_and_by_name(inventory: Inventory) -> None:
    tag_id = inventory.add_tag("Core sites")

    by_name = inventory.run(get_tag_by_name, " CORE sites ")

    assert by_name is not None
    assert by_name.id == tag_id
    assert inventory.tag(str(tag_id)).device_count == 0
    assert inventory.run(get_tag_by_name, "core") is None
    for absent in (new_id(), "no-uuid", ""):
        assert inventory.run(get_tag, absent) is None


def test_initialising_twice_makes_one_default_tag(inventory: Inventory) -> None:
    first = default_tag(inventory)
    second = default_tag(inventory)

    assert first.id == second.id
    assert [tag.name for tag in inventory.run(get_tags)] == ["default"]
    assert inventory.event_names() == ["default_tag_initialized"]


def test_initialising_puts_the_default_tag_on_devices_that_lack_it(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    inventory.add_device("sw-2")
    with inventory.database.unit() as db:
        db.execute(update(Tag).values(is_default=False))
        db.query(DeviceTag).filter(DeviceTag.device_id == device_id).delete()

    tag = default_tag(inventory)

    assert inventory.tag(tag.id).device_count == 2
    assert inventory.links_of(device_id) == [("default", "default")]


def test_names_are_unique_whatever_their_case(inventory: Inventory) -> None:
    inventory.add_tag("core")
    other = inventory.add_tag("edge")

    for name in ("Core", "CORE", " core ", "\uff43ore"):
        with pytest.raises(Conflict) as made:
            inventory.add_tag(name)
        with pytest.raises(Conflict) as renamed:
            change(inventory, other, name=name)
        assert (made.value.field, renamed.value.field) == ("name", "name")

    assert inventory.run(count_tags) == 2
    assert inventory.tag(other).name == "edge"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 51},
        {"name": "two\nlines"},
        {"name": None},
        {"color": "red"},
        {"color": "#12345"},
        {"color": None},
        {"is_default": True},
    ],
    ids=str,
)
def test_the_schema_refuses_what_no_tag_is(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TagCreate.model_validate({"name": "core", **fields})
    with pytest.raises(ValidationError):
        TagUpdate.model_validate(fields)


def test_a_name_that_grows_when_folded_is_refused(inventory: Inventory) -> None:
    with pytest.raises(Invalid) as refused:
        inventory.add_tag("ß" * 50)

    assert refused.value.field == "name"


def test_update_changes_only_what_is_given(inventory: Inventory) -> None:
    tag_id = inventory.add_tag("core")
    change(inventory, tag_id, description="Backbone", color="#000000")
    before = inventory.tag(tag_id)

    change(inventory, tag_id, name="core", color="#000000")
    same = inventory.tag(tag_id)
    change(inventory, tag_id, description=None)

    after = inventory.tag(tag_id)
    assert same.updated_at == before.updated_at
    assert (after.name, after.description, after.color) == ("core", None, "#000000")
    assert inventory.event_names() == ["tag_created", "tag_updated", "tag_updated"]
    assert change(inventory, new_id(), name="x") is None


def test_the_default_tag_may_change_its_looks_but_never_goes(inventory: Inventory) -> None:
    device_id = inventory.add_device("sw-1")
    tag = default_tag(inventory)

    change(inventory, tag.id, name="All devices", color="#000000", description="every one")
    with pytest.raises(InUse):
        inventory.run(delete_tag, tag.id)
    with pytest.raises(InUse):
        inventory.run(remove_tag_from_device, device_id, tag.id)
    inventory.add_device("sw-2")

    tags = inventory.run(get_tags)
    assert [(each.name, each.device_count, each.is_default) for each in tags] == [
        ("All devices", 2, True)
    ]


def test_a_deleted_tag_leaves_no_link(inventory: Inventory) -> None:
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    inventory.add_rule(core, leaf("hostname", "contains", "sw"))
    device_id = inventory.add_device("sw-1", tag_ids=[core])
    links = [{"tag_id": core}]
    login = {"name": "login", "username": "backup", "password": "hunter2", "tags": links}
    inventory.run(create_credential, CredentialCreate.model_validate(login))
    alone = add_schedule(inventory.database, core, targets=TargetKind.TAGS)
    shared = add_schedule(inventory.database, core, edge, targets=TargetKind.TAGS)
    everything = add_schedule(inventory.database, core, targets=TargetKind.ALL)

    assert inventory.run(delete_tag, core)

    def count(table: type[Base]) -> int:
        with inventory.database.unit() as db:
            return db.scalars(select(func.count()).select_from(table)).one()

    assert inventory.links_of(device_id) == [("default", "default")]
    assert (count(TagRule), count(CredentialTag), count(ScheduledJobTag)) == (0, 0, 1)
    with inventory.database.unit() as db:
        schedules = {row.id: row for row in db.scalars(select(ScheduledJob))}
    assert (schedules[alone].enabled, schedules[alone].next_run) == (False, None)
    assert schedules[alone].revision == 1
    assert (schedules[shared].enabled, schedules[everything].enabled) == (True, True)
    assert schedules[shared].next_run is not None
    assert not inventory.run(delete_tag, core)


def test_the_last_two_tags_of_a_schedule_deleted_at_once_disable_it(
    sync_database: Database,
) -> None:
    inventory = Inventory(sync_database)
    tags = [inventory.add_tag("core"), inventory.add_tag("edge")]
    schedule = add_schedule(sync_database, *tags, targets=TargetKind.TAGS)
    start = threading.Barrier(2)

    def remove(tag_id: UUID) -> None:
        start.wait(timeout=30)
        inventory.run(delete_tag, tag_id)

    threads = [threading.Thread(target=remove, args=[tag_id]) for tag_id in tags]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    with sync_database.unit() as db:
        row = db.get_one(ScheduledJob, schedule)
    assert (row.enabled, row.next_run) == (False, None)


def test_devices_of_a_tag_come_once_each_by_hostname(inventory: Inventory) -> None:
    ann = inventory.add_user("ann")
    core = inventory.add_tag("core")
    inventory.add_rule(core, leaf("hostname", "contains", "sw"))
    inventory.add_device("sw-b", tag_ids=[core])
    inventory.add_device("SW-a", tag_ids=[core], owner_id=ann)
    inventory.add_device("other")

    devices = inventory.run(get_devices_for_tag, core)
    second = inventory.run(get_devices_for_tag, core, 1, 1)

    told = [DeviceRead.model_validate(device) for device in devices]
    assert [device.hostname for device in told] == ["SW-a", "sw-b"]
    assert [device.hostname for device in second] == ["sw-b"]
    assert inventory.run(count_devices_for_tag, core) == 2
    assert inventory.run(count_devices_for_tag, core, ann) == 1
    assert inventory.run(count_devices_for_tag, core, "no-uuid") == 0
    assert inventory.run(get_devices_for_tag, "no-uuid") == []


def test_devices_of_a_tag_are_those_the_caller_may_see(inventory: Inventory) -> None:
    ann, bob = inventory.add_user("ann"), inventory.add_user("bob")
    core = inventory.add_tag("core")
    for name, owner in (("of-ann", ann), ("of-bob", bob), ("of-nobody", None)):
        inventory.add_device(name, tag_ids=[core], owner_id=owner)

    devices = inventory.run(get_devices_for_tag, core, visible_to=ann)

    assert [device.hostname for device in devices] == ["of-ann", "of-nobody"]
    assert inventory.run(count_devices_for_tag, core, visible_to=ann) == 2


def test_tags_of_a_device_come_once_each_by_name(inventory: Inventory) -> None:
    core = inventory.add_tag("Core")
    inventory.add_rule(core, leaf("hostname", "contains", "sw"))
    device_id = inventory.add_device("sw-1", tag_ids=[inventory.add_tag("a"), core])

    tags = inventory.run(get_tags_for_device, device_id)

    assert [tag.name for tag in tags] == ["a", "Core", "default"]
    assert inventory.run(get_tags_for_device, "no-uuid") == []


def test_adding_twice_is_one_link(inventory: Inventory) -> None:
    device_id, core = inventory.add_device("sw-1"), inventory.add_tag("core")

    added = [inventory.run(add_tag_to_device, device_id, core) for _ in range(2)]
    removed = [inventory.run(remove_tag_from_device, device_id, core) for _ in range(2)]

    assert (added, removed) == ([True, True], [True, True])
    assert inventory.tags_of(device_id) == []
    assert inventory.event_names()[-2:] == ["tag_assigned", "tag_unassigned"]


def test_what_is_absent_cannot_be_linked(inventory: Inventory) -> None:
    device_id, core = inventory.add_device("sw-1"), inventory.add_tag("core")

    for absent in (new_id(), "no-uuid", ""):
        assert not inventory.run(add_tag_to_device, device_id, absent)
        assert not inventory.run(add_tag_to_device, absent, core)
        assert not inventory.run(remove_tag_from_device, device_id, absent)
        assert not inventory.run(remove_tag_from_device, absent, core)


def test_a_link_of_a_rule_is_refused_and_one_by_hand_goes(inventory: Inventory) -> None:
    core, by_hand = inventory.add_tag("core"), inventory.add_tag("by hand")
    inventory.add_rule(core, leaf("hostname", "contains", "sw"), "switches")
    device_id = inventory.add_device("sw-1", tag_ids=[core, by_hand])

    with pytest.raises(InUse) as refused:
        inventory.run(remove_tag_from_device, device_id, core)
    inventory.run(remove_tag_from_device, device_id, by_hand)

    assert "switches" in str(refused.value)
    assert inventory.links_of(device_id) == [
        ("core", "manual"),
        ("core", "rule"),
        ("default", "default"),
    ]


def test_bulk_links_every_pair_and_counts_them(inventory: Inventory) -> None:
    devices = [inventory.add_device(f"sw-{number}") for number in range(3)]
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    inventory.run(add_tag_to_device, devices[0], core)

    def add() -> BulkTagResult:
        return inventory.run(
            bulk_add_tags_to_devices,
            device_ids=[*devices, str(devices[0])],
            tag_ids=[core, edge, default_tag(inventory).id],
        )

    done, again = add(), add()

    assert done == {
        "success": True,
        "device_count": 3,
        "tag_count": 3,
        "successful_operations": 5,
        "already_present": 4,
        "failed_operations": 0,
        "failures": [],
    }
    assert again == {**done, "successful_operations": 0, "already_present": 9}
    assert inventory.links_of(devices[0]) == [
        ("core", "manual"),
        ("default", "default"),
        ("edge", "manual"),
    ]
    assert inventory.event_names().count("tags_assigned") == 1


def test_bulk_tells_each_absent_id_once_and_does_the_rest(inventory: Inventory) -> None:
    device_id, core = inventory.add_device("sw-1"), inventory.add_tag("core")
    no_device, no_tag = new_id(), new_id()
    wanted: list[Id] = [no_device, device_id, str(no_device), "no-uuid", "no-uuid"]

    done = inventory.run(bulk_add_tags_to_devices, device_ids=wanted, tag_ids=[core, no_tag])

    assert (done["success"], done["failed_operations"]) == (False, 3)
    assert [(each["device_id"], each["tag_id"]) for each in done["failures"]] == [
        (no_device, None),
        (None, None),
        (None, no_tag),
    ]
    assert (done["successful_operations"], done["already_present"]) == (1, 0)
    assert inventory.tags_of(device_id) == ["core"]


def test_bulk_removal_leaves_protected_pairs_and_counts_the_rest(inventory: Inventory) -> None:
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    inventory.add_rule(core, leaf("hostname", "equals", "ruled"))
    ruled = inventory.add_device("ruled", tag_ids=[core, edge])
    plain = inventory.add_device("plain", tag_ids=[core])
    default = default_tag(inventory)

    def remove() -> BulkUntagResult:
        return inventory.run(
            bulk_remove_tags_from_devices,
            device_ids=[ruled, plain],
            tag_ids=[core, edge, default.id],
        )

    done, again = remove(), remove()

    pairs = {(each["device_id"], each["tag_id"]) for each in done["failures"]}
    assert pairs == {(ruled, core), (ruled, default.id), (plain, default.id)}
    assert (done["success"], done["failed_operations"]) == (False, 3)
    assert (done["successful_operations"], done["not_present"]) == (2, 1)
    assert (again["successful_operations"], again["not_present"]) == (0, 3)
    assert inventory.tags_of(ruled) == ["core"]
    assert inventory.tags_of(plain) == []


def test_bulk_crosses_statements(sqlite_database: Database) -> None:
    inventory = Inventory(sqlite_database)
    with sqlite_database.unit() as db:
        devices = [
            Device(
                id=new_id(),
                hostname=f"sw-{number}",
                hostname_key=f"sw-{number}",
                ip_address=f"sw-{number}.example.net",
                device_type="cisco_ios",
            )
            for number in range(2_300)
        ]
        db.add_all(devices)
        ids = [device.id for device in devices]
    tags = [inventory.add_tag(f"tag-{number}") for number in range(3)]

    added = inventory.run(bulk_add_tags_to_devices, device_ids=ids, tag_ids=tags)
    removed = inventory.run(bulk_remove_tags_from_devices, device_ids=ids, tag_ids=tags)

    assert added["successful_operations"] == removed["successful_operations"] == 6_900
