from __future__ import annotations

import asyncio
import csv
import io
import json
import socket
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import asyncssh
import pytest

from netraven.lab import Fault, Fleet, run_in_thread
from netraven.lab.demo import demo_fleet
from netraven.lab.farm import draw_farm
from tests.lab.memory import PASSWORD, PLATFORMS, spec

_COLUMNS = "hostname,ip_address,device_type,port,description,serial_number,model,source,notes,tags"


async def host_key(fleet: Fleet, hostname: str) -> str:
    endpoint = fleet.endpoint(hostname)
    key = await asyncssh.get_server_host_key(endpoint.address, endpoint.port, config=None)
    assert key is not None
    return key.export_public_key().decode()


async def test_every_device_has_its_own_port_and_the_same_host_key_each_time() -> None:
    specs = [spec(platform) for platform in PLATFORMS]

    shown, ports = [], set()
    for _ in range(2):
        async with Fleet(specs) as fleet:
            shown.append([await host_key(fleet, one.hostname) for one in specs])
            ports = {endpoint.port for endpoint in fleet.endpoints}

    assert len(ports) == len(PLATFORMS)
    assert len(set(shown[0])) == len(PLATFORMS)
    assert shown[0] == shown[1]


async def test_a_fleet_may_share_one_host_key() -> None:
    specs = [spec(platform) for platform in PLATFORMS]

    async with Fleet(specs, shares_host_key=True) as fleet:
        keys = {await host_key(fleet, one.hostname) for one in specs}

    assert len(keys) == 1


@pytest.mark.parametrize("fault", [None, Fault.CHANGED_HOST_KEY])
async def test_a_restarted_device_keeps_its_port_and_only_a_faulty_one_changes_its_key(
    fault: Fault | None,
) -> None:
    device = spec(fault=fault)

    async with Fleet([device]) as fleet:
        before = fleet.endpoint(device.hostname), await host_key(fleet, device.hostname)
        await fleet.restart(device.hostname)
        after = fleet.endpoint(device.hostname), await host_key(fleet, device.hostname)

    assert before[0] == after[0]
    assert (before[1] == after[1]) is (fault is None)


async def test_a_stopped_fleet_leaves_nothing_behind() -> None:
    async with Fleet([spec(), spec("frr", fault=Fault.HANG)]) as fleet:
        endpoints = fleet.endpoints
        reader, writer = await asyncio.open_connection(endpoints[1].address, endpoints[1].port)

    assert await reader.read() == b""
    writer.close()
    for endpoint in endpoints:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(endpoint.address, endpoint.port)


async def test_nobody_else_can_take_the_port_of_a_dead_device() -> None:
    device = spec(fault=Fault.DEAD)

    async with Fleet([device]) as fleet, asyncio.timeout(20):
        endpoint = fleet.endpoint(device.hostname)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(endpoint.address, endpoint.port)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((endpoint.address, endpoint.port))


def test_a_fleet_can_be_served_from_a_thread() -> None:
    with run_in_thread(Fleet([spec()])) as fleet:
        endpoint = fleet.endpoints[0]
        with socket.create_connection((endpoint.address, endpoint.port), timeout=20) as client:
            greeting = client.recv(64)

    assert greeting.startswith(b"SSH-2.0-Cisco-1.25")


def test_a_host_name_may_be_given_once() -> None:
    with pytest.raises(ValueError, match="same host name"):
        Fleet([spec(), spec()])


@pytest.mark.parametrize("network", ["192.0.2.0/24", "127.0.0.0/32"])
def test_only_loopback_networks_with_room_are_served(network: str) -> None:
    with pytest.raises(ValueError, match="no loopback network with room"):
        Fleet([spec()], network=network)


async def test_passwords_stand_in_no_repr() -> None:
    async with Fleet([spec(enable=True)]) as fleet:
        shown = f"{fleet.endpoints} {[device.spec for device in fleet.devices]}"
        plan = repr(fleet.devices[0].plan)

    secrets = [PASSWORD, *fleet.devices[0].secrets]
    assert not [secret for secret in secrets if secret in shown + plan]


async def test_the_inventory_is_in_the_bulk_format() -> None:
    demo = demo_fleet()

    async with Fleet(demo.specs) as fleet:
        rows = list(csv.DictReader(io.StringIO(fleet.inventory_csv())))
        endpoints = fleet.endpoints

    assert ",".join(rows[0]) == _COLUMNS
    assert [(row["hostname"], int(row["port"])) for row in rows] == [
        (endpoint.hostname, endpoint.port) for endpoint in endpoints
    ]
    assert rows[0]["tags"] == "site-ams|role-core"
    assert all(row["serial_number"] and row["model"] for row in rows)


def test_the_demonstration_has_every_platform_and_each_trouble_once() -> None:
    demo = demo_fleet()

    faults = sorted(one.fault for one in demo.specs if one.fault is not None)
    assert len(demo.specs) >= 40
    assert {one.platform for one in demo.specs} == set(PLATFORMS)
    assert faults == sorted([Fault.CUT, Fault.DEAD, Fault.HANG, Fault.REFUSE_LOGIN])
    assert sum(one.legacy for one in demo.specs) == 1
    assert demo_fleet().specs == demo.specs


def test_the_demonstrations_changes_spare_the_troubled_and_alter_every_other() -> None:
    demo = demo_fleet()
    fleet = Fleet(demo.specs)
    before = {one.hostname: fleet.device(one.hostname).running_config() for one in demo.specs}

    demo.make_changes(fleet)

    changed = {name for name, text in before.items() if _differs(fleet, name, text)}
    assert changed == {change.hostname for change in demo.changes}
    assert not changed & {one.hostname for one in demo.specs if one.fault or one.legacy}
    assert sum(change.changes_secret for change in demo.changes) == 1
    assert max(Counter(change.edit.summary for change in demo.changes).values()) >= 5


def _differs(fleet: Fleet, hostname: str, before: str) -> bool:
    def settled(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("! Time:")]

    return settled(fleet.device(hostname).running_config()) != settled(before)


def test_faults_are_spread_over_a_farm() -> None:
    specs = draw_farm(100, faults=[Fault.HANG, Fault.DROP], fault_share=0.1)

    faulty = [number for number, one in enumerate(specs) if one.fault]
    assert len(faulty) == 10
    assert max(b - a for a, b in pairwise(faulty)) <= 11


def test_a_process_prints_one_line_of_json_per_device() -> None:
    command = [sys.executable, "-m", "netraven.lab", "--count", "3", "--platform", "frr"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        with socket.create_connection((lines[2]["address"], lines[2]["port"]), timeout=20) as peer:
            greeting = peer.recv(8)
        process.terminate()
        code = process.wait(timeout=20)

    assert [line["hostname"] for line in lines] == ["sim-00000", "sim-00001", "sim-00002"]
    assert {line["platform"] for line in lines} == {"frr"}
    assert greeting == b"SSH-2.0-"
    assert code == 0
