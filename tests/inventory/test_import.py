"""Importing devices: one verdict a row, in few statements, the same four ways."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from netraven.db import new_id
from netraven.errors import Invalid
from netraven.inventory.detected import record_platforms
from netraven.inventory.device_import import import_devices
from netraven.inventory.devices import count_devices, get_device_by_hostname, get_devices
from netraven.inventory.importers.csv import read_devices
from netraven.models import Device, Tag
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.imports import DeviceRow, RowAction, RowFault, RowVerdict
from netraven.vault.credentials import create_credential
from tests.conftest import Database
from tests.inventory.conftest import Inventory, leaf

CREATE, UPDATE, SAME, REFUSE = RowAction.CREATE, RowAction.UPDATE, RowAction.SAME, RowAction.REFUSE


def take(inventory: Inventory, *lines: str) -> list[RowVerdict]:
    """Import a CSV file of these lines, the header first."""
    return inventory.run(import_devices, read_devices("\n".join(lines)))


def actions(verdicts: list[RowVerdict]) -> list[RowAction]:
    return [verdict.action for verdict in verdicts]


def stored(inventory: Inventory, hostname: str) -> Device:
    device = inventory.run(get_device_by_hostname, hostname)
    assert device is not None
    return device


HEADER = "hostname,ip_address,device_type"


def test_new_devices_get_the_default_tag_the_named_ones_and_those_of_rules(
    inventory: Inventory,
) -> None:
    inventory.add_rule(inventory.add_tag("ruled"), leaf("site", "equals", "berlin"))
    inventory.add_tag("Core")

    verdicts = take(inventory, f"{HEADER},site,tags", "sw-1,192.0.2.1,ios,Berlin,core|DEFAULT")

    assert actions(verdicts) == [CREATE]
    assert inventory.links_of(stored(inventory, "sw-1").id) == [
        ("Core", "manual"),
        ("default", "default"),
        ("ruled", "rule"),
    ]
    assert inventory.event_names()[-1] == "devices_imported"


def test_given_cells_change_a_known_device_and_empty_ones_leave_it(inventory: Inventory) -> None:
    device_id = inventory.add_device("SW-1", "192.0.2.1", site="Berlin", port=830, notes="kept")
    before = inventory.device(device_id)

    verdicts = take(inventory, f"{HEADER},site,port,notes,model", "sw-1,192.0.2.9,ios,,22,,C9300")

    after = inventory.device(device_id)
    assert actions(verdicts) == [UPDATE]
    assert set(verdicts[0].changed) == {"ip_address", "port", "model"}
    assert (after.hostname, after.ip_address, after.port) == ("SW-1", "192.0.2.9", 22)
    assert (after.site, after.notes, after.model) == ("Berlin", "kept", "C9300")
    assert after.updated_at > before.updated_at


def test_the_same_file_again_changes_nothing(inventory: Inventory) -> None:
    inventory.add_tag("core")
    lines = (f"{HEADER},port,tags", "sw-1,192.0.2.1,ios,22,core", "sw-2,192.0.2.2,eos,,")
    take(inventory, *lines)
    before = inventory.run(get_devices)
    events = inventory.event_names()

    again = take(inventory, *lines)

    assert actions(again) == [SAME, SAME]
    assert inventory.event_names() == events
    after = inventory.run(get_devices)
    assert [row.updated_at for row in after] == [row.updated_at for row in before]


def test_tags_are_added_and_never_taken_off(inventory: Inventory) -> None:
    core, edge = inventory.add_tag("core"), inventory.add_tag("edge")
    device_id = inventory.add_device("sw-1", "192.0.2.1", tag_ids=[core])

    verdicts = take(inventory, f"{HEADER},tags", f"sw-1,192.0.2.1,ios,{edge}|EDGE")

    assert verdicts[0].changed == ("tags",)
    assert inventory.tags_of(device_id) == ["core", "edge"]


def test_changed_facts_are_seen_by_the_rules(inventory: Inventory) -> None:
    inventory.add_rule(inventory.add_tag("berlin"), leaf("site", "equals", "Berlin"), "a")
    inventory.add_rule(inventory.add_tag("zürich"), leaf("site", "equals", "Zürich"), "b")
    device_id = inventory.add_device("sw-1", "192.0.2.1", site="Berlin")

    take(inventory, f"{HEADER},site", "sw-1,192.0.2.1,ios,Zürich")

    assert inventory.tags_of(device_id) == ["zürich"]


def test_credentials_and_jump_devices_are_named(inventory: Inventory) -> None:
    login = CredentialCreate.model_validate({"name": "Lab", "username": "a", "password": "b"})
    credential = inventory.run(create_credential, login)

    verdicts = take(
        inventory,
        f"{HEADER},credential,jump_device",
        "jump-1,192.0.2.1,linux,lab,",
        f"sw-1,10.0.0.1,ios,{credential.id},JUMP-1",
        "sw-2,10.0.0.1,ios,,",
        "sw-3,10.0.0.1,ios,none,",
        "sw-4,10.0.0.2,ios,,none",
        "sw-5,10.0.0.3,ios,,sw-5",
    )

    assert actions(verdicts) == [CREATE, CREATE, CREATE, REFUSE, REFUSE, REFUSE]
    first, second = stored(inventory, "jump-1"), stored(inventory, "sw-1")
    assert second.jump_device_id == first.id
    assert {first.credential_id, second.credential_id} == {credential.id}
    reasons = [verdict.reason for verdict in verdicts[3:]]
    assert reasons[0] == "there is no credential 'none'; add it with `netraven credential add`"
    assert reasons[1] == "there is no device 'none' to jump over; put its row before this one"
    assert "sw-5" in reasons[2]


def test_a_way_that_would_close_a_circle_is_refused(inventory: Inventory) -> None:
    verdicts = take(
        inventory,
        f"{HEADER},jump_device",
        "jump-1,192.0.2.1,linux,",
        "jump-2,192.0.2.2,linux,jump-1",
    )
    closing = take(inventory, f"{HEADER},jump_device", "jump-1,192.0.2.1,linux,jump-2")

    assert actions(verdicts) == [CREATE, CREATE]
    assert actions(closing) == [REFUSE]
    assert "cannot lead through itself" in closing[0].reason
    assert stored(inventory, "jump-1").jump_device_id is None


def test_an_address_goes_to_the_next_row_once_it_is_free(inventory: Inventory) -> None:
    inventory.add_device("sw-1", "192.0.2.1")

    verdicts = take(
        inventory,
        HEADER,
        "sw-2,192.0.2.1,ios",
        "sw-1,192.0.2.7,ios",
        "sw-3,192.0.2.1,ios",
        "sw-4,192.0.2.7,ios",
    )

    assert actions(verdicts) == [REFUSE, UPDATE, CREATE, REFUSE]
    assert verdicts[0].reason == "the address 192.0.2.1 port 22 belongs to the device sw-1 already"
    assert verdicts[3].reason == "row 2 has the same address, 192.0.2.7 port 22; keep one of them"


def test_a_refused_row_does_not_stop_a_good_one_of_the_same_name(inventory: Inventory) -> None:
    verdicts = take(
        inventory,
        f"{HEADER},tags",
        "sw-1,192.0.2.1,ios,none",
        "sw-1,192.0.2.1,ios,",
        "SW-1,192.0.2.2,ios,",
    )

    assert actions(verdicts) == [REFUSE, CREATE, REFUSE]
    assert verdicts[0].reason == "there is no tag 'none'; make it with `netraven tag add`"
    assert verdicts[2].reason == "row 2 has the same hostname; keep one of them"


def test_an_error_in_the_middle_undoes_the_whole_import(inventory: Inventory) -> None:
    rows = [f"sw-{number},sw-{number}.example.net,ios" for number in range(1_200)]

    with pytest.raises(Invalid) as refused:
        take(inventory, HEADER, *rows, 'last,192.0.2.1,"ios')

    assert refused.value.field == "file"
    assert refused.value.reason.startswith("line 1202: a quoted text begins in this row")
    assert inventory.run(count_devices) == 0
    assert inventory.event_names() == []


def test_new_devices_belong_to_the_given_owner(inventory: Inventory) -> None:
    ann = inventory.add_user("ann")
    inventory.add_device("sw-1", "192.0.2.1")
    rows = [*read_devices(f"{HEADER}\nsw-1,192.0.2.1,ios\nsw-2,192.0.2.2,ios")]

    inventory.run(import_devices, rows, owner_id=ann)

    assert (stored(inventory, "sw-1").owner_id, stored(inventory, "sw-2").owner_id) == (None, ann)
    with pytest.raises(Invalid) as refused:
        inventory.run(import_devices, rows, owner_id=new_id())
    assert refused.value.field == "owner_id"


def test_a_dry_run_is_a_unit_that_is_taken_back(sync_database: Database) -> None:
    inventory = Inventory(sync_database)

    with suppress(TakenBack), sync_database.unit() as db:
        verdicts = import_devices(db, read_devices(f"{HEADER}\nsw-1,192.0.2.1,ios"))
        raise TakenBack

    assert actions(verdicts) == [CREATE]
    assert inventory.run(count_devices) == 0


def test_the_number_of_statements_does_not_grow_with_the_rows(sqlite_database: Database) -> None:
    inventory = Inventory(sqlite_database)
    for number in range(3):
        ends = leaf("hostname", "endswith", str(number))
        inventory.add_rule(inventory.add_tag(f"tag-{number}"), ends, f"rule-{number}")
    counts = []
    for size in (10, 900):
        statements: list[object] = []
        lines = [f"s{size}-{number},s{size}-{number}.example.net,ios" for number in range(size)]
        with sqlite_database.unit() as db:
            event.listen(
                db.get_bind(),
                "before_cursor_execute",
                lambda *facts, to=statements: to.append(facts[2]),
            )
            import_devices(db, read_devices("\n".join([HEADER, *lines])))
        counts.append(len(statements))

    assert counts[1] <= counts[0] + 4


NAMES = st.sampled_from(["a", "A", "b", "c", "-bad", ""])
ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.2", "x.example.net", "300.1.1.1", ""])
TYPES = st.sampled_from(["ios", "eos", "nonsense"])
TAGS = st.sampled_from(["", "core", "core|edge", "none"])
Row: TypeAlias = tuple[str, str, str, str]
ROWS = st.lists(st.tuples(NAMES, ADDRESSES, TYPES, TAGS), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(first=ROWS, second=ROWS)
def test_whatever_the_rows_verdicts_say_what_is_stored(
    sqlite_database: Database, first: list[Row], second: list[Row]
) -> None:
    with suppress(TakenBack), sqlite_database.unit() as db:
        db.add_all(Tag(id=new_id(), name=name, name_key=name) for name in ("core", "edge"))
        db.flush()
        for rows in (first, second):
            names_before = {row.hostname_key for row in get_devices(db)}
            verdicts = import_devices(db, read(rows))
            names_after = {row.hostname_key for row in get_devices(db)}
            again = import_devices(db, read(rows))

            created = [row.hostname.casefold() for row in verdicts if row.action is CREATE]
            assert sorted(created) == sorted(names_after - names_before)
            # A row that was refused may succeed when a later one has freed its address.
            assert {
                before.action
                for before, after in zip(verdicts, again, strict=True)
                if after.action is CREATE
            } <= {REFUSE}
        raise TakenBack


class TakenBack(Exception):
    """Undoes a unit."""


def read(rows: list[Row]) -> list[DeviceRow | RowFault]:
    """Return the rows of a file with these cells; none of a file that has none."""
    cells = [row for row in rows if any(row)]
    lines = [f"{HEADER},tags", *(",".join(row) for row in cells)]
    return list(read_devices("\n".join(lines))) if cells else []


def test_a_new_device_without_a_platform_waits_to_be_asked_and_a_known_one_keeps_its_own(
    inventory: Inventory,
) -> None:
    inventory.add_device("known-1", "192.0.2.1", device_type="arista_eos")
    lines = ("hostname,ip_address,site", "known-1,192.0.2.1,Bern", "new-1,192.0.2.2,Bern")

    verdicts = take(inventory, *lines)
    again = take(inventory, *lines)

    assert actions(verdicts) == [UPDATE, CREATE]
    assert actions(again) == [SAME, SAME]
    assert stored(inventory, "known-1").device_type == "arista_eos"
    assert stored(inventory, "new-1").device_type == "auto"


def test_telnet_has_its_own_port(inventory: Inventory) -> None:
    take(
        inventory,
        f"{HEADER},protocol,port",
        "old-1,192.0.2.1,ios,telnet,",
        "old-2,192.0.2.2,ios,TELNET,2323",
        "new-1,192.0.2.3,ios,,",
    )

    found = [stored(inventory, name) for name in ("old-1", "old-2", "new-1")]
    assert [(device.protocol, device.port) for device in found] == [
        ("telnet", 23),
        ("telnet", 2323),
        ("ssh", 22),
    ]


def test_what_a_device_says_it_is_is_noted_once(inventory: Inventory) -> None:
    asked = inventory.add_device("new-1", "192.0.2.1", device_type="auto")
    named = inventory.add_device("old-1", "192.0.2.2", device_type="arista_eos")
    said = {asked: "cisco_ios", named: "cisco_ios"}

    noted = inventory.run(record_platforms, said)

    assert noted == [asked]
    assert inventory.run(record_platforms, said) == []
    assert inventory.device(asked).device_type == "cisco_ios"
    assert inventory.device(named).device_type == "arista_eos"
