"""A configuration that is a file, copied from real SSH servers that behave well and badly."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from asyncssh import SSHReader, SSHWriter

from netraven.archive.grade import grade
from netraven.archive.normalise import normalise
from netraven.collect.capture import Capture
from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.db.enums import Grade
from netraven.errors import (
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    OutputTooLarge,
    SessionLost,
)
from netraven.platforms.apc_aos import APC_AOS
from netraven.platforms.facts import read_facts
from tests.collect.memory import FILES
from tests.collect.peers import LOGIN, Device, Talk
from tests.collect.test_laboratory import laboratory, login_of, target_of
from tests.laboratory import IS_ABSENT, WHY_SKIPPED

CONFIG = b"; generated\r\n[NetworkTCP/IP]\r\nHostName=ups-1\r\n; caf\xc3\xa9\r\n"
HEADER = b"C0644 %d config.ini\n" % len(CONFIG)
LIMITS = Limits(connect_s=20, idle_s=2, deadline_s=30)


def card(*said: bytes, closes: bool = True) -> Talk:
    """Return a card that says these in turn to a copy, each after the client's sign."""

    async def talk(reader: SSHReader[bytes], writer: SSHWriter[bytes]) -> None:
        if writer.channel.get_command() is None:
            writer.write(b"apc>")
            while line := (await reader.readuntil(b"\r")).decode().strip() or "-":
                if line == "exit":
                    return
                writer.write(f"{line}\r\nE000: Success\r\napc>".encode())
        for piece in said:
            assert await reader.readexactly(1) == b"\0"
            writer.write(piece)
        if not closes:
            await asyncio.sleep(60)

    return talk


async def copied(talk: Talk, limits: Limits = LIMITS) -> Capture:
    async with Device(talk=talk).served() as served:
        return await fetch(served.target("ups-1"), (LOGIN,), APC_AOS, limits)


async def test_the_file_is_what_the_device_holds_and_proven_by_its_size() -> None:
    capture = await copied(card(HEADER, CONFIG + b"\0"))

    verdict = grade(capture.running, APC_AOS, None)
    assert capture.running.text == CONFIG.decode().replace("\r\n", "\n")
    assert (verdict.grade, verdict.evidence["proof"]) == (Grade.A, "its declared length")


async def test_times_before_the_size_are_taken_note_of() -> None:
    capture = await copied(card(b"T1700000000 0 1700000000 0\n", HEADER, CONFIG + b"\0"))

    assert "HostName=ups-1" in capture.running.text


@pytest.mark.parametrize("cut", [0, 1, len(CONFIG) - 1, len(CONFIG)])
async def test_a_copy_that_breaks_off_is_no_copy(cut: int) -> None:
    with pytest.raises(SessionLost, match=f"{cut} of {len(CONFIG) + 1} bytes arrived"):
        await copied(card(HEADER, CONFIG[:cut]))


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ((b"\x01scp: config.ini: No such file\n",), DialogueFailed, "No such file"),
        ((b"Usage: what\n",), DialogueFailed, "Usage: what"),
        ((HEADER, CONFIG + b"\x01"), DialogueFailed, "could not read all of it"),
        ((b"",), SessionLost, "ended the copy"),
    ],
)
async def test_a_refusal_is_told(
    said: tuple[bytes, ...], error: type[CollectError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await copied(card(*said))


@pytest.mark.parametrize("said", [(b"C0644 ",), (HEADER, CONFIG[:10])])
async def test_a_silent_device_is_not_waited_for_longer_than_the_idle_time(
    said: tuple[bytes, ...],
) -> None:
    with pytest.raises(DeviceTimeout, match=r"silent for 0\.5 s while copying a file"):
        await copied(card(*said, closes=False), replace(LIMITS, idle_s=0.5))


async def test_a_file_larger_than_allowed_is_not_begun() -> None:
    with pytest.raises(OutputTooLarge, match=r"config\.ini has more than 1000 bytes"):
        await copied(card(b"C0644 1001 config.ini\n"), replace(LIMITS, max_bytes=1000))


@pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
async def test_a_recorded_card_gives_the_file_that_was_recorded() -> None:
    async with laboratory(only=list(FILES)) as lab:
        (endpoint,) = lab.endpoints
        login = login_of(endpoint)
        capture = await fetch(target_of(endpoint), (login,), APC_AOS, Limits())
        expected = endpoint.transcript.expected_output

    facts = read_facts(capture.observations, APC_AOS)
    assert normalise(capture.running.text, APC_AOS).strip() in expected
    assert capture.running.text.splitlines()[4].startswith("; Configuration file, generated on ")
    assert grade(capture.running, APC_AOS, None).grade is Grade.A
    assert (facts.hostname, facts.model, facts.version) == ("APC-0007", "SMT750IC", "2.5.0.8")
