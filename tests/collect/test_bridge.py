"""Netmiko's sessions, against the lab's devices over real SSH and telnet."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from netraven.archive.grade import grade
from netraven.archive.normalise import normalise
from netraven.archive.redact import redact
from netraven.collect.bridge import Bridges
from netraven.collect.capture import Capture
from netraven.collect.fetch import fetch
from netraven.collect.hostkeys import fingerprint
from netraven.collect.limits import Limits
from netraven.collect.netmiko_library import device_types
from netraven.collect.pacing import Verdict
from netraven.collect.probe import probe
from netraven.collect.target import HostKeyPolicy, Login, Protocol, Target
from netraven.db.enums import BackupStatus
from netraven.errors import (
    BridgeMissing,
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    EnableRefused,
    HostKeyChanged,
    LoginRefused,
    NegotiationFailed,
    OutputTooLarge,
    SessionLost,
    Unreachable,
)
from netraven.lab import DeviceSpec, Fault, Fleet
from netraven.lab.spec import Endpoint
from netraven.platforms.bridge import CAUTIOUS
from netraven.platforms.catalogue import NATIVE
from netraven.platforms.netmiko_types import is_netmiko_type, netmiko_types
from netraven.platforms.platform import Platform, Proof
from netraven.platforms.registry import get_platform, resolve_platform
from tests.collect.peers import Device, host_key
from tests.collect.test_telnet import Recorder

PASSWORD = "correct-horse"
LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)


def bridge_to(device_type: str) -> Platform:
    found = get_platform(f"netmiko:{device_type}")
    assert found is not None
    return found


def spec_of(platform: str = "cisco_ios", **wanted: object) -> DeviceSpec:
    spec = DeviceSpec(hostname="sw1", platform=platform, password=PASSWORD)
    return replace(spec, **wanted)  # type: ignore[arg-type]


def target_of(endpoint: Endpoint) -> Target:
    return Target(
        device_id="sw1",
        hostname="sw1",
        address=endpoint.address,
        port=endpoint.port,
        protocol=Protocol(endpoint.protocol),
    )


def login_of(endpoint: Endpoint) -> Login:
    return Login(
        name="lab",
        username=endpoint.username,
        password=endpoint.password,
        enable_secret=endpoint.enable_secret,
    )


async def collected(
    fleet: Fleet, device_type: str = "cisco_ios", limits: Limits = LIMITS
) -> Capture:
    endpoint = fleet.endpoint("sw1")
    logins = (login_of(endpoint),)
    return await fetch(target_of(endpoint), logins, bridge_to(device_type), limits)


@pytest.mark.parametrize(
    ("platform", "device_type"),
    [("cisco_ios", "cisco_xe"), ("arista_eos", "arista_eos"), ("juniper_junos", "juniper_junos")],
)
async def test_what_netmiko_collects_is_graded_as_any_capture(
    platform: str, device_type: str
) -> None:
    async with Fleet([spec_of(platform, enable_secret="en-secret")]) as fleet:
        capture = await collected(fleet, device_type)
        text = fleet.device("sw1").running_config()

    native = get_platform(platform)
    assert native is not None
    running = capture.running
    assert normalise(running.text, native).strip("\n") == normalise(text, native).strip("\n")
    assert (running.echo_seen, running.confirmed, running.hostname) == (True, True, "sw1")
    assert grade(running, capture.platform, None).status is BackupStatus.COMPLETED
    assert fingerprint(capture.host_key).startswith("SHA256:")


async def test_a_type_that_only_netmiko_knows_is_read_by_the_usual_commands() -> None:
    async with Fleet([spec_of("aruba_aoscx")]) as fleet:
        capture = await collected(fleet, "generic")

    verdict = grade(capture.running, capture.platform, None)
    assert verdict.status is BackupStatus.COMPLETED
    assert capture.platform.secrets == CAUTIOUS


@pytest.mark.parametrize("device_type", ["cisco_ios", "cisco_ios_telnet"])
async def test_telnet_by_netmiko_is_refused_since_it_repeats_passwords(device_type: str) -> None:
    async with Fleet([spec_of(is_telnet=True)]) as fleet:
        with pytest.raises(DialogueFailed, match="over telnet Netmiko types a refused password"):
            await collected(fleet, device_type)
        refused = fleet.device("sw1").refused_logins

    assert refused == 0


async def test_a_device_behind_a_jump_host_is_reached_through_a_port_of_this_machine() -> None:
    async with Device(forwards=True).served() as jump, Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        target = replace(target_of(endpoint), jump=(jump.as_jump(),))
        capture = await fetch(target, (login_of(endpoint),), bridge_to("cisco_ios"), LIMITS)

    assert capture.running.text


async def test_old_algorithms_need_legacy_ssh_and_then_work() -> None:
    async with Fleet([spec_of(legacy=True)]) as fleet:
        endpoint = fleet.endpoint("sw1")
        target, logins = target_of(endpoint), (login_of(endpoint),)
        with pytest.raises(NegotiationFailed, match="--legacy-ssh"):
            await fetch(target, logins, bridge_to("cisco_ios"), LIMITS)
        old = replace(target, legacy_ssh=True)
        capture = await fetch(old, logins, bridge_to("cisco_ios"), LIMITS)

    assert capture.running.text


async def test_a_changed_host_key_is_refused_before_any_secret_is_shown() -> None:
    stranger = host_key(number=2).export_public_key().decode()
    async with Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        target = replace(target_of(endpoint), known_host_keys=(stranger.rsplit(" ", 1)[0],))
        gate = Recorder()
        with pytest.raises(HostKeyChanged):
            await fetch(
                replace(target, host_key_policy=HostKeyPolicy.PINNED),
                (login_of(endpoint),),
                bridge_to("cisco_ios"),
                LIMITS,
                gate=gate,
            )
        refused = fleet.device("sw1").refused_logins

    assert refused == 0
    assert gate.verdicts == [("lab", Verdict.UNKNOWN)]


async def test_a_refused_login_is_shown_once_and_leads_to_the_next() -> None:
    gate = Recorder()
    async with Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        wrong = replace(login_of(endpoint), name="old", password="last-year")
        logins = (wrong, login_of(endpoint))
        bridge = bridge_to("cisco_ios")
        capture = await fetch(target_of(endpoint), logins, bridge, LIMITS, gate=gate)
        refused = fleet.device("sw1").refused_logins

    assert (capture.login_name, capture.refused_logins) == ("lab", ("old",))
    assert gate.verdicts == [("old", Verdict.REFUSED), ("lab", Verdict.ACCEPTED)]
    assert refused == 1


@pytest.mark.long
async def test_a_refused_enable_secret_is_no_refused_login() -> None:
    gate = Recorder()
    async with Fleet([spec_of(enable_secret="en-secret")]) as fleet:
        endpoint = fleet.endpoint("sw1")
        login = replace(login_of(endpoint), enable_secret="not-the-one")
        bridge = bridge_to("cisco_ios")
        with pytest.raises(EnableRefused, match="sw1: the device refused the enable secret"):
            await fetch(target_of(endpoint), (login,), bridge, replace(LIMITS, idle_s=5), gate=gate)

    assert gate.verdicts == [("lab", Verdict.ACCEPTED)]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DEAD, Unreachable),
        (Fault.REFUSE_LOGIN, LoginRefused),
        (Fault.STALL, DeviceTimeout),
        (Fault.ENDLESS, OutputTooLarge),
        (Fault.DROP, SessionLost),
        (Fault.NOT_SSH, CollectError),
    ],
)
async def test_a_faulty_device_fails_as_its_fault_says(
    fault: Fault, error: type[CollectError]
) -> None:
    limits = replace(LIMITS, connect_s=5, idle_s=3, max_bytes=200_000)
    async with Fleet([spec_of(fault=fault, size_bytes=30_000)]) as fleet:
        with pytest.raises(error) as caught:
            await collected(fleet, limits=limits)

    assert "sw1" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.report is not None
    assert PASSWORD not in caught.value.report.dialogue


async def test_the_deadline_cuts_the_thread_off() -> None:
    async with Fleet([spec_of(fault=Fault.HANG)]) as fleet:
        with pytest.raises(DeviceTimeout, match=r"cut off after 1 s"):
            await collected(fleet, limits=replace(LIMITS, deadline_s=1))


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.GARBAGE])
async def test_a_damaged_answer_is_not_completed(fault: Fault) -> None:
    async with Fleet([spec_of(fault=fault)]) as fleet:
        try:
            capture = await collected(fleet, limits=replace(LIMITS, idle_s=3))
        except CollectError:
            return

    assert grade(capture.running, capture.platform, None).status is not BackupStatus.COMPLETED


async def test_a_test_of_the_device_tells_its_steps() -> None:
    async with Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        logins = (login_of(endpoint),)
        report = await probe(target_of(endpoint), logins, bridge_to("cisco_ios"), LIMITS)

    assert report.error is None
    told = {step.name: step.finding for step in report.steps}
    assert told["connecting"] == "127.0.0.1 answers; Netmiko takes over"
    assert told["logging in"] == "credential lab is accepted"
    assert report.prompt == "sw1#"


async def test_a_name_that_netmiko_does_not_know_is_one_clear_sentence() -> None:
    async with Fleet([spec_of()]) as fleet:
        with pytest.raises(DialogueFailed, match="Netmiko knows no device type toaster_os"):
            await collected(fleet, "toaster_os")


async def test_without_netmiko_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == "netmiko" or name == "netraven.collect.netmiko_library":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "netmiko", None)
    async with Fleet([spec_of()]) as fleet:
        with pytest.raises(BridgeMissing) as caught:
            await collected(fleet)

    assert str(caught.value) == (
        "sw1: the platform netmiko:cisco_ios needs netmiko, which is not installed;"
        " install it with `pip install 'netraven[netmiko]'`"
    )
    assert sys.modules.get("netmiko") is None


async def test_the_event_loop_goes_on_while_netmiko_waits() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    async with Fleet([spec_of()]) as fleet:
        await collected(fleet)
    ticking.cancel()

    assert ticks > 10


def test_threads_are_made_when_they_are_needed_and_end() -> None:
    bridges = Bridges()
    pool = bridges.pool()

    assert bridges.pool() is pool
    bridges.close()
    assert bridges.pool() is not pool
    bridges.close()


def test_the_types_that_may_be_named_are_those_that_netmiko_has() -> None:
    types = device_types()

    assert {name.removesuffix("_ssh") for name in types} == netmiko_types()
    assert all(is_netmiko_type(name) for name in types)


def test_a_type_that_netmiko_does_not_have_is_no_platform() -> None:
    assert resolve_platform("netmiko:nosuch") is None
    assert NATIVE.close_names("netmiko:cisco_ioss")[0] == "netmiko:cisco_ios"


@pytest.mark.parametrize("name", ["cisco_ios_ssh", "netmiko:cisco_ios_ssh", "netmiko:cisco_ios"])
def test_netmiko_names_most_of_its_types_twice(name: str) -> None:
    found, native = resolve_platform(name), get_platform("cisco_ios")

    assert found is not None
    assert native is not None
    assert found.secrets is native.secrets


@pytest.mark.parametrize("name", ["netmiko:", "netmiko:../x", "netmiko:A B", "netmiko"])
def test_what_cannot_be_a_name_is_no_platform(name: str) -> None:
    assert get_platform(name) is None


def test_a_bridge_is_marked_as_one_and_keeps_what_is_known_of_the_system() -> None:
    bridge, native = bridge_to("cisco_xe"), get_platform("cisco_ios")

    assert native is not None
    assert (bridge.proof, bridge.name) == (Proof.BRIDGED, "netmiko:cisco_xe")
    assert bridge.secrets == native.secrets
    assert resolve_platform("Netmiko:Cisco_XE") is bridge


SECRET_LINES = """
set user admin password Winter2024!
radius server 10.0.0.1 key Sh4r3d
snmp community s3cr3t-ro
wpa-psk: correct horse
enable secret 5 $1$abcd$abcdefghijkl
token = abcdef0123456789abcdef
interface eth0 description uplink
"""


def test_of_an_unknown_system_too_much_is_hidden_rather_than_too_little() -> None:
    shown = redact(SECRET_LINES, bridge_to("generic"), b"k" * 32)

    for secret in ("Winter2024!", "Sh4r3d", "s3cr3t-ro", "correct horse", "abcdef0123456789"):
        assert secret not in shown
    assert "interface eth0 description uplink" in shown
