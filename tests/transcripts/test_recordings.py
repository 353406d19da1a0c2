"""Every recorded session comes out as it was recorded, however the device behaves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from netraven.collect.session import Session
from netraven.errors import CollectError
from netraven.platforms.observation import Observation
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from tests.collect.clock import run_virtual
from tests.collect.memory import MODELS, Behaviour, LabStream, load_recordings
from tests.transcripts.recorded import LIMITS, collect_running

if TYPE_CHECKING:
    from devicelab.transcript import Transcript

CONFIG_COMMANDS = {
    "ios": "show running-config",
    "asa": "more system:running-config",
    "eos": "show running-config | no-more | exclude ! Time:",
    "junos": "show configuration | display omit",
    "aoscx": "show running-config",
}
CHATTER = re.compile(r"Building configuration\.\.\.|Current configuration : \d+ bytes")
# What the collector that made the expected output leaves out or alters in a configuration.
LEFT_OUT = re.compile(r":.*|! Last configuration change at .*|  expression .*|")

WAYS = {
    "as recorded": Behaviour(),
    "byte by byte": Behaviour(piece_bytes=(1, 1), pause_s=0),
    "in pieces of seven": Behaviour(piece_bytes=(1, 7), seed=5),
    "in large pieces": Behaviour(piece_bytes=(10**6, 10**6), seed=9),
    "slowly": Behaviour(latency_s=4, pause_s=2, seed=3),
    "paged": Behaviour(pages=True, seed=2),
    "paged byte by byte": Behaviour(pages=True, piece_bytes=(1, 1), pause_s=0),
    "behind enable": Behaviour(wants_enable=True),
    "behind enable and paged": Behaviour(wants_enable=True, pages=True, seed=4),
    "to the letter": Behaviour(is_strict=True),
}


def recordings() -> list[Transcript]:
    laboratory = Path(__file__).parents[3] / "shared" / "devicelab"
    return load_recordings(laboratory) if laboratory.is_dir() else []


RECORDINGS = recordings()
pytestmark = pytest.mark.skipif(
    not RECORDINGS, reason="the device laboratory is not beside this checkout (../shared/devicelab)"
)
each_recording = pytest.mark.parametrize(
    "recording", RECORDINGS, ids=[recording.name for recording in RECORDINGS]
)


@pytest.mark.parametrize("way", WAYS)
@each_recording
def test_the_configuration_is_what_the_device_printed(recording: Transcript, way: str) -> None:
    running, _ = collected(recording, WAYS[way])

    assert running.text == printed(recording)
    assert (running.echo_seen, running.prompt_seen, running.encoding) == (True, True, "utf-8")
    assert running.oddities == ()
    assert running.confirmed in {True, None}


@each_recording
def test_the_configuration_is_that_of_the_expected_output(recording: Transcript) -> None:
    running, _ = collected(recording)

    expected = significant(recording.expected_output)
    ours = significant(running.text)
    assert "\n".join(ours) in "\n".join(expected)


@each_recording
def test_the_host_name_is_read_from_the_prompt(recording: Transcript) -> None:
    running, _ = collected(recording)

    prompt = recording.script.prompt.decode().strip().strip(">#")
    assert running.hostname == prompt.rpartition("@")[2]


@each_recording
def test_the_session_leaves_as_a_person_would(recording: Transcript) -> None:
    _, stream = collected(recording)

    assert [entry.text for entry in stream.journal if entry.kind == "command"][-1] == "exit"


@each_recording
def test_a_wrong_enable_secret_is_refused_once_and_never_recorded(recording: Transcript) -> None:
    if recording.model == "junos":
        pytest.skip("Junos has no enable")

    async def attempt() -> tuple[CollectError, Session, LabStream]:
        stream = LabStream(recording, Behaviour(wants_enable=True))
        session = Session(stream, platform_of(recording), LIMITS, enable_secret="not-the-one")
        with pytest.raises(CollectError) as caught:
            await session.open()
        await stream.close()
        return caught.value, session, stream

    error, session, stream = run_virtual(attempt())

    assert error.code == "enable_refused"
    assert [entry.kind for entry in stream.journal].count("secret") == 1
    assert "not-the-one" not in session.dialogue.text() + str(error)


def collected(
    recording: Transcript, behaviour: Behaviour | None = None
) -> tuple[Observation, LabStream]:
    """Return the running configuration of a recorded device, and the stream it came by."""

    async def collect() -> tuple[Observation, LabStream]:
        stream = LabStream(recording, behaviour)
        return await collect_running(stream, platform_of(recording)), stream

    return run_virtual(collect())


def platform_of(recording: Transcript) -> Platform:
    platform = get_platform(MODELS[recording.model])
    assert platform is not None
    return platform


def printed(recording: Transcript) -> str:
    """Return the recorded answer to the configuration command, read without our code."""
    exchange = recording.script.exchanges[CONFIG_COMMANDS[recording.model]][0]
    text = b"".join(exchange.screens).decode().replace("\r", "")
    lines = text.split("\n")
    while lines and (not lines[0].strip() or CHATTER.fullmatch(lines[0])):
        lines.pop(0)
    return "\n".join(lines).rstrip("\n") + "\n"


def significant(text: str) -> list[str]:
    return [line for line in text.split("\n") if not LEFT_OUT.fullmatch(line)]
