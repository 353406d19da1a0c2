"""Devices of many vendors, versions and settings, none of which was recorded."""

from __future__ import annotations

import re

import pytest

from netraven.archive.grade import grade
from netraven.archive.redact import redact, token
from netraven.collect.conversation import Conversation
from netraven.collect.detect import detect
from netraven.collect.target import Target
from netraven.collect.walk import Pulse, Walk
from netraven.db.enums import BackupStatus
from netraven.platforms.literals import find_free_text
from tests.collect.clock import run_virtual
from tests.transcripts.cuts import (
    NOWHERE,
    QUIET,
    cut_session,
    damages_for,
    line_cuts,
    misanswer_session,
    of_another_device,
    written_session,
)
from tests.transcripts.recorded import (
    LIMITS,
    MOST_PAUSES,
    Damage,
    collect_running,
)
from tests.transcripts.written import PacedStream, Written, WrittenStream, written_devices

KEY = bytes(range(32))
SECRET = re.compile("«(.*?)»")
LINE_CUTS = 2

DEVICES = written_devices()
each_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)


@each_device
def test_its_configuration_comes_out_as_it_is(device: Written) -> None:
    running = run_virtual(collect_running(WrittenStream(device), device.declared))

    assert device.is_its_configuration(running.text), running.text
    verdict = grade(running, device.declared, None)
    assert verdict.status is BackupStatus.COMPLETED, verdict.reason


@each_device
def test_its_secrets_are_hidden_and_nothing_else(device: Written) -> None:
    view = redact(device.text, device.declared, KEY)

    shown = SECRET.sub(lambda match: token(match[1], KEY), device.config)
    assert view.split("\n") == shown.split("\n")


@each_device
def test_in_pieces_of_one_byte_it_is_the_same(device: Written) -> None:
    tally = cut_session(
        written_session(device), [NOWHERE], (Damage("in one-byte pieces", piece=1),)
    )

    assert tally.completed == 1
    assert tally.wrong == []


@each_device
@pytest.mark.parametrize("piece", [7, 31])
def test_with_pauses_below_the_idle_limit_it_is_the_same(device: Written, piece: int) -> None:
    stream = PacedStream(
        WrittenStream(device), piece=piece, pause_s=LIMITS.idle_s - 1, pauses=MOST_PAUSES
    )

    running = run_virtual(collect_running(stream, device.declared))

    assert device.is_its_configuration(running.text), running.text
    verdict = grade(running, device.declared, None)
    assert verdict.status is BackupStatus.COMPLETED, verdict.reason


@each_device
def test_cut_it_completes_nothing_else(device: Written) -> None:
    session = written_session(device)

    tally = cut_session(session, line_cuts(session, at_most=LINE_CUTS), damages_for(session))

    assert tally.wrong == []


@pytest.mark.parametrize(
    "device",
    [device for device in DEVICES if find_free_text(device.text, device.declared)],
    ids=lambda device: device.name,
)
def test_cut_within_free_text_each_time_alike_it_completes_nothing_else(device: Written) -> None:
    session = written_session(device)
    repeated = [damage for damage in damages_for(session) if damage.is_repeated]

    tally = cut_session(session, line_cuts(session), repeated)

    assert tally.wrong == []


@each_device
def test_its_wrong_answers_complete_nothing_else(device: Written) -> None:
    tally = misanswer_session(written_session(device))

    assert tally.wrong == []


@each_device
def test_another_device_is_quarantined_after_a_good_backup(device: Written) -> None:
    session = written_session(device)

    tally = cut_session(session, [NOWHERE], QUIET[:1], of_another_device(session))

    assert (tally.quarantined, tally.fired["hostname_differs"]) == (1, 1)


@pytest.mark.parametrize(
    "device",
    [device for device in DEVICES if device.says_what_it_is and not device.wants_login],
    ids=lambda device: device.name,
)
def test_it_is_known_as_what_it_is(device: Written) -> None:
    async def look() -> str:
        walk = Walk(Target(device_id="1", hostname="sw1", address="192.0.2.1"), (), Pulse())
        talk = Conversation(WrittenStream(device), LIMITS, ())
        return (await detect(talk, walk)).name

    assert run_virtual(look()) == device.platform
