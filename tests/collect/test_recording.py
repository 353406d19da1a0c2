"""Files of recorded sessions: written, read again, and what is said of wrong ones."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.collect.recording import (
    Answer,
    Exchange,
    Recording,
    read_recording,
    write_recording,
)
from netraven.errors import Invalid
from netraven.platforms.observation import Yields
from tests.laboratory import IS_ABSENT, RECORDINGS, WHY_SKIPPED

GREETING = Exchange(typed=None, said=b"\r\nWelcome \x1b[1mall\x1b[0m\r\ncore-1#", took_s=0.25)
SHOWN = Exchange(typed="show run", said=b'show run\r\nhostname "x" \\ y\r\nend\r\ncore-1#')
ANSWER = Answer(yields=Yields.RUNNING, command="show run", text='hostname "x" \\ y\nend\n')
SIMULATION = r"""
init_prompt: |-
  \e[4m\rr1#\e[m\x20
commands:
  - "show version\n": |-
      show version
      Version 1.2
      r1#\u00e9
  - " ": "x"
  - "/etc/passwd": no session
"""


def test_what_is_written_is_read_to_the_same() -> None:
    recording = Recording(platform="cisco_ios", exchanges=(GREETING, SHOWN), answers=(ANSWER,))

    assert read_recording(write_recording(recording), "a.yaml") == recording


def test_it_is_a_text_that_people_read() -> None:
    text = write_recording(Recording(platform="cisco_ios", exchanges=(GREETING, SHOWN)))

    assert '  - typed: "show run"\n' in text
    assert '      - "hostname \\"x\\" \\\\ y\\r\\n"\n' in text
    assert "platform: cisco_ios\n" in text


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.text(max_size=20))
def test_whatever_devices_say_survives(said: list[bytes], typed: str) -> None:
    exchanges = tuple(Exchange(typed=typed, said=piece) for piece in said)
    recording = Recording(platform=None, exchanges=exchanges)

    assert read_recording(write_recording(recording), "a.yaml") == recording


def test_a_simulation_of_another_tool_is_read() -> None:
    recording = read_recording(SIMULATION, "r1#simulation.yaml")

    greeting, version, key = recording.exchanges
    assert greeting.said == b"\x1b[4m\rr1#\x1b[m "
    assert version.typed == "show version"
    assert version.said == "show version\r\nVersion 1.2\r\nr1#é".encode()
    assert (key.typed, key.said) == (" ", b"x")
    assert recording.is_partial
    assert recording.platform is None


@pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
def test_all_sessions_of_the_laboratory_are_read() -> None:
    read = 0
    for path in sorted(RECORDINGS.glob("*simulation.yaml")):
        text = path.read_text(encoding="utf-8")
        with suppress(Invalid):
            read += bool(read_recording(text, path.name).exchanges)

    assert read > 30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", "line 1, column 1: it is no recorded session"),
        ("recording: 2\n", "line 1, column 12: recording: this NetRaven reads format 1"),
        ("recording: 1\n", "line 1, column 1: `session` is missing"),
        ("recording: 1\nsession: []\n", "line 2, column 10: session: nothing was recorded"),
        ("recording: 1\nsession: [{typed: a}]\n", "line 2, column 11: session[1]: `said` is"),
        ("recording: 1\nencoding: ebcdic\n", "line 2, column 11: encoding: utf-8 or latin-1"),
        (
            "recording: 1\nencoding: latin-1\nsession: [{typed: a, said: ['\u0142']}]\n",
            "line 3, column 28: session[1].said: it holds characters that latin-1 has not",
        ),
        (
            "recording: 1\nsession: [{typed: a, said: [], took_s: -1}]\n",
            "line 2, column 40: session[1].took_s: a number from 0 is due here",
        ),
        ("commands: {}\n", "line 1, column 1: `init_prompt` holds no prompt"),
        ("init_prompt: x\ncommands: {}\n", "line 2, column 11: commands: no command was"),
        ("hostname core-1\nend\n", "line 1, column 1: keys with values are due here"),
        ("", "it is empty"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_recording(text, "a.yaml")

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
