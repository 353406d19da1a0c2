"""The redacted view of recorded devices and of a synthetic fleet."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from netraven.archive.redact import redact
from netraven.platforms.registry import get_platform
from tests.collect.memory import MODELS

LABORATORY = Path(__file__).parents[3] / "shared" / "devicelab"
RECORDINGS = LABORATORY / "transcripts"
KEY = bytes(range(32))
TOKEN = re.compile("‹secret:[0-9a-f]{12}›")
# The lists of secrets name places by what another collector puts there, without the quotes.
ELSEWHERE_HIDDEN = re.compile(r"<(?:secret|configuration) (?:hidden|removed)>")
HIDDEN_HERE = '"?‹secret:[0-9a-f]{12}›"?[^;\\\\n]*'
A_SECRET_MAY_STAND_IN = re.compile(r"password|passwd|secret|key|community|snmp-server host|://")

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
    sys.path.insert(0, str(LABORATORY))
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
