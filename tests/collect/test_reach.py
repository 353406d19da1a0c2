"""Knocking at devices: who answers is told, who does not has a reason, and nobody logs in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

import pytest

from netraven.collect.ping import ping
from netraven.collect.reach import Knocked, ReachLimits, knock_at
from netraven.collect.target import Protocol, Target
from netraven.errors import DeviceTimeout, NegotiationFailed, Unreachable
from tests.collect.peers import HOST, PASSWORD, Device, say_nothing, tcp_server

LIMITS = ReachLimits(connect_s=5.0, banner_s=0.2, ping_s=1.0)
PATIENT = replace(LIMITS, banner_s=10.0)


async def knocked(
    *targets: Target, limits: ReachLimits = PATIENT, stop: asyncio.Event | None = None
) -> dict[str, Knocked]:
    async with aclosing(knock_at(targets, limits, stop=stop)) as found:
        return {one.device_id: one async for one in found}


def at(port: int, name: str = "r1", *, protocol: Protocol = Protocol.SSH) -> Target:
    return Target(device_id=name, hostname=name, address=HOST, port=port, protocol=protocol)


async def test_device_with_an_ssh_version_answers_and_is_not_logged_in_to() -> None:
    async with Device().served() as device:
        found = await knocked(device.target())

        assert found["r1"].is_reachable
        assert found["r1"].error is None
        assert device.seen.auth_begun == 0


async def test_many_devices_are_knocked_at_at_once() -> None:
    async with AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(Device().served()) for _ in range(5)]
        targets = [device.target(f"r{number}") for number, device in enumerate(devices)]

        found = await knocked(*targets, limits=replace(PATIENT, at_once=2))

    assert sorted(found) == ["r0", "r1", "r2", "r3", "r4"]
    assert all(one.is_reachable for one in found.values())


async def test_greeting_before_the_version_is_no_obstacle() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Authorised use only.\r\nSSH-2.0-Device\r\n")
        await writer.drain()
        await _reader.read(1)

    async with tcp_server(greet) as port:
        found = await knocked(at(port))

    assert found["r1"].is_reachable


async def test_silent_service_is_told() -> None:
    async with tcp_server(say_nothing) as port:
        found = await knocked(at(port), limits=LIMITS)

    error = found["r1"].error
    assert isinstance(error, DeviceTimeout)
    assert "accepted the connection but sent no SSH version within 0.2 s" in str(error)


async def test_telnet_answers_by_taking_the_connection() -> None:
    async with tcp_server(say_nothing) as port:
        found = await knocked(at(port, protocol=Protocol.TELNET), limits=LIMITS)

    assert found["r1"].is_reachable


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "speaks HTTP, not SSH"),
        (b"\xff\xfd\x18", "speaks telnet, not SSH"),
        (b"login: ", "answers, but not with SSH"),
    ],
)
async def test_other_service_is_told(said: bytes, sentence: str) -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()

    async with tcp_server(speak) as port:
        found = await knocked(at(port))

    assert isinstance(found["r1"].error, NegotiationFailed)
    assert sentence in str(found["r1"].error)


async def test_flood_instead_of_a_version_is_cut_off() -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 4096)
            await writer.drain()

    async with tcp_server(flood) as port:
        found = await knocked(at(port))

    assert "answers, but not with SSH" in str(found["r1"].error)


async def test_connection_that_is_ended_at_once_is_told() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with tcp_server(hang_up) as port:
        found = await knocked(at(port))

    assert isinstance(found["r1"].error, Unreachable)
    assert "ended the connection before it sent an SSH version" in str(found["r1"].error)


async def test_closed_port_is_told_and_its_host_asked() -> None:
    async with tcp_server(say_nothing) as port:
        pass

    found = await knocked(at(port))

    assert "refuses connections" in str(found["r1"].error)
    assert found["r1"].is_pinged is await ping(HOST, within_s=5.0)


async def test_name_that_does_not_resolve_is_told() -> None:
    target = replace(at(22), address="nowhere.invalid")

    found = await knocked(target)

    assert "does not resolve" in str(found["r1"].error)


async def test_device_behind_a_jump_host_is_reached_through_it() -> None:
    async with Device(forwards=True).served() as jump, Device().served() as device:
        target = replace(device.target(), jump=(jump.as_jump(),))

        found = await knocked(target)

        assert found["r1"].is_reachable
        assert jump.seen.secrets == [("backup", PASSWORD)]
        assert device.seen.auth_begun == 0


async def test_jump_host_that_does_not_answer_is_the_reason() -> None:
    async with Device(forwards=True).served() as jump:
        way = (jump.as_jump(),)

    found = await knocked(replace(at(22), jump=way))

    assert "jump1" in str(found["r1"].error)
    assert found["r1"].is_pinged is None


async def test_stop_leaves_out_who_is_not_done() -> None:
    stop = asyncio.Event()
    begun = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()

    async def stop_soon() -> None:
        await begun.wait()
        stop.set()

    async with tcp_server(wait) as port, asyncio.TaskGroup() as group:
        group.create_task(stop_soon())
        slow = replace(PATIENT, banner_s=60.0, at_once=1)
        found = await knocked(at(port, "r1"), at(port, "r2"), limits=slow, stop=stop)

    assert not found


async def test_early_leaver_cuts_everything_off() -> None:
    async with Device().served() as device, tcp_server(say_nothing) as silent:
        targets: Iterable[Target] = (device.target("first"), at(silent, "silent"))
        slow = replace(PATIENT, banner_s=60.0)
        async with aclosing(knock_at(targets, slow)) as found:
            first = await anext(found)

    assert first.device_id == "first"


async def test_host_that_is_not_there_answers_no_ping() -> None:
    answer = await ping("nowhere.invalid", within_s=5.0)

    assert not answer


async def test_own_host_answers_where_this_process_may_ask() -> None:
    assert await ping(HOST, within_s=5.0) in {True, None}
