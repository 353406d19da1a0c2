"""`netraven platform list`: what can be collected from."""

from __future__ import annotations

from typing import Any

import pytest

from netraven.platforms.platform import Proof
from netraven.platforms.registry import PLATFORMS
from tests.cli.conftest import Program
from tests.cli.terminal import at_terminal

USAGE = 2


def test_each_platform_has_a_row_that_says_what_it_rests_on(program: Program) -> None:
    told = program.ok("platform", "list")

    rows = {line.split()[0]: line for line in told.out.splitlines()[1:] if line[:1].isalpha()}
    assert {platform.name for platform in PLATFORMS} <= set(rows)
    for platform in PLATFORMS:
        assert platform.proof.value in rows[platform.name]
    assert "recorded 3 times" in rows["cisco_ios"]


def test_it_fits_a_narrow_terminal() -> None:
    screen = at_terminal("platform", "list", columns=80)

    shown = {line.split()[0] for line in screen.lines if line[:1].isalpha()}
    assert max(map(len, screen.lines)) <= 80
    assert {platform.name for platform in PLATFORMS} <= shown


def test_one_platform_is_shown_in_full_by_any_tools_name(program: Program) -> None:
    told = program.ok("platform", "list", "FortiGate")

    facts = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert facts["Platform"] == "fortinet_fortios"
    assert facts["Running"] == "show | grep ."
    assert facts["Whole"] == (
        "by  the device's own count of lines, or a second reading that agrees"
    )


def test_json_holds_everything(program: Program) -> None:
    told: Any = program.json("platform", "list")

    assert [entry["name"] for entry in told] == [platform.name for platform in PLATFORMS]
    ios = next(entry for entry in told if entry["name"] == "cisco_ios")
    assert ios["aliases"]["oxidized"] == ["ios", "iosxe"]
    assert ios["recordings"] == 3
    assert {"yields": "running", "text": "show running-config"} in ios["commands"]
    assert ios["paging_off"][0] == "terminal length 0"
    assert ios["completeness"] == "the closing line `end`"
    assert {entry["proof"] for entry in told} == {Proof.RECORDED, Proof.DOCUMENTED}


@pytest.mark.parametrize("arguments", [("list", "nonesuch"), ("list", "--json", "nonesuch")])
def test_an_unknown_name_is_told_in_one_sentence(
    program: Program, arguments: tuple[str, ...]
) -> None:
    told = program.run("platform", *arguments)

    assert told.exit_code == USAGE
    assert "nonesuch is not a known platform" in told.err


def test_what_netmiko_bridges_to_is_marked_as_a_bridge(program: Program) -> None:
    shown = program.ok("platform", "list", "netmiko:cisco_xe")
    listed = program.ok("platform", "list")

    assert "bridge" in shown.out
    assert "dealt with by Netmiko" in shown.out
    assert "netmiko:TYPE" in listed.text


def test_a_type_that_netmiko_does_not_have_is_refused_at_once(program: Program) -> None:
    told = program.run("device", "add", "sw-1", "192.0.2.1", "--platform", "netmiko:cisco_xee")

    assert told.exit_code == USAGE
    assert "netmiko:cisco_xee is not a known platform; did you mean netmiko:cisco_xe?" in told.err


def test_a_device_of_netmikos_is_added_like_any_other(program: Program) -> None:
    added = program.json("device", "add", "sw-1", "192.0.2.1", "--platform", "netmiko:Cisco_XE")

    assert added["device_type"] == "netmiko:cisco_xe"
