"""Recorded sessions cut and spoilt, over real telnet: a sample of what is tried in memory."""

from __future__ import annotations

import asyncio
import random
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.target import Protocol, Target
from netraven.errors import CollectError
from tests.collect.peers import HOST, LOGIN, tcp_server
from tests.laboratory import IS_ABSENT, WHY_SKIPPED
from tests.transcripts.cuts import Tally, damages_for, recorded_sessions
from tests.transcripts.recorded import Damage, DamagedStream, RecordedSession

SESSIONS = recorded_sessions()
MODELS = ("ios", "junos", "fortigate", "tnsr")
CUTS = 6
pytestmark = pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
each_model = pytest.mark.parametrize("model", MODELS)


@each_model
async def test_over_real_telnet_no_cut_session_is_stored_as_good(model: str) -> None:
    session = next(session for session in SESSIONS if session.name.startswith(model))
    dice = random.Random(model)
    damages = damages_for(session)
    sample = [(dice.randrange(*session.config_span), damage) for damage in damages]

    tally = Tally()
    async with asyncio.TaskGroup() as group:
        for cut, damage in sample[:: len(sample) // CUTS]:
            group.create_task(_collect(session, cut, damage, tally))

    assert tally.cuts >= CUTS
    assert tally.wrong == []


@each_model
async def test_over_real_telnet_the_undamaged_session_is_completed(model: str) -> None:
    session = next(session for session in SESSIONS if session.name.startswith(model))
    tally = Tally()

    await _collect(session, len(session.said), Damage("none"), tally, idle_s=20)

    assert (tally.completed, tally.wrong) == (1, [])


async def _collect(
    session: RecordedSession, cut: int, damage: Damage, tally: Tally, *, idle_s: float = 1.0
) -> None:
    limits = Limits(connect_s=20, idle_s=idle_s, deadline_s=60)
    tally.cuts += 1
    try:
        async with tcp_server(_server_of(DamagedStream(session, cut, damage))) as port:
            target = Target(
                device_id="r1", hostname="r1", address=HOST, port=port, protocol=Protocol.TELNET
            )
            capture = await fetch(
                target, (replace(LOGIN, enable_secret="lab-enable"),), session.platform, limits
            )
    except CollectError:
        tally.failed += 1
        return
    tally.add(session, f"{damage.name} at byte {cut}", capture.running)


def _server_of(
    stream: DamagedStream,
) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        async def speak() -> None:
            while said := await stream.read():
                writer.write(said.replace(b"\xff", b"\xff\xff"))
            writer.close()

        writer.write(b"Password: ")
        await reader.readuntil(b"\r\n")
        writer.write(b"\r\n")
        speaking = asyncio.create_task(speak())
        with suppress(CollectError):
            while typed := await reader.read(1024):
                await stream.write(typed.replace(b"\r\n", b"\r"))
        speaking.cancel()

    return serve
