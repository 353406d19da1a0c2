"""Recordings without secrets, and platforms proven against them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest

from netraven.archive.secretspans import find_secrets
from netraven.collect.limits import Limits
from netraven.collect.recorder import RecordedSession, record
from netraven.collect.recording import Exchange, Recording, read_recording, write_recording
from netraven.collect.target import Login, Protocol, Target
from netraven.lab import Fleet
from netraven.lab.spec import DeviceSpec
from netraven.platforms.observation import Yields
from netraven.platforms.own import read_platform
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from netraven.tasks.disguise import disguise
from netraven.tasks.proving import Proving, follow
from tests.collect.clock import run_virtual

PASSWORD = "correct-horse-battery"
ENABLE = "enable-horse-battery"
PLATFORMS = ("cisco_ios", "arista_eos", "juniper_junos", "aruba_aoscx", "cisco_asa")


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


async def record_device(name: str, *, is_telnet: bool = False) -> RecordedSession:
    """Record a simulated device over real SSH or telnet."""
    wants_enable = platform(name).enable is not None
    spec = DeviceSpec(
        hostname="edge-1",
        platform=name,
        password=PASSWORD,
        enable_secret=ENABLE if wants_enable else None,
        is_telnet=is_telnet,
    )
    async with Fleet([spec]) as fleet:
        endpoint = fleet.endpoints[0]
        target = Target(
            device_id="1",
            hostname="edge-1",
            address=endpoint.address,
            port=endpoint.port,
            protocol=Protocol.TELNET if is_telnet else Protocol.SSH,
        )
        login = Login(name="lab", username="netraven", password=PASSWORD, enable_secret=ENABLE)
        return await record(target, (login,), platform(name), Limits())


@cache
def recorded(name: str) -> tuple[RecordedSession, Recording]:
    session = asyncio.run(record_device(name))
    return session, disguise(session, platform(name), (PASSWORD, ENABLE))


def proven(recording: Recording, known: Platform) -> Proving:
    """Prove a platform where waiting takes no time."""
    return run_virtual(follow(recording, known))


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_recorded_session_proves_its_platform_and_holds_no_secret(name: str) -> None:
    session, recording = recorded(name)

    text = write_recording(recording)
    proving = proven(read_recording(text, "edge-1.yaml"), platform(name))

    assert [step.finding for step in proving.steps if not step.is_ok] == []
    assert proving.is_compared
    assert [one.yields for one in proving.observations].count(Yields.RUNNING) == 1
    values = secrets_of(session, platform(name))
    assert len(values) > 4
    assert [value for value in {*values, PASSWORD, ENABLE} if value in text] == []


def test_a_session_over_telnet_is_recorded_from_its_prompt_on() -> None:
    session = asyncio.run(record_device("cisco_ios", is_telnet=True))

    recording = disguise(session, platform("cisco_ios"), (PASSWORD, ENABLE))

    assert proven(recording, platform("cisco_ios")).is_proven
    assert PASSWORD not in write_recording(recording)


def test_the_same_secret_is_replaced_by_the_same_text() -> None:
    said = (
        b"show run\r\nsnmp-server community s3cretive RO\r\n"
        b"snmp-server host 192.0.2.1 s3cretive\r\nend\r\nr1#"
    )
    session, recording = recorded("cisco_ios")
    running = next(one for one in session.observations if one.yields is Yields.RUNNING)
    text = said.decode().replace("\r", "").removeprefix("show run\n").removesuffix("r1#")
    session = replace(
        session,
        exchanges=(Exchange(typed="show run", said=said),),
        observations=(replace(running, text=text),),
    )

    recording = disguise(session, platform("cisco_ios"), ())

    words = recording.exchanges[0].said.split()
    assert words[4] == words[9]
    assert (len(words[4]), words[4][1:2].isdigit()) == (9, True)
    assert words[4] != b"s3cretive"


class TestDifferences:
    """What is said of a platform that is wrong for its recording."""

    DECLARED = "name: acme\nextends: cisco_ios\n"

    def faults(self, declared: str) -> Sequence[str]:
        acme = read_platform(self.DECLARED + declared, "acme.yaml")
        proving = proven(recorded("cisco_ios")[1], acme)
        assert not proving.is_proven
        return [
            "; ".join((step.finding, *step.details)) for step in proving.steps if not step.is_ok
        ]

    def test_a_prompt_that_does_not_match(self) -> None:
        (fault,) = self.faults("prompt: '[a-z]+!'\n")

        assert "the device was silent for 2 s while waiting for the first prompt" in fault
        assert "a prompt of acme is a last line that matches `[a-z]+!`" in fault
        assert "more that line is a prompt" in fault

    def test_a_command_that_was_not_recorded(self) -> None:
        (fault,) = self.faults("commands: [{text: show all, yields: running}]\n")

        assert fault == "the command for `running` is not in the recording"

    def test_an_end_that_does_not_come(self) -> None:
        faults = self.faults("complete: {end: finished}\n")

        assert any("grade C: the configuration breaks off before its end" in one for one in faults)

    def test_another_reading_of_the_same(self) -> None:
        recording = recorded("cisco_ios")[1]
        wrong = replace(recording.answers[-1], text="hostname other\nend\n")
        answers = (*recording.answers[:-1], wrong)

        proving = proven(replace(recording, answers=answers), platform("cisco_ios"))

        (step,) = (step for step in proving.steps if not step.is_ok)
        assert "it differs from what was recorded" in step.finding
        assert step.details[0] == "line 1 was recorded as 'hostname other'"
        assert step.details[2].startswith("2 lines were recorded, ")


def secrets_of(session: RecordedSession, known: Platform) -> set[str]:
    """Return the secrets of the configurations, those of several lines apart."""
    return {
        content[found.start : found.end].decode()
        for one in session.observations
        for content in [one.text.encode()]
        for found in find_secrets(content, known)
        if found.end - found.start > 5
    }
