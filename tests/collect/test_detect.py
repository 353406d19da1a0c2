"""Devices tell what they are: recorded ones, the lab's, and ones that do not say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from netraven.collect.conversation import Conversation
from netraven.collect.detect import detect
from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.target import Login, Protocol, Target
from netraven.collect.walk import Pulse, Walk
from netraven.errors import CollectError
from netraven.lab import DeviceSpec, Fleet
from netraven.platforms.fingerprints import FINGERPRINTS
from netraven.platforms.undetermined import UNDETERMINED
from tests.collect.clock import run_virtual
from tests.collect.memory import MODELS, Behaviour, LabStream, load_recordings
from tests.collect.scripted import ScriptedDevice
from tests.laboratory import IS_ABSENT, LABORATORY, WHY_SKIPPED

if TYPE_CHECKING:
    from devicelab.transcript import Transcript

LIMITS = Limits(idle_s=10, deadline_s=120)
RECORDINGS = [] if IS_ABSENT else load_recordings(LABORATORY)

SILENT = {"cumulus-MSN2010_5.9.2_nvue"}
"""Recordings without an answer to any command by which their platform is known."""

Connect = Callable[[], LabStream | ScriptedDevice]


def found(connect: Connect, name: str = "sw1") -> tuple[str, list[str]]:
    """Return the platform that is found, or what is said instead, and what was typed."""

    async def look() -> tuple[str, list[str]]:
        target = Target(device_id=name, hostname=name, address="192.0.2.1")
        walk = Walk(target, (), Pulse())
        stream = connect()
        talk = Conversation(stream, LIMITS, ())
        try:
            platform = (await detect(talk, walk)).name
        except CollectError as error:
            platform = str(error)
        finally:
            await stream.close()
        return platform, typed_on(stream)

    return run_virtual(look())


def typed_on(stream: LabStream | ScriptedDevice) -> list[str]:
    if isinstance(stream, ScriptedDevice):
        return [typed.removesuffix("\r") for typed in stream.typed]
    return [entry.text for entry in stream.journal if entry.kind == "command"]


@pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
@pytest.mark.parametrize("recording", RECORDINGS, ids=[one.name for one in RECORDINGS])
def test_a_recorded_device_is_detected_and_never_as_another(recording: Transcript) -> None:
    platform, asked = found(lambda: LabStream(recording, Behaviour(seed=3)))

    assert len(asked) <= 3
    if recording.name in SILENT:
        assert platform.startswith("sw1 does not say which platform it is")
    else:
        assert platform == MODELS[recording.model]


# Devices of the lab over the network


SSH, TELNET = Protocol
BY_SSH = ("cisco_ios", "cisco_asa", "arista_eos", "juniper_junos", "aruba_aoscx", "frr", "linux")


@pytest.mark.parametrize(
    ("name", "protocol"),
    [*((name, SSH) for name in BY_SSH), ("cisco_ios", TELNET), ("linux", TELNET)],
)
async def test_an_undetermined_device_is_collected_as_what_it_is(
    name: str, protocol: Protocol
) -> None:
    spec = DeviceSpec(
        hostname="sw1",
        platform=name,
        password="correct-horse",
        enable_secret="en-secret",
        is_telnet=protocol is Protocol.TELNET,
    )
    async with Fleet([spec]) as fleet:
        at = fleet.endpoint("sw1")
        target = Target(
            device_id="sw1", hostname="sw1", address=at.address, port=at.port, protocol=protocol
        )
        login = Login(
            name="lab", username=at.username, password=at.password, enable_secret=at.enable_secret
        )
        capture = await fetch(target, (login,), UNDETERMINED, LIMITS)

    assert capture.platform.name == name
    assert capture.running.text


# Devices that do not say, or say two things

VERSION = "show version"
CISCO = "Cisco IOS Software, C2960 Software, Version 15.0(2)SE\r\n"


def device(greeting: str, answers: dict[str, str], prompt: str = "sw1#") -> Connect:
    script = {command: f"{command}\r\n{text}{prompt}".encode() for command, text in answers.items()}
    return lambda: ScriptedDevice(f"{greeting}{prompt}".encode(), script)


REFUSED = dict.fromkeys(
    [ask for mark in FINGERPRINTS.values() for ask in mark.asks], "% Invalid input\r\n"
)


def test_a_banner_that_lies_is_not_believed_against_an_answer() -> None:
    greeting = "--- JUNOS 22.4R3-S2.11 built 2024-05-10\r\n"

    platform, _ = found(device(greeting, {**REFUSED, VERSION: CISCO}))

    assert platform == "cisco_ios"


def test_two_platforms_in_one_answer_are_no_answer() -> None:
    both = CISCO + "Cisco Nexus Operating System (NX-OS) Software\r\n"

    said, asked = found(device("", {**REFUSED, VERSION: both}))

    assert said == (
        "sw1 does not say which platform it is (the prompt sw1#; asked 'show version');"
        " it could be cisco_ios or cisco_nxos;"
        " set it with `netraven device update sw1 --platform NAME`"
    )
    assert asked == [VERSION]


def test_a_device_that_answers_nothing_is_asked_three_times_at_most() -> None:
    said, asked = found(device("Hello\r\n", REFUSED))

    assert "does not say which platform it is" in said
    assert len(asked) == 3


def test_nothing_is_typed_into_a_menu() -> None:
    menu = "*** fw1.example.net: OPNsense 24.7 ***\r\n 8) Shell\r\n"

    platform, asked = found(device(menu, {}, prompt="Enter an option: "))

    assert (platform, asked) == ("opnsense", [])


def test_a_pager_and_a_key_to_press_do_not_stop_it() -> None:
    script: dict[str, bytes | tuple[bytes, ...] | list[bytes]] = {
        "": b"\r\nsw1#",
        VERSION: b"show version\r\nCopyright\r\n --More-- ",
        " ": b"\r        \r" + CISCO.encode() + b"sw1#",
    }

    platform, _ = found(lambda: ScriptedDevice(b"Press any key to continue", script))

    assert platform == "cisco_ios"


def test_a_screen_without_a_prompt_is_said_to_have_none() -> None:
    said, _ = found(lambda: ScriptedDevice(b"Choose wisely, traveller ...", {"": b""}))

    assert said.startswith("sw1 shows no prompt that is known; set its platform")
