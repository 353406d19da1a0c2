"""Recorded and synthetic devices of the laboratory, read over real SSH."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from typing import Protocol as Interface

import pytest

from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.sweep import Outcome, Request, SweepLimits, sweep
from netraven.collect.target import Login, Protocol, Target
from netraven.errors import (
    CollectError,
    DeviceTimeout,
    LoginRefused,
    NegotiationFailed,
    SessionLost,
    Unreachable,
)
from netraven.platforms.observation import Observation
from netraven.platforms.registry import get_platform
from tests.collect.memory import MODELS
from tests.laboratory import IS_ABSENT, RECORDINGS, WHY_SKIPPED, admit_laboratory
from tests.transcripts.cuts import recorded_sessions

pytestmark = pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)

RECORDED = {session.name: session.running for session in recorded_sessions()}
LIMITS = Limits(connect_s=60, idle_s=60, deadline_s=200)


class Endpoint(Interface):
    name: str
    model: str
    host: str
    port: int
    username: str
    password: str
    enable_password: str | None


class Farm(Interface):
    devices: Sequence[Any]

    def inventory(self) -> Iterator[dict[str, Any]]: ...


@asynccontextmanager
async def laboratory(**options: object) -> AsyncIterator[Any]:
    admit_laboratory()
    from devicelab import DeviceLab  # noqa: PLC0415

    async with DeviceLab(RECORDINGS, **options) as lab:
        yield lab


def target_of(endpoint: Endpoint) -> Target:
    return Target(
        device_id=endpoint.name,
        hostname=endpoint.name,
        address=endpoint.host,
        port=endpoint.port,
    )


def login_of(endpoint: Endpoint) -> Login:
    return Login(
        name="lab",
        username=endpoint.username,
        password=endpoint.password,
        enable_secret=endpoint.enable_password,
    )


async def read(
    endpoint: Endpoint, *, legacy_ssh: bool = False, protocol: Protocol = Protocol.SSH
) -> Observation:
    platform = get_platform(MODELS[endpoint.model])
    assert platform is not None
    target = replace(target_of(endpoint), legacy_ssh=legacy_ssh, protocol=protocol)
    capture = await fetch(target, (login_of(endpoint),), platform, LIMITS)
    return capture.running


@pytest.mark.parametrize("auth", [("password",), ("keyboard-interactive",)])
@pytest.mark.long
async def test_all_recordings_are_read_by_either_way_to_log_in(auth: tuple[str, ...]) -> None:
    async with laboratory(only=list(MODELS), auth=auth, auth_banner="Keep out!\n") as lab:
        running = await asyncio.gather(*(read(endpoint) for endpoint in lab.endpoints))

    assert len(running) >= len(MODELS)
    assert all(seen.text and seen.echo_seen and seen.prompt_seen for seen in running)


@pytest.mark.long
async def test_recordings_are_read_over_telnet_as_they_were_recorded() -> None:
    async with laboratory(only=list(MODELS), telnet=True) as lab:
        telnet = [endpoint for endpoint in lab.endpoints if endpoint.protocol == "telnet"]
        one_each = {endpoint.model: endpoint for endpoint in telnet}
        said = await asyncio.gather(
            *(read(endpoint, protocol=Protocol.TELNET) for endpoint in one_each.values())
        )

    assert one_each.keys() == MODELS.keys()
    names = [f"{endpoint.model}#{endpoint.variant}" for endpoint in one_each.values()]
    assert [seen.text for seen in said] == [RECORDED[name] for name in names]


async def test_a_recorded_device_asks_for_the_enable_secret() -> None:
    async with laboratory(only=["ios"], require_enable=True) as lab:
        endpoint = lab.endpoints[0]
        running = await read(endpoint)

    assert "version" in running.text


async def test_a_legacy_device_is_read_only_where_legacy_is_allowed() -> None:
    async with laboratory(only=["ios"], ssh_profile="legacy") as lab:
        endpoint = lab.endpoints[0]
        with pytest.raises(NegotiationFailed, match="diffie-hellman-group14-sha1") as caught:
            await read(endpoint)
        running = await read(endpoint, legacy_ssh=True)

    assert "set `legacy_ssh` for this device" in str(caught.value)
    assert running.text


@pytest.mark.long
async def test_a_farm_with_every_fault_is_read_as_far_as_it_lives() -> None:
    async with farm(count=70, faults=FAULTS, fault_share=0.5, size=8000) as fleet:
        outcomes = await collect(fleet)
        devices = {device.ios.hostname: device for device in fleet.devices}

    wholes = {name: device.config_at(1) for name, device in devices.items() if device.fault is None}
    for name, outcome in outcomes.items():
        device = devices[name]
        if device.fault in (None, "slow"):
            assert outcome.capture is not None, (name, device.fault, outcome.error)
        elif device.fault in ERRORS:
            assert isinstance(outcome.error, ERRORS[device.fault]), (name, device.fault)
            assert outcome.error.report is not None
            assert name in str(outcome.error)
    for name, whole in wholes.items():
        capture = outcomes[name].capture
        assert capture is not None
        assert whole.rstrip("\n").endswith(capture.running.text.rstrip("\n"))
    assert {device.fault for device in devices.values()} == {None, *FAULTS}


FAULTS = ("auth", "refuse", "hang", "drop", "slow", "garbage", "truncate")
ERRORS: dict[str, type[CollectError] | tuple[type[CollectError], ...]] = {
    "auth": LoginRefused,
    "refuse": Unreachable,
    "hang": DeviceTimeout,
    "drop": SessionLost,
}
"""What faults must come to; garbage and truncation are for the grade to find."""


@asynccontextmanager
async def farm(**options: object) -> AsyncIterator[Farm]:
    admit_laboratory()
    from devicelab import farm as fleets  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    chosen = fleets.FarmOptions(
        port=port, network="127.77.0.0/16", slow_bytes_per_second=20_000, **options
    )
    async with fleets.Farm(chosen) as fleet:
        yield fleet


async def collect(fleet: Farm) -> dict[str, Outcome]:
    platform = get_platform("cisco_ios")
    assert platform is not None
    limits = Limits(connect_s=5, idle_s=5, deadline_s=60)
    requests = [
        Request(
            target=Target(
                device_id=entry["name"],
                hostname=entry["name"],
                address=entry["host"],
                port=entry["port"],
            ),
            logins=(Login(name="lab", username=entry["username"], password=entry["password"]),),
            platform=platform,
            limits=limits,
        )
        for entry in fleet.inventory()
    ]
    running = sweep(requests, SweepLimits(concurrency=10, attempts=2, backoff_s=0.1))
    return {outcome.device_id: outcome async for outcome in running}
