"""Promise 1: of a session that is cut or spoilt, nothing is completed that differs from the whole.

Every recorded session is cut behind lines and at random bytes: a sample of what
`python -m tests.transcripts.cuts` does behind every line. What follows the cut is the
end of the connection, silence, an error, a prompt (the device's own or another's), a pager, a log
message; and each of these is also put in between, the rest of the recording following it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import pytest
from asyncssh import SSHReader, SSHWriter

from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.errors import CollectError
from tests.collect.peers import LOGIN, Device, Talk
from tests.laboratory import IS_ABSENT, WHY_SKIPPED
from tests.transcripts.cuts import (
    NOWHERE,
    QUIET,
    Tally,
    cut_session,
    damages_for,
    line_cuts,
    misanswer_session,
    of_another_device,
    random_cuts,
    recorded_sessions,
    wholes_of,
)
from tests.transcripts.recorded import Damage, DamagedStream, RecordedSession

SESSIONS = recorded_sessions()
LINE_CUTS = 8
RANDOM_CUTS = 3
COUNTS = ("cuts", "completed", "quarantined", "failed", "wrong")
SSH_CUTS = 6

pytestmark = pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
each_session = pytest.mark.parametrize(
    "session", SESSIONS, ids=[session.name for session in SESSIONS]
)


@each_session
def test_the_undamaged_session_is_completed(session: RecordedSession) -> None:
    tally = cut_session(session, [NOWHERE], damages_for(session)[:1])

    assert tally.completed == tally.cuts


@each_session
def test_it_is_completed_also_with_pauses_below_the_idle_limit(session: RecordedSession) -> None:
    paused = [damage for damage in wholes_of(session) if damage.pause_s]

    tally = cut_session(session, [NOWHERE], paused)

    assert (tally.completed, tally.fired) == (1, {})


@each_session
def test_an_answer_that_is_doubled_missing_or_anothers_completes_nothing_else(
    session: RecordedSession,
) -> None:
    tally = misanswer_session(session)

    assert tally.wrong == []


@each_session
def test_another_devices_session_is_quarantined_after_a_good_backup(
    session: RecordedSession,
) -> None:
    tally = cut_session(session, [NOWHERE], QUIET[:1], of_another_device(session))

    assert (tally.quarantined, tally.fired["hostname_differs"]) == (1, 1)


@each_session
def test_a_session_cut_behind_a_line_completes_nothing_else(
    session: RecordedSession, record_property: Callable[[str, object], None]
) -> None:
    tally = cut_session(session, line_cuts(session, at_most=LINE_CUTS), damages_for(session))

    # Plain values: what travels between the processes of the tests takes no others.
    counts = {name: getattr(tally, name) for name in COUNTS}
    record_property("cut", {"session": session.name, "counts": counts})
    assert tally.wrong == []


@each_session
def test_a_session_cut_at_random_bytes_completes_nothing_else(session: RecordedSession) -> None:
    cuts = random_cuts(session, RANDOM_CUTS, seed=1)

    tally = cut_session(session, cuts, damages_for(session))

    assert tally.wrong == []


@pytest.mark.parametrize("model", ["ios", "asa", "eos", "junos", "aoscx"])
async def test_the_same_holds_over_real_ssh(model: str) -> None:
    session = next(session for session in SESSIONS if session.name.startswith(model))
    dice = random.Random(model)
    sample = [(dice.randrange(*session.config_span), damage) for damage in damages_for(session)][
        :: len(damages_for(session)) // SSH_CUTS
    ]

    tally = Tally()
    async with asyncio.TaskGroup() as group:
        for cut, damage in sample:
            group.create_task(_collect_over_ssh(session, cut, damage, tally))

    assert tally.cuts == len(sample)
    assert tally.wrong == []


async def test_over_real_ssh_the_undamaged_session_is_completed() -> None:
    session = SESSIONS[-1]
    tally = Tally()

    await _collect_over_ssh(session, len(session.said), Damage("none"), tally, idle_s=20)

    assert tally.completed == 1


async def _collect_over_ssh(
    session: RecordedSession, cut: int, damage: Damage, tally: Tally, *, idle_s: float = 1.0
) -> None:
    device = Device(talk=_talk_of(DamagedStream(session, cut, damage)))
    limits = Limits(connect_s=20, idle_s=idle_s, deadline_s=60)
    tally.cuts += 1
    try:
        async with device.served() as served:
            capture = await fetch(served.target(), (LOGIN,), session.platform, limits)
    except CollectError:
        tally.failed += 1
        return
    tally.add(session, f"{damage.name} at byte {cut}", capture.running)


def _talk_of(stream: DamagedStream) -> Talk:
    async def talk(reader: SSHReader[bytes], writer: SSHWriter[bytes]) -> None:
        async def speak() -> None:
            while said := await stream.read():
                writer.write(said)
            writer.channel.close()

        speaking = asyncio.create_task(speak())
        with suppress(CollectError):
            while typed := await reader.read(1024):
                await stream.write(typed)
        speaking.cancel()

    return talk
