"""Netmiko, written by others, reads from the lab what the lab says it shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netmiko import ConnectHandler

from netraven.lab import DeviceSpec, Endpoint, Fleet, run_in_thread
from netraven.lab.edits import add_route

_COMMANDS = {
    "cisco_ios": "show running-config",
    "cisco_asa": "more system:running-config",
    "arista_eos": "show running-config",
    "juniper_junos": "show configuration",
    "aruba_aoscx": "show running-config",
    "linux": "cat /etc/network/interfaces",
}
_WITH_ENABLE = ("cisco_ios", "cisco_asa", "arista_eos")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    specs = [
        DeviceSpec(
            hostname=f"{platform.replace('_', '-')}-01",
            platform=platform,
            password="netmiko-reads-this",
            enable_secret="and-this" if platform in _WITH_ENABLE else None,
            size_bytes=30_000,
        )
        for platform in _COMMANDS
    ]
    with run_in_thread(Fleet(specs)) as fleet:
        yield fleet


@pytest.mark.parametrize("platform", _COMMANDS)
def test_netmiko_reads_the_configuration_that_was_written(fleet: Fleet, platform: str) -> None:
    hostname = f"{platform.replace('_', '-')}-01"

    answer = _read(fleet.endpoint(hostname))

    written = fleet.device(hostname).running_config()
    assert len(written) > 20_000
    assert _without_remarks(answer) == written.strip("\n")


@pytest.mark.parametrize("platform", _COMMANDS)
def test_netmiko_reads_a_change_and_nothing_else(fleet: Fleet, platform: str) -> None:
    hostname = f"{platform.replace('_', '-')}-01"
    before = _without_remarks(_read(fleet.endpoint(hostname))).splitlines()

    fleet.device(hostname).change(add_route("203.0.113.0", "10.0.0.99"))

    after = _without_remarks(_read(fleet.endpoint(hostname))).splitlines()
    added = [line for line in after if line not in before]
    assert any("203.0.113.0" in line for line in added)
    assert len(added) <= 4


def _read(endpoint: Endpoint) -> str:
    with ConnectHandler(
        device_type=endpoint.platform,
        host=endpoint.address,
        port=endpoint.port,
        username=endpoint.username,
        password=endpoint.password,
        secret=endpoint.enable_secret or "",
    ) as connection:
        if endpoint.enable_secret is not None:
            connection.enable()
        answer = connection.send_command(_COMMANDS[endpoint.platform], read_timeout=60)
    assert isinstance(answer, str)
    return answer


def _without_remarks(answer: str) -> str:
    """Return an answer without what IOS says before it, and without blank lines around it."""
    lines = answer.strip("\n").split("\n")
    if lines[0].startswith("Building configuration"):
        lines = lines[3:]
    return "\n".join(lines)


@pytest.mark.parametrize("platform", ["cisco_ios", "arista_eos"])
def test_netmiko_reads_over_telnet_what_is_written(platform: str) -> None:
    spec = DeviceSpec(hostname="old-01", platform=platform, password="in-clear", is_telnet=True)
    with run_in_thread(Fleet([spec])) as fleet:
        endpoint = fleet.endpoint("old-01")
        with ConnectHandler(
            device_type=f"{platform}_telnet",
            host=endpoint.address,
            port=endpoint.port,
            username=endpoint.username,
            password=endpoint.password,
        ) as connection:
            answer = str(connection.send_command("show running-config"))
        written = fleet.device("old-01").running_config()

    assert _without_remarks(answer) == written.strip("\n")
