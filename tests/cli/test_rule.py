"""`netraven rule`: tags by what devices are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

USAGE, NOT_FOUND, CONFLICT = 2, 3, 4
BERLIN = ("--where", "hostname startswith ber-")
ADD = ("rule", "add", "berlin", "--tag", "berlin")


@pytest.fixture
def fleet(program: Program) -> Program:
    """Return the program with three devices and the tag berlin."""
    for number, name in enumerate(("ber-1", "ber-2", "zrh-1")):
        program.ok("device", "add", name, f"192.0.2.{number + 1}", "--platform", "cisco_ios")
    program.ok("tag", "add", "berlin")
    return program


def _tags(program: Program, device: str) -> list[str]:
    told = program.json("device", "show", device)
    return [tag["name"] for tag in told["tags"] if not tag["is_default"]]


def test_a_rule_tags_by_apply_and_takes_back_when_disabled(fleet: Program) -> None:
    added = fleet.ok(*ADD, *BERLIN)
    before = _tags(fleet, "ber-1")
    applied = fleet.ok("rule", "apply", "BERLIN")
    tagged = _tags(fleet, "ber-1")
    disabled = fleet.ok("rule", "disable", "berlin")

    assert "berlin where hostname startswith ber-." in added.out
    assert "netraven rule apply berlin" in added.err
    assert (before, tagged, _tags(fleet, "ber-1")) == ([], ["berlin"], [])
    expected = "berlin: 2 of 3 devices match; berlin given to 2, taken from 0."
    assert applied.out.splitlines() == [expected]
    assert disabled.out == "The rule berlin is now disabled.\n"


def test_a_new_device_is_tagged_at_once(fleet: Program) -> None:
    fleet.ok(*ADD, *BERLIN)

    fleet.ok("device", "add", "BER-3", "192.0.2.9", "--platform", "cisco_ios")

    assert _tags(fleet, "ber-3") == ["berlin"]


def test_several_conditions_must_hold_all_or_any(fleet: Program) -> None:
    both = (*BERLIN, "--where", "ip_address cidr 192.0.2.2/31")

    every = fleet.json("rule", "test", *both)
    one = fleet.json("rule", "test", *both, "--any")

    assert [row["hostname"] for row in every["matching_devices"]] == ["ber-2"]
    assert [row["hostname"] for row in one["matching_devices"]] == ["ber-1", "ber-2", "zrh-1"]
    assert (one["total_devices"], one["matching_count"]) == (3, 3)


def test_criteria_come_from_a_file_or_a_pipe(fleet: Program, tmp_path: Path) -> None:
    criteria = {
        "type": "or",
        "conditions": [
            {"field": "port", "operator": "equals", "value": 830},
            {
                "type": "and",
                "conditions": [
                    {"field": "enabled", "operator": "equals", "value": True},
                    {"field": "hostname", "operator": "regex", "value": "[12]$"},
                ],
            },
        ],
    }
    path = tmp_path / "criteria.json"
    path.write_text(json.dumps(criteria))

    added = fleet.json(*ADD, "--criteria", path)
    tested = fleet.json("rule", "test", "--criteria", "-", stdin=json.dumps(criteria))
    shown = fleet.ok("rule", "show", "berlin")

    assert added["rule_criteria"] == criteria
    assert tested["matching_count"] == 3
    words = "port equals 830 or (enabled equals True and hostname regex [12]$)"
    assert words in shown.out


def test_rules_are_listed_with_state_and_conditions(fleet: Program) -> None:
    fleet.ok(*ADD, *BERLIN)
    fleet.ok("rule", "add", "Aged", "--tag", "berlin", "--where", "model equals 2950", "--disabled")

    table = fleet.ok("rule", "list")
    told = fleet.json("rule", "list", "--enabled", "--tag", "berlin")

    assert [line.split() for line in table.out.splitlines()] == [
        ["Rule", "Tag", "State", "Where"],
        ["Aged", "berlin", "disabled", "model", "equals", "2950"],
        ["berlin", "berlin", "enabled", "hostname", "startswith", "ber-"],
    ]
    assert ([rule["name"] for rule in told["items"]], told["total"]) == (["berlin"], 1)
    assert fleet.ok("rule", "list", "--skip", "5").out == "No rule fits.\n"


def test_without_a_rule_it_says_how_to_make_one(program: Program) -> None:
    assert program.ok("rule", "list").out.startswith("No rules yet; make one with `netraven rule")
    assert program.ok("rule", "list", "--disabled").out == "No rule fits.\n"


def test_all_enabled_rules_are_applied(fleet: Program) -> None:
    none = fleet.ok("rule", "apply", "--all")
    fleet.ok(*ADD, *BERLIN)
    fleet.ok("rule", "add", "off", "--tag", "berlin", "--where", "port equals 22", "--disabled")

    told = fleet.json("rule", "apply", "--all")
    off = fleet.ok("rule", "apply", "off")

    assert none.out == "There is no enabled rule.\n"
    assert [(item["rule_name"], item["added"]) for item in told["items"]] == [("berlin", 2)]
    assert "is disabled, so nothing was done" in off.out


def test_switching_says_what_changed(fleet: Program) -> None:
    fleet.ok(*ADD, *BERLIN, "--disabled")

    answers = [fleet.ok("rule", "enable", "berlin") for _ in range(2)]

    assert [answer.out for answer in answers] == [
        "The rule berlin is now enabled.\n",
        "The rule berlin was already enabled.\n",
    ]
    assert fleet.json("rule", "show", "berlin")["is_active"] is True


def test_a_rule_is_deleted_after_a_question(fleet: Program) -> None:
    fleet.ok(*ADD, *BERLIN)
    fleet.ok("rule", "apply", "berlin")

    unasked = fleet.run("rule", "delete", "berlin")
    fleet.ok("rule", "delete", "berlin", "--yes")

    assert unasked.exit_code == USAGE
    assert "--yes" in unasked.err
    assert fleet.json("rule", "list")["total"] == 0
    assert _tags(fleet, "ber-1") == []


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        ((*ADD,), USAGE, "give conditions by --where, or all of them by --criteria"),
        ((*ADD, *BERLIN, "--criteria", "x"), USAGE, "or all of them by --criteria"),
        ((*ADD, "--where", "password equals x"), USAGE, "is not FIELD OPERATOR VALUE"),
        ((*ADD, "--where", "hostname is x"), USAGE, "operators equals, contains"),
        ((*ADD, "--where", "hostname equals"), USAGE, "is not FIELD OPERATOR VALUE"),
        ((*ADD, "--where", "hostname regex ("), USAGE, "is not a pattern"),
        ((*ADD, "--where", "hostname cidr 10.0.0.0/8"), USAGE, "cidr is for ip_address only"),
        ((*ADD, "--criteria", "/nowhere"), USAGE, "No such file or directory"),
        (("rule", "add", "x", "--tag", "none", *BERLIN), NOT_FOUND, "there is no tag none"),
        (("rule", "add", "x", "--tag", "default", *BERLIN), USAGE, "is on every device"),
        (("rule", "show", "none"), NOT_FOUND, "there is no tag rule none"),
        (("rule", "apply", "none"), NOT_FOUND, "there is no tag rule none"),
        (("rule", "apply"), USAGE, "say --all"),
        (("rule", "test"), USAGE, "name a rule or give conditions"),
        (("rule", "test", "x", *BERLIN), USAGE, "name a rule or give conditions"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    fleet: Program, arguments: tuple[str, ...], exit_code: int, sentence: str
) -> None:
    answer = fleet.run(*arguments)

    assert answer.exit_code == exit_code
    assert sentence in answer.err
    assert answer.err.count("\n") == 1


def test_a_name_that_is_taken_is_a_conflict(fleet: Program) -> None:
    fleet.ok(*ADD, *BERLIN)

    answer = fleet.run("rule", "add", "Berlin", "--tag", "berlin", *BERLIN)

    assert answer.exit_code == CONFLICT


@pytest.mark.parametrize("content", ["", "[1]", "{", '"x"', "[" * 100_000, '{"type": "and"}'])
def test_broken_criteria_are_told_in_one_sentence(fleet: Program, content: str) -> None:
    answer = fleet.run("rule", "test", "--criteria", "-", stdin=content)

    assert answer.exit_code == USAGE
    assert answer.err.count("\n") == 1
