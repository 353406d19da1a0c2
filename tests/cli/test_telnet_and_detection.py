"""Devices that speak telnet, and devices whose platform nobody named, at the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from netraven.lab import DeviceSpec, Fault, Fleet, run_in_thread
from tests.cli.conftest import Program

DEVICES_FAILED = 8
PASSWORD = "correct-horse"


@contextlib.contextmanager
def lab(program: Program, *specs: DeviceSpec) -> Iterator[Fleet]:
    """Give running devices that the program holds a credential for, by their default tag."""
    program.ok(
        *("credential", "add", "lab", "--username", "netraven", "--tag", "default"),
        "--password-stdin",
        stdin=f"{PASSWORD}\n",
    )
    with run_in_thread(Fleet(specs, shares_host_key=True)) as fleet:
        yield fleet


def spec(name: str, platform: str = "cisco_ios", **wanted: object) -> DeviceSpec:
    return DeviceSpec(hostname=name, platform=platform, password=PASSWORD, **wanted)  # type: ignore[arg-type]


def add(program: Program, fleet: Fleet, name: str, *options: str) -> None:
    at = fleet.endpoint(name)
    program.ok("device", "add", name, at.address, "--port", str(at.port), *options)


def test_telnet_is_marked_wherever_the_device_is_shown(program: Program) -> None:
    with lab(program, spec("old-1", is_telnet=True)) as fleet:
        add(program, fleet, "old-1", "--telnet", "--platform", "ios")
        listed = program.ok("device", "list")
        shown = program.ok("device", "show", "old-1")
        tested = program.ok("device", "test", "old-1")
        ran = program.ok("backup", "run", "old-1")

    assert "telnet! is not encrypted" in listed.err
    assert "telnet: not encrypted, passwords and configurations pass in clear" in shown.out
    assert "by telnet, which is not encrypted" in tested.out
    assert "By telnet, which is not encrypted: old-1." in ran.err
    assert program.json("device", "show", "old-1")["protocol"] == "telnet"


def test_telnet_has_port_23_unless_another_is_given(program: Program) -> None:
    program.ok("device", "add", "a", "192.0.2.1", "--platform", "ios", "--telnet")
    program.ok("device", "add", "b", "192.0.2.2", "--platform", "ios", "--telnet", "--port", "2001")
    program.ok("device", "add", "c", "192.0.2.3", "--platform", "ios")
    program.ok("device", "update", "c", "--telnet")
    program.ok("device", "update", "b", "--ssh")

    ports = {name: program.json("device", "show", name)["port"] for name in "abc"}
    assert ports == {"a": 23, "b": 2001, "c": 23}


def test_a_device_without_a_platform_is_asked_as_it_is_added(program: Program) -> None:
    with lab(program, spec("sw-1", "arista_eos")) as fleet:
        at = fleet.endpoint("sw-1")
        added = program.json("device", "add", "sw-1", at.address, "--port", str(at.port))

    assert added["device_type"] == "arista_eos"


def test_one_that_cannot_be_asked_waits_for_its_first_backup(program: Program) -> None:
    with lab(program, spec("sw-1", "juniper_junos", fault=Fault.DEAD)) as fleet:
        at = fleet.endpoint("sw-1")
        answer = program.ok("device", "add", "sw-1", at.address, "--port", str(at.port))
        before = program.json("device", "show", "sw-1")["device_type"]
        fleet.device("sw-1").fault = None
    with run_in_thread(Fleet([spec("sw-1", "juniper_junos")])) as fleet:
        program.ok("device", "update", "sw-1", "--port", str(fleet.endpoint("sw-1").port))
        program.ok("backup", "run", "sw-1")
        config = program.ok("backup", "show", "sw-1")

    assert "Its platform is not known yet" in answer.err
    assert "refuses connections" in answer.err
    assert before == "auto"
    assert program.json("device", "show", "sw-1")["device_type"] == "juniper_junos"
    assert "host-name sw-1" in config.out


def test_a_wrong_platform_is_told_and_corrected_only_when_asked(program: Program) -> None:
    with lab(program, spec("sw-1", "aruba_aoscx")) as fleet:
        add(program, fleet, "sw-1", "--platform", "ios")
        told = program.ok("device", "detect", "sw-1")
        kept = program.json("device", "show", "sw-1")["device_type"]
        program.ok("device", "detect", "sw-1", "--change")

    assert "but its platform is set to cisco_ios" in told.out
    assert kept == "cisco_ios"
    assert program.json("device", "show", "sw-1")["device_type"] == "aruba_aoscx"


def test_telnet_without_a_server_is_one_clear_sentence(program: Program) -> None:
    with lab(program, spec("old-1", is_telnet=True, fault=Fault.DEAD)) as fleet:
        add(program, fleet, "old-1", "--telnet", "--platform", "ios")
        port = fleet.endpoint("old-1").port
        answer = program.run("device", "test", "old-1")

    assert answer.exit_code == DEVICES_FAILED
    words = " ".join(answer.out.replace("│", " ").split())
    assert (
        f"old-1 (127.0.0.1 port {port}) refuses connections; check that telnet is switched on"
        " there and that the port is right"
    ) in words


@pytest.mark.parametrize("is_telnet", [False, True])
def test_a_test_counts_the_logins_that_the_device_refuses(
    program: Program, *, is_telnet: bool
) -> None:
    with lab(program, spec("sw-1", is_telnet=is_telnet, fault=Fault.REFUSE_LOGIN)) as fleet:
        protocol = "--telnet" if is_telnet else "--ssh"
        add(program, fleet, "sw-1", "--platform", "ios", protocol)
        program.run("device", "test", "sw-1")
        refused = fleet.device("sw-1").refused_logins

    (credential,) = program.json("credential", "list")["items"]
    assert (refused, credential["failure_count"]) == (1, 1)
