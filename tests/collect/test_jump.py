from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncssh
import pytest

from netraven.collect.arrival import Shared
from netraven.collect.fetch import fetch
from netraven.collect.gate import LoginPolicy, SweepGate
from netraven.collect.limits import Limits
from netraven.collect.sweep import Request, SweepLimits, sweep
from netraven.collect.target import HostKeyPolicy, Target
from netraven.errors import HostKeyChanged, LoginRefused, Unreachable
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import (
    CONFIG,
    HOST,
    LOGIN,
    WRONG,
    Device,
    host_key,
    say_nothing,
    tcp_server,
)

LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)


def line(number: int) -> str:
    return host_key(number=number).export_public_key().decode().strip()


async def test_a_device_is_read_through_a_jump_host() -> None:
    jump, device = Device(forwards=True, keys=(host_key(number=2),)), Device()

    async with jump.served(), device.served():
        target = replace(device.target(), jump=(jump.as_jump(),))
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)
        await asyncio.wait_for(jump.seen.closed.wait(), timeout=20)

    assert capture.running.text == CONFIG
    assert capture.host_key in line(1)
    assert capture.jump_host_keys == (" ".join(line(2).split()[:2]),)
    assert jump.seen.connections == 1


async def test_a_device_is_read_through_two_jump_hosts() -> None:
    outer, inner, device = Device(forwards=True), Device(forwards=True), Device()

    async with outer.served(), inner.served(), device.served():
        hops = (outer.as_jump(), replace(inner.as_jump(), hostname="jump2"))
        capture = await fetch(replace(device.target(), jump=hops), (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.running.text == CONFIG
    assert len(capture.jump_host_keys) == 2


async def test_a_second_login_uses_the_same_jump_connection() -> None:
    jump, device = Device(forwards=True), Device()

    async with jump.served(), device.served():
        target = replace(device.target(), jump=(jump.as_jump(),))
        capture = await fetch(target, (WRONG, LOGIN), CISCO_IOS, LIMITS)

    assert capture.login_name == "lab"
    assert device.seen.connections == 2
    assert jump.seen.connections == 1


async def test_a_changed_key_of_a_jump_host_names_it_and_no_secret_is_sent() -> None:
    jump, device = Device(forwards=True, keys=(host_key(number=2),)), Device()

    async with jump.served(), device.served():
        hop = replace(
            jump.as_jump(), known_host_keys=(line(1),), host_key_policy=HostKeyPolicy.PINNED
        )
        with pytest.raises(HostKeyChanged, match="jump1 shows another host key") as caught:
            await fetch(replace(device.target(), jump=(hop,)), (LOGIN,), CISCO_IOS, LIMITS)

    assert caught.value.report is not None
    assert caught.value.report.host_key is None
    assert caught.value.report.jump_host_keys == (" ".join(line(2).split()[:2]),)
    assert jump.seen.auth_begun == 0
    assert device.seen.connections == 0


async def test_a_jump_host_that_refuses_its_login_is_named() -> None:
    jump, device = Device(forwards=True), Device()

    async with jump.served(), device.served():
        hop = replace(jump.as_jump(), logins=(WRONG,))
        with pytest.raises(LoginRefused, match="jump1 refuses credential old"):
            await fetch(replace(device.target(), jump=(hop,)), (LOGIN,), CISCO_IOS, LIMITS)

    assert device.seen.connections == 0


async def test_a_jump_host_that_forwards_nothing_is_named() -> None:
    jump, device = Device(forwards=False), Device()

    async with jump.served(), device.served():
        target = replace(device.target(), jump=(jump.as_jump(),))
        with pytest.raises(Unreachable, match="cannot be reached through jump1"):
            await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)
        await asyncio.wait_for(jump.seen.closed.wait(), timeout=20)


async def test_a_closed_port_behind_a_jump_host_is_unreachable_through_it() -> None:
    async with tcp_server(say_nothing) as port:
        pass

    async with Device(forwards=True).served() as jump:
        target = Target(
            device_id="r1", hostname="r1", address=HOST, port=port, jump=(jump.as_jump(),)
        )
        with pytest.raises(Unreachable, match="cannot be reached through jump1") as caught:
            await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert caught.value.retryable


async def test_logins_on_jump_hosts_pass_the_gate_too() -> None:
    gate = SweepGate(LoginPolicy(rate_per_minute=0))
    gate.freeze("lab", "refused by a and b")

    async with Device(forwards=True).served() as jump, Device().served() as device:
        target = replace(device.target(), jump=(jump.as_jump(),))
        with pytest.raises(LoginRefused, match="credential lab is frozen"):
            await fetch(target, (WRONG,), CISCO_IOS, LIMITS, gate=gate)

    assert jump.seen.connections == 0
    assert device.seen.connections == 0


def requests(jump: Device, device: Device, count: int) -> list[Request]:
    return [
        Request(
            target=replace(device.target(f"r{number}"), jump=(jump.as_jump(),)),
            logins=(LOGIN,),
            platform=CISCO_IOS,
            limits=LIMITS,
        )
        for number in range(count)
    ]


async def test_a_sweep_opens_a_jump_host_once_for_all_behind_it() -> None:
    async with Device(forwards=True).served() as jump, Device().served() as device:
        outcomes = [one async for one in sweep(requests(jump, device, 30), SweepLimits())]
        await asyncio.wait_for(jump.seen.closed.wait(), timeout=20)

    assert all(one.capture is not None for one in outcomes)
    assert all(one.capture and one.capture.jump_host_keys for one in outcomes)
    assert jump.seen.connections == 1
    assert device.seen.connections == 30


async def test_a_jump_host_that_refuses_is_asked_once_for_all_who_wait() -> None:
    async with Device(forwards=True).served() as jump, Device().served() as device:
        jump.accounts = frozenset()
        outcomes = [one async for one in sweep(requests(jump, device, 30), SweepLimits())]

    assert len(jump.seen.secrets) == 1
    assert all(isinstance(one.error, LoginRefused) for one in outcomes)
    errors = {id(one.error) for one in outcomes}
    assert len(errors) == 30
    assert device.seen.connections == 0


async def test_a_jump_host_that_hangs_up_is_opened_again() -> None:
    async with Device(forwards=True).served() as jump, Device().served() as device:
        outcomes = []
        limits = SweepLimits(concurrency=2, backoff_s=0.01)
        async for one in sweep(requests(jump, device, 12), limits):
            outcomes.append(one)
            if len(outcomes) == 4:
                for connection in tuple(jump.open):
                    connection.abort()

    assert jump.seen.connections >= 2
    assert sum(one.capture is not None for one in outcomes) >= 12 - 4


async def test_one_cancelled_device_leaves_the_jump_host_to_the_others() -> None:
    stop_first = asyncio.Event()

    async def hang(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        stop_first.set()
        await stdin.read()

    shared = Shared()
    async with (
        Device(forwards=True).served() as jump,
        Device(talk=hang).served() as stuck,
        Device().served() as device,
    ):
        hops = (jump.as_jump(),)
        first = asyncio.create_task(
            fetch(
                replace(stuck.target("stuck"), jump=hops),
                (LOGIN,),
                CISCO_IOS,
                LIMITS,
                shared=shared,
            )
        )
        await stop_first.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        target = replace(device.target(), jump=hops)
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS, shared=shared)
        await shared.close()

    assert capture.running.text == CONFIG
    assert jump.seen.connections == 1
