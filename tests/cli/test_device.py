"""`netraven device` and `netraven tag`: the inventory as people keep it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from netraven.models import AuditEvent
from tests.cli.conftest import Program

USAGE, NOT_FOUND, CONFLICT = 2, 3, 4
COLUMNS = ("hostname", "ip_address", "port", "device_type", "legacy_ssh", "site", "enabled")


@pytest.fixture
def stocked(program: Program) -> Program:
    """Return the program with three devices."""
    program.ok("tag", "add", "core")
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "cisco_ios", "--tag", "core")
    program.ok("device", "add", "edge-1", "192.0.2.2", "--platform", "junos", "--site", "zurich")
    program.ok("device", "add", "old-1", "192.0.2.3", "--platform", "asa", "--disabled")
    return program


def test_without_devices_it_says_how_to_add_one(program: Program) -> None:
    answer = program.ok("device", "list")

    assert "netraven device add" in answer.out
    assert program.json("device", "list") == {"items": [], "total": 0}


def test_a_device_is_added_with_everything_that_was_said(program: Program) -> None:
    program.ok("tag", "add", "wan")
    program.ok("credential", "add", "lab", "--username", "u", "--password-stdin", stdin="x\n")
    program.ok("device", "add", "jump-1", "192.0.2.9", "--platform", "linux")

    added = program.json(
        *("device", "add", "Edge-7", "2001:DB8::7", "--platform", "eos", "--port", 830),
        *("--credential", "LAB", "--tag", "wan", "--jump", "JUMP-1", "--host-key-policy", "pinned"),
        *("--legacy-ssh", "--site", "zurich", "--description", "uplink", "--serial-number", "F1"),
        *("--model", "7050", "--notes", "rack 4"),
    )

    shown = program.json("device", "show", "EDGE-7")
    assert shown == added | {"credentials": ["lab"]}
    assert {name: shown[name] for name in COLUMNS} == {
        "hostname": "Edge-7",
        "ip_address": "2001:db8::7",
        "port": 830,
        "device_type": "arista_eos",
        "legacy_ssh": True,
        "site": "zurich",
        "enabled": True,
    }
    assert [tag["name"] for tag in shown["tags"]] == ["default", "wan"]
    assert shown["host_key_policy"] == "pinned"


@pytest.mark.parametrize("name", ["cisco_ios", "IOS", "cisco", "ios"])
def test_any_tools_name_for_the_platform_will_do(program: Program, name: str) -> None:
    added = program.json("device", "add", "core-1", "192.0.2.1", "--platform", name)

    assert added["device_type"] == "cisco_ios"


def test_lists_are_by_hostname_and_narrowed_by_options(stocked: Program) -> None:
    def listed(*options: str) -> list[str]:
        told = stocked.json("device", "list", *options)
        assert told["total"] >= len(told["items"])
        return [device["hostname"] for device in told["items"]]

    assert listed() == ["core-1", "edge-1", "old-1"]
    assert listed("--limit", "2") == ["core-1", "edge-1"]
    assert listed("--limit", "2", "--skip", "2") == ["old-1"]
    assert listed("--search", "EDGE") == ["edge-1"]
    assert listed("--platform", "junos") == ["edge-1"]
    assert listed("--tag", "core") == ["core-1"]
    assert listed("--site", "zurich") == ["edge-1"]
    assert listed("--disabled") == ["old-1"]
    assert listed("--enabled") == ["core-1", "edge-1"]
    assert listed("--status", "failed") == []


def test_what_a_page_leaves_out_is_said(stocked: Program) -> None:
    answer = stocked.ok("device", "list", "--limit", "1")

    assert "1 of 3 shown" in answer.err
    assert answer.out.count("\n") == 2


def test_an_update_changes_what_is_named_and_an_empty_text_clears(stocked: Program) -> None:
    before = stocked.json("device", "show", "edge-1")

    stocked.ok("device", "update", "edge-1", "--address", "192.0.2.99", "--site", "")

    after = stocked.json("device", "show", "edge-1")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"ip_address", "site", "updated_at"}
    assert after["site"] is None


def test_a_credential_and_a_jump_device_are_set_and_cleared(stocked: Program) -> None:
    stocked.ok("credential", "add", "lab", "--username", "u", "--password-stdin", stdin="x\n")

    with_both = stocked.json(
        "device", "update", "edge-1", "--credential", "lab", "--jump", "core-1"
    )
    without = stocked.json("device", "update", "edge-1", "--credential", "", "--jump", "")

    assert with_both["credential"]["name"] == "lab"
    assert with_both["jump_device_id"] == stocked.json("device", "show", "core-1")["id"]
    assert without["credential"] is without["jump_device_id"] is None


def test_an_update_that_names_nothing_changes_nothing(stocked: Program) -> None:
    before = stocked.json("device", "show", "edge-1")

    answer = stocked.ok("device", "update", "edge-1")

    assert "Nothing to change was named" in answer.out
    assert stocked.json("device", "show", "edge-1") == before


def test_deleting_asks_first_and_says_what_goes(stocked: Program) -> None:
    unasked = stocked.run("device", "delete", "core-1")
    told = stocked.json("device", "delete", "CORE-1", "--yes")

    assert unasked.exit_code == USAGE
    assert "--yes" in unasked.err
    assert told["hostname"] == "core-1"
    assert stocked.run("device", "show", "core-1").exit_code == NOT_FOUND


@pytest.mark.parametrize("command", ["show", "update", "delete"])
def test_an_unknown_device_is_named(program: Program, command: str) -> None:
    answer = program.run("device", command, "no-such")

    assert answer.exit_code == NOT_FOUND
    assert answer.err == "netraven: there is no device no-such; see `netraven device list`\n"


def test_a_device_is_found_by_its_id(stocked: Program) -> None:
    device_id = stocked.json("device", "show", "core-1")["id"]

    assert stocked.json("device", "show", device_id)["hostname"] == "core-1"


def test_who_did_it_is_on_record(stocked: Program) -> None:
    with stocked.unit() as db:
        events = db.scalars(select(AuditEvent).where(AuditEvent.target_name == "core-1")).all()

    assert [event.event_name for event in events] == ["device_created"]
    assert events[0].client == "command line"
    assert events[0].actor_name not in {"", "system"}


def test_tags_are_put_on_and_taken_off(stocked: Program) -> None:
    put_on = stocked.json("tag", "assign", "CORE", "core-1", "edge-1")
    taken_off = stocked.json("tag", "unassign", "core", "core-1", "old-1")

    assert put_on == {"changed": 1, "unchanged": 1}
    assert taken_off == {"changed": 1, "unchanged": 1}
    tagged = stocked.json("device", "list", "--tag", "core")["items"]
    assert [device["hostname"] for device in tagged] == ["edge-1"]


def test_tags_are_listed_with_the_number_of_their_devices(stocked: Program) -> None:
    told = stocked.json("tag", "list")["items"]

    assert [(tag["name"], tag["device_count"]) for tag in told] == [("core", 1), ("default", 3)]


def test_the_default_tag_stays(stocked: Program) -> None:
    answer = stocked.run("tag", "unassign", "default", "core-1")

    assert answer.exit_code == CONFLICT
    assert [tag["name"] for tag in stocked.json("device", "show", "core-1")["tags"]] == [
        "core",
        "default",
    ]


def test_one_unknown_name_among_several_changes_nothing(stocked: Program) -> None:
    answer = stocked.run("tag", "assign", "core", "edge-1", "no-such")

    assert answer.exit_code == NOT_FOUND
    assert stocked.json("tag", "list", "--search", "core")["items"][0]["device_count"] == 1


def test_hostile_texts_of_users_reach_no_terminal(program: Program) -> None:
    hostile = "\x1b]0;owned\x07[red]x\u202ey"
    program.ok("device", "add", "d-1", "192.0.2.1", "--platform", "ios", "--notes", hostile)
    program.ok("tag", "add", "core", "--description", hostile)

    answers = [program.run(*words) for words in (("device", "show", "d-1"), ("tag", "list"))]
    refused = program.run("device", "show", hostile)

    for answer in (*answers, refused):
        assert "\x1b" not in answer.text
        assert "\u202e" not in answer.text
        assert "\\x1b]0;owned\\x07[red]x\\u202ey" in answer.text
