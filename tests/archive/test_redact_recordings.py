"""The redacted view of recorded devices and of a synthetic fleet."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from netraven.archive.dialogues import show
from netraven.archive.redact import NOTHING_SHOWN, redact
from netraven.collect.limits import Limits
from netraven.collect.session import Session
from netraven.platforms.observation import Yields
from netraven.platforms.registry import get_platform
from tests.collect.memory import MODELS, Behaviour, LabStream, load_recordings
from tests.laboratory import RECORDINGS, admit_laboratory

if TYPE_CHECKING:
    from devicelab.transcript import Transcript

KEY = bytes(range(32))
TOKEN = re.compile("‹secret:[0-9a-f]{12}›")
# The lists of secrets name places by what another collector puts there, without the quotes.
ELSEWHERE_HIDDEN = re.compile(r"<?(?:(?:secret|configuration) )?(?:hidden|removed)>")
HIDDEN_HERE = '(?:[a-z]+ [0-9] )?"?‹secret:[0-9a-f]{12}›"?[^;\\\\n]*'
A_SECRET_MAY_STAND_IN = re.compile(
    r"(?i:pass|secret|key|community|snmp(?:-server)? (?:host|user)|://|-pwd|<prv>)"
    r"|^[A-Za-z0-9+/=]{20,}$"
)

# Lines that a terminal would draw over, and those beside a gap, are hidden whole.
DRAWN_OVER = re.compile(r"[\b]|\x1b\[[0-9;]*[HJK]|\r[^\r\n]|bytes left out")

# Counted by a person; the recordings that are not named hold none, or what a device has masked.
SECRET_LINES = {
    "aoscx#6000-48G_PL.10.13.0005": 5,
    "aoscx#CX6000-8G_10.16.1010_environment": 4,
    "aoscx#R0X25A-6410_FL.10.10.1100": 6,
    "aoscx#R8N85A-C6000-48G-CL4_PL.10.08.1010": 6,
    "arubainstant#IAP515_8.10.0.6_VWLC": 9,
    "asa#5512_9.12-4-67_single-context": 7,
    "eos#DCS-7050SX3-48YC8_4.29.2F": 3,
    "fortigate#FortiGate-91G_7.4.7": 12,
    "ios#C9200L-24P-4G_17.09.04a": 9,
    "ios#C9800-L-F-K9_17.06.05": 9,
    "ios#asr920_16.8.1b": 5,
    "ironware#ICX7150-48Z-HPOE": 1,
    "junos#srx300_22.4": 4,
    "junos#srx300_22.4_wo_cluster": 2,
    "netgear#GS752TPP_6.0.10.14": 4,
    "opnsense#nano_23.7": 8,
    "opnsense#nano_24.7": 5,
    "perle#SCG50-RRU_6.2.G3": 1,
    "tnsr#TNSR_25.02-2_long-config-and-pager-at-last-line": 4,
    "tplink#DS-P7001-08_1.0.0": 1,
}

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the device laboratory with its recordings is not here"
)


@cache
def recorded() -> tuple[str, ...]:
    names = (path.name.removesuffix("#output.txt") for path in RECORDINGS.glob("*#output.txt"))
    return tuple(sorted(name for name in names if name.partition("#")[0] in MODELS))


def texts(name: str) -> tuple[str, str]:
    """Return a recording's text and its redacted view."""
    text = (RECORDINGS / f"{name}#output.txt").read_text(encoding="utf-8")
    return text, redact(text, get_platform(MODELS[name.partition("#")[0]]), KEY)


def patterns(name: str, kind: str) -> list[str]:
    path = RECORDINGS / f"{name}#secret.yaml"
    return (
        (yaml.safe_load(path.read_text(encoding="utf-8")).get(kind) or []) if path.is_file() else []
    )


@pytest.mark.parametrize("name", recorded())
class TestRecordings:
    def test_no_listed_secret_is_left(self, name: str) -> None:
        _, view = texts(name)

        left = [p for p in patterns(name, "fail") if re.search(re.escape(p), view) or p in view]

        assert left == []

    def test_each_listed_place_holds_a_token(self, name: str) -> None:
        _, view = texts(name)

        wanted = [ELSEWHERE_HIDDEN.sub(HIDDEN_HERE, p) for p in patterns(name, "pass")]

        assert [p for p in wanted if not re.search(p, view, re.MULTILINE)] == []

    def test_only_lines_that_may_hold_a_secret_differ(self, name: str) -> None:
        text, view = texts(name)

        pairs = zip(text.split("\n"), view.split("\n"), strict=True)
        differing = [(line, shown) for line, shown in pairs if line != shown]

        assert [line for line, _ in differing if not A_SECRET_MAY_STAND_IN.search(line)] == []
        assert [line for line, shown in differing if not _is_line_but_for_tokens(shown, line)] == []

    def test_as_many_lines_hold_a_token_as_hold_a_secret(self, name: str) -> None:
        _, view = texts(name)

        hidden = [line for line in view.split("\n") if TOKEN.search(line)]

        assert len(hidden) == SECRET_LINES.get(name, 0)


@pytest.mark.long
async def test_the_dialogue_of_a_recorded_session_shows_no_secret(devicelab: Path) -> None:
    recordings = load_recordings(devicelab)

    dialogues = await asyncio.gather(*map(dialogue_of, recordings))

    for recording, dialogue in zip(recordings, dialogues, strict=True):
        name = f"{recording.model}#{recording.variant}"
        platform = get_platform(MODELS[recording.model])
        assert platform is not None
        shown = show(dialogue, platform, KEY)
        assert [p for p in patterns(name, "fail") if p in shown] == []
        if DRAWN_OVER.search(dialogue) is None:
            command = platform.commands_for(Yields.RUNNING)[0].text
            readings = len(re.findall(rf"{re.escape(command)}\r*\n", dialogue))
            hidden = [line for line in shown.split("\n") if TOKEN.search(line)]
            assert len(hidden) == SECRET_LINES.get(name, 0) * readings
            assert NOTHING_SHOWN not in shown


async def dialogue_of(recording: Transcript) -> str:
    platform = get_platform(MODELS[recording.model])
    assert platform is not None
    stream = LabStream(recording)
    secret = Behaviour().enable_secret
    session = Session(stream, platform, Limits(), enable_secret=secret)
    await session.open()
    _ = await session.run(platform.commands_for(Yields.RUNNING)[0])
    await stream.close()
    return session.dialogue.text()


def _is_line_but_for_tokens(shown: str, line: str) -> bool:
    return bool(re.fullmatch(".+".join(map(re.escape, TOKEN.split(shown))), line))


# Written from the descriptions of these commands; groups are the secrets.
FLEET_SECRETS = tuple(
    re.compile(pattern)
    for pattern in (
        r"enable secret 9 (\S+)",
        r"username netops privilege 15 secret 9 (\S+)",
        r"username backup privilege 15 password 7 (\S+)",
        r" ip ospf message-digest-key 1 md5 7 (\S+)",
        r" standby 1 authentication md5 key-string 7 (\S+)",
        r" neighbor \S+ password 7 (\S+)",
        r"snmp-server community (\S+) R[OW] 1[01]",
        r"snmp-server host \S+ version 2c (\S+)",
        r" key 7 (\S+)",
        r" password 7 (\S+)",
        r"ntp authentication-key 1 md5 (\S+) 7",
    )
)


@pytest.mark.parametrize("number", range(6))
def test_a_synthetic_device_shows_all_but_its_secrets(number: int) -> None:
    admit_laboratory()
    from devicelab.iosconfig import IosDevice  # noqa: PLC0415

    text = IosDevice(seed=7, number=number, size=30_000).running_config(3, 5)

    view = redact(text, get_platform("cisco_ios"), KEY)

    hidden = 0
    for line, shown in zip(text.split("\n"), view.split("\n"), strict=True):
        match = next((m for p in FLEET_SECRETS if (m := p.fullmatch(line))), None)
        if match is None:
            assert shown == line
        else:
            hidden += 1
            assert TOKEN.sub("", shown) == line[: match.start(1)] + line[match.end(1) :]
    assert hidden == 13
