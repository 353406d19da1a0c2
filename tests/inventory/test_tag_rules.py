"""Tag rules: what they give, what they take back, and what they never touch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from netraven.db import new_id
from netraven.errors import Conflict, Invalid
from netraven.inventory import tag_rules
from netraven.inventory.rule_links import apply_rules_to_device
from netraven.inventory.tag_rules import (
    apply_rule,
    count_tag_rules,
    delete_tag_rule,
    get_tag_rule,
    get_tag_rule_by_name,
    get_tag_rules,
)
from netraven.inventory.tags import add_tag_to_device, get_tags
from netraven.models import TagRule
from netraven.schemas.tag_rule import TagRuleRead
from tests.conftest import Database
from tests.inventory.conftest import Inventory, leaf

CORE = leaf("hostname", "startswith", "core-")


def test_lists_rules_by_name_with_their_tags(inventory: Inventory) -> None:
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    inventory.add_rule(edge, CORE, "b")
    inventory.add_rule(core, CORE, "A")
    inventory.add_rule(core, CORE, "c", is_active=False)

    rules = inventory.run(get_tag_rules)

    told = [TagRuleRead.model_validate(rule) for rule in rules]
    assert [(rule.name, rule.tag.name) for rule in told] == [
        ("A", "core"),
        ("b", "edge"),
        ("c", "core"),
    ]
    assert [rule.name for rule in inventory.run(get_tag_rules, tag_id=core)] == ["A", "c"]
    assert [rule.name for rule in inventory.run(get_tag_rules, 1, 1, is_active=True)] == ["b"]
    assert inventory.run(count_tag_rules, core, is_active=False) == 1
    assert inventory.run(count_tag_rules, "no-uuid") == 0


def test_a_rule_is_found_by_id_and_by_name(inventory: Inventory) -> None:
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE, "Core sites")

    by_id = inventory.run(get_tag_rule, str(rule_id))
    by_name = inventory.run(get_tag_rule_by_name, " core SITES ")

    assert by_id is not None
    assert by_name is not None
    assert (by_id.id, by_id.tag.name) == (by_name.id, "core")
    assert inventory.run(get_tag_rule, new_id()) is None


def test_names_are_unique_case_ignored(inventory: Inventory) -> None:
    core = inventory.add_tag("core")
    inventory.add_rule(core, CORE, "sites")
    other = inventory.add_rule(core, CORE, "others")

    with pytest.raises(Conflict) as added:
        inventory.add_rule(core, CORE, "SITES")
    with pytest.raises(Conflict) as renamed:
        inventory.update_rule(other, name="Sites")

    assert (added.value.field, renamed.value.field) == ("name", "name")
    assert inventory.run(count_tag_rules) == 2


def test_absent_and_default_tags_take_no_rule(inventory: Inventory) -> None:
    inventory.add_device("core-1")
    (default,) = inventory.run(get_tags)
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE)

    for tag_id in (new_id(), "no-uuid", default.id):
        with pytest.raises(Invalid) as added:
            inventory.add_rule(tag_id, CORE, "another")
        with pytest.raises(Invalid) as moved:
            inventory.update_rule(rule_id, tag_id=tag_id)
        assert (added.value.field, moved.value.field) == ("tag_id", "tag_id")


def test_making_and_changing_a_rule_tags_nothing_by_itself(inventory: Inventory) -> None:
    device_id = inventory.add_device("core-1")
    core = inventory.add_tag("core")

    rule_id = inventory.add_rule(core, leaf("hostname", "equals", "edge-1"))
    inventory.update_rule(rule_id, rule_criteria=CORE)

    assert inventory.tags_of(device_id) == []
    assert inventory.event_names() == [
        "device_created",
        "tag_created",
        "tag_rule_created",
        "tag_rule_updated",
    ]


def test_new_and_changed_devices_are_evaluated(inventory: Inventory) -> None:
    inventory.add_rule(inventory.add_tag("core"), CORE, "by name")
    inventory.add_rule(inventory.add_tag("berlin"), leaf("site", "equals", "berlin"), "by site")
    inventory.add_rule(inventory.add_tag("off"), CORE, "sleeping", is_active=False)

    device_id = inventory.add_device("core-1")
    at_first = inventory.tags_of(device_id)
    inventory.update_device(device_id, site="Berlin")
    then = inventory.tags_of(device_id)
    inventory.update_device(device_id, hostname="edge-1")

    assert (at_first, then) == (["core"], ["berlin", "core"])
    assert inventory.tags_of(device_id) == ["berlin"]


def test_a_change_of_no_rule_field_evaluates_nothing(inventory: Inventory) -> None:
    device_id = inventory.add_device("core-1")
    inventory.add_rule(inventory.add_tag("core"), CORE)

    inventory.update_device(device_id, notes="moved to rack 7")

    assert inventory.tags_of(device_id) == []
    assert inventory.evaluate(device_id) == ["core"]
    assert inventory.tags_of(device_id) == ["core"]


def test_applying_twice_adds_and_removes_nothing_the_second_time(inventory: Inventory) -> None:
    for name in ("core-1", "core-2", "edge-1"):
        inventory.add_device(name)
    core = inventory.add_tag("core")
    rule_id = inventory.add_rule(core, CORE, "cores")

    first = inventory.run(apply_rule, rule_id)
    second = inventory.run(apply_rule, rule_id)

    assert first == {
        "success": True,
        "error": None,
        "rule_id": rule_id,
        "rule_name": "cores",
        "tag_id": core,
        "tag_name": "core",
        "total_devices": 3,
        "matched_devices": 2,
        "added": 2,
        "removed": 0,
    }
    assert second == {**first, "added": 0}
    assert inventory.tag(core).device_count == 2
    assert inventory.event_names().count("tag_rule_applied") == 1


def test_applying_takes_back_what_no_longer_matches(inventory: Inventory) -> None:
    device_id = inventory.add_device("core-1")
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE)
    inventory.run(apply_rule, rule_id)
    inventory.update_rule(rule_id, rule_criteria=leaf("hostname", "equals", "core-2"))

    result = inventory.run(apply_rule, rule_id)

    assert result is not None
    assert (result["added"], result["removed"], result["matched_devices"]) == (0, 1, 0)
    assert inventory.tags_of(device_id) == []


def test_applying_crosses_pages_of_devices(sqlite_database: Database) -> None:
    inventory = Inventory(sqlite_database)
    with sqlite_database.unit() as db:
        from netraven.inventory.device_import import import_devices  # noqa: PLC0415
        from netraven.inventory.importers.csv import read_devices  # noqa: PLC0415

        rows = (f"sw-{number},10.1.{number // 250}.{number % 250},ios" for number in range(2_100))
        import_devices(db, read_devices("hostname,ip_address,device_type\n" + "\n".join(rows)))
    tag_id = inventory.add_tag("odd")
    rule_id = inventory.add_rule(tag_id, leaf("hostname", "regex", "[13579]$"))

    result = inventory.run(apply_rule, rule_id)
    tested = inventory.run(tag_rules.test_rule, leaf("hostname", "regex", "[13579]$"), limit=7)

    assert result is not None
    assert (result["total_devices"], result["added"]) == (2_100, 1_050)
    assert (tested["total_devices"], tested["matching_count"]) == (2_100, 1_050)
    assert len(tested["matching_devices"]) == 7
    assert inventory.tag(tag_id).device_count == 1_050


def test_a_rule_takes_back_only_its_own_links(inventory: Inventory) -> None:
    device_id = inventory.add_device("core-1")
    core = inventory.add_tag("core")
    first = inventory.add_rule(core, CORE, "first")
    second = inventory.add_rule(core, leaf("hostname", "contains", "1"), "second")
    for rule_id in (first, second):
        inventory.run(apply_rule, rule_id)
    inventory.run(add_tag_to_device, device_id, core)

    inventory.update_rule(first, is_active=False)
    without_first = inventory.links_of(device_id)
    inventory.run(delete_tag_rule, second)

    assert without_first == [("core", "manual"), ("core", "rule"), ("default", "default")]
    assert inventory.links_of(device_id) == [("core", "manual"), ("default", "default")]


def test_a_rule_moved_to_another_tag_takes_its_links_back(inventory: Inventory) -> None:
    device_id = inventory.add_device("core-1")
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE)
    inventory.run(apply_rule, rule_id)

    moved = inventory.update_rule(rule_id, tag_id=inventory.add_tag("backbone"))
    at_once = inventory.tags_of(device_id)
    inventory.run(apply_rule, rule_id)

    assert moved is not None
    assert moved.tag.name == "backbone"
    assert at_once == []
    assert inventory.tags_of(device_id) == ["backbone"]
    changes = inventory.events()[-2].changes if inventory.events() else {}
    assert changes["tag_id"] == {"before": "core", "after": "backbone"}


def test_an_update_that_changes_nothing_leaves_no_trace(inventory: Inventory) -> None:
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE, "cores", description="all")
    before = inventory.run(get_tag_rule, rule_id)

    inventory.update_rule(rule_id, name="cores", rule_criteria=CORE)
    same = inventory.run(get_tag_rule, rule_id)
    inventory.update_rule(rule_id, description=None)

    after = inventory.run(get_tag_rule, rule_id)
    assert before is not None
    assert same is not None
    assert after is not None
    assert same.updated_at == before.updated_at
    assert (after.description, after.name) == (None, "cores")
    assert inventory.event_names() == ["tag_created", "tag_rule_created", "tag_rule_updated"]


def test_an_inactive_rule_is_not_tried(inventory: Inventory) -> None:
    inventory.add_device("core-1")
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE, is_active=False)

    result = inventory.run(apply_rule, rule_id)

    assert result is not None
    assert (result["success"], result["error"]) == (False, "inactive")
    assert (result["total_devices"], result["matched_devices"], result["added"]) == (0, 0, 0)


def test_what_is_absent_is_told_so(inventory: Inventory) -> None:
    for rule_id in (new_id(), "no-uuid", ""):
        assert inventory.run(apply_rule, rule_id) is None
        assert inventory.update_rule(rule_id, name="x") is None
        assert inventory.run(delete_tag_rule, rule_id) is False
        assert inventory.run(apply_rules_to_device, rule_id) is None


def test_a_stored_rule_that_cannot_be_read_is_skipped_and_says_why(inventory: Inventory) -> None:
    rule_id = inventory.add_rule(inventory.add_tag("old"), CORE, "old")
    inventory.add_rule(inventory.add_tag("core"), CORE, "cores")
    with inventory.database.unit() as db:
        row = db.get_one(TagRule, rule_id)
        row.rule_criteria = {"field": "password", "operator": "equals", "value": "x"}

    device_id = inventory.add_device("core-1")
    with pytest.raises(Invalid) as refused:
        inventory.run(apply_rule, rule_id)
    told = inventory.run(get_tag_rule, rule_id)
    inventory.update_rule(rule_id, rule_criteria=CORE)
    mended = inventory.run(get_tag_rule, rule_id)

    assert inventory.tags_of(device_id) == ["core"]
    assert refused.value.field == "rule_criteria"
    assert told is not None
    assert mended is not None
    assert "password" in str(told.last_error)
    assert mended.last_error is None


def test_testing_lists_by_hostname_and_writes_nothing(inventory: Inventory) -> None:
    for name in ("core-b", "CORE-A", "edge-1"):
        inventory.add_device(name, device_type="arista_eos")
    events = inventory.event_names()

    result = inventory.run(tag_rules.test_rule, CORE, limit=1)

    assert (result["total_devices"], result["matching_count"]) == (3, 2)
    (device,) = result["matching_devices"]
    assert device["hostname"] == "CORE-A"
    assert set(device) == {"id", "hostname", "ip_address", "device_type"}
    assert inventory.event_names() == events
    with pytest.raises(Invalid):
        inventory.run(tag_rules.test_rule, CORE, limit=0)


def test_testing_sees_only_what_the_caller_may_see(inventory: Inventory) -> None:
    ann, bob = inventory.add_user("ann"), inventory.add_user("bob")
    inventory.add_device("core-1", owner_id=ann)
    inventory.add_device("core-2", owner_id=bob)
    inventory.add_device("core-3")

    result = inventory.run(tag_rules.test_rule, CORE, visible_to=ann)

    assert result["total_devices"] == result["matching_count"] == 2
    assert [row["hostname"] for row in result["matching_devices"]] == ["core-1", "core-3"]


def test_no_link_outlives_a_rule_that_is_deactivated_meanwhile(sync_database: Database) -> None:
    inventory = Inventory(sync_database)
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE)
    devices: list[UUID] = []

    def deactivate() -> None:
        inventory.update_rule(rule_id, is_active=False)

    def add() -> None:
        devices.extend(inventory.add_device(f"core-{number}") for number in range(10))

    at_once(deactivate, add)

    assert [inventory.tags_of(device_id) for device_id in devices] == [[]] * 10


def test_two_that_apply_a_rule_at_once_add_each_link_once(sync_database: Database) -> None:
    inventory = Inventory(sync_database)
    for number in range(5):
        inventory.add_device(f"core-{number}")
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE)
    added: list[int] = []

    def apply() -> None:
        result = inventory.run(apply_rule, rule_id)
        assert result is not None
        added.append(result["added"])

    at_once(apply, apply)

    assert sorted(added) == [0, 5]


def test_devices_renamed_while_a_rule_is_applied_carry_what_it_says(
    sync_database: Database,
) -> None:
    inventory = Inventory(sync_database)
    devices = [inventory.add_device(f"core-{number}") for number in range(6)]
    rule_id = inventory.add_rule(inventory.add_tag("core"), CORE)

    def apply() -> None:
        for _ in range(6):
            inventory.run(apply_rule, rule_id)

    def rename() -> None:
        for number, device_id in enumerate(devices):
            inventory.update_device(device_id, hostname=f"edge-{number}")

    at_once(apply, rename)

    assert [inventory.tags_of(device_id) for device_id in devices] == [[]] * 6


def at_once(*bodies: Callable[[], None]) -> None:
    """Run these in threads that begin together."""
    start = threading.Barrier(len(bodies))

    def run(body: Callable[[], None]) -> None:
        start.wait(timeout=30)
        body()

    threads = [threading.Thread(target=run, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
