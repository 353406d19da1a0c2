"""Every recorded session comes out as it was recorded, however the device behaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from netraven.collect.session import Session
from netraven.collect.terminal import visible_line
from netraven.errors import CollectError
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from tests.collect.clock import run_virtual
from tests.collect.memory import MODELS, Behaviour, LabStream, load_recordings
from tests.laboratory import IS_ABSENT, LABORATORY, WHY_SKIPPED
from tests.transcripts.recorded import LIMITS, collect_running

if TYPE_CHECKING:
    from devicelab.transcript import Transcript

CHATTER = {
    "ios": re.compile(r"Building configuration\.\.\.|Current configuration : \d+ bytes"),
    "ironware": re.compile(r"Current configuration:"),
    "perle": re.compile(r"Building running-config . . . "),
}
NOTHING = re.compile("")
PASTE_MODE = re.compile(r"\x1b\[\?2004[hl]")
# What the collector that made the expected output leaves out or alters in a configuration.
LEFT_OUT = re.compile(
    r":.*|! Last configuration change at .*|  expression .*|#conf_file_ver=.*|! ?|# ?"
    r"|! System Up Time: .*|</opnsense>.*|# (?:cat|grep) .*|\s*###### .* ######|\s*"
)

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


COSTLY = {"byte by byte", "paged byte by byte"}
MANY_BYTES = 20_000


def recordings() -> list[Transcript]:
    return [] if IS_ABSENT else load_recordings(LABORATORY)


RECORDINGS = recordings()
pytestmark = pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
each_recording = pytest.mark.parametrize(
    "recording", RECORDINGS, ids=[recording.name for recording in RECORDINGS]
)


@pytest.mark.parametrize("way", WAYS)
@each_recording
def test_the_configuration_is_what_the_device_printed(recording: Transcript, way: str) -> None:
    if "enable" in way and not has_enable(recording):
        pytest.skip("the platform has no enable")
    if way in COSTLY and recording.path.stat().st_size > MANY_BYTES:
        pytest.skip("left to python -m tests.transcripts.cuts, which plays it byte by byte")
    running, _ = collected(recording, WAYS[way])

    assert running.text == printed(recording, running)
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

    assert running.hostname
    prompt = visible_line(recording.script.prompt)
    assert prompt.replace(running.hostname, "NAME") in {
        "NAME#",
        "NAME #",
        "NAME>",
        "<NAME>",
        "NAME tnsr#",
        "SSH@NAME#",
        "backup@NAME>",
        "NAME@NAME:mgmt:~$",
        "root@NAME:~#",
        "root@NAME:~ #",
    }


@each_recording
def test_the_session_leaves_as_a_person_would(recording: Transcript) -> None:
    _, stream = collected(recording)

    leaving = platform_of(recording).leave[0]
    assert leaving in [entry.text for entry in stream.journal if entry.kind == "command"][-2:]


@each_recording
def test_a_wrong_enable_secret_is_refused_once_and_never_recorded(recording: Transcript) -> None:
    if not has_enable(recording):
        pytest.skip("the platform has no enable")

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


def has_enable(recording: Transcript) -> bool:
    enable = platform_of(recording).enable
    return enable is not None and enable.from_suffix == ">"


def printed(recording: Transcript, running: Observation) -> str:
    """Return the recorded answers that the configuration is made of, read without our code.

    An answer in pages is read as the collector did that made the expected output.
    """
    (command,) = platform_of(recording).commands_for(Yields.RUNNING)
    parts = command.parts if running.command == "; ".join(command.parts) else ()
    if not parts:
        return answered(recording, running.command, running)
    return "".join(
        f"# {text}\n{answered(recording, text, running)}"
        for text in parts
        if text in recording.script.exchanges
    )


def answered(recording: Transcript, command: str, running: Observation) -> str:
    screens = recording.script.exchanges[command][0].screens
    if len(screens) > 1:
        assert "\n".join(significant(running.text)) in "\n".join(
            significant(recording.expected_output)
        )
        return running.text
    text = PASTE_MODE.sub("", screens[0].decode()).replace("\r", "")
    lines = text.split("\n")
    chatter = CHATTER.get(recording.model, NOTHING)
    while lines and (not lines[0].strip() or chatter.fullmatch(lines[0])):
        lines.pop(0)
    return "\n".join(lines).rstrip("\n") + "\n"


def significant(text: str) -> list[str]:
    return [line for line in text.split("\n") if not LEFT_OUT.fullmatch(line)]
