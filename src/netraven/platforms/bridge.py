"""Platforms that Netmiko knows and NetRaven does not: `netmiko:<device_type>`.

What Netmiko's name stands for is taken from the platform of that name where there is one; for any
other, nothing is known but the usual commands. So two readings of it must agree, nothing is taken
for volatile, and whatever might be a secret is shown as one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    BlockSyntax,
    Command,
    Completeness,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import HiddenValue, SecretRule

PREFIX: Final = "netmiko"
_DEVICE_TYPE: Final = re.compile(r"[a-z][a-z0-9_]{1,50}")

CAUTIOUS: Final[tuple[SecretRule, ...]] = (
    HiddenValue(
        name="behind-a-word",
        pattern=r"(?:pass|secret|key|communit|token|psk|phrase|credential|cert|cipher|crypt|hash"
        r"|auth|priv|sign|pin\b|md5|sha)[^ \t=:]*[ \t]*[ \t=:][ \t]*(\S.*)$",
        anywhere=True,
    ),
    HiddenValue(
        name="of-a-person-or-server",
        pattern=r"^[ \t]*(?:set[ \t]+|add[ \t]+|config[ \t]+)*"
        r"(?:snmp|radius|tacacs|ldap|user|admin|login|account|ppp|wlan|wifi|wpa)\S*[ \t]+(\S.*)$",
        anywhere=True,
    ),
    HiddenValue(
        name="long-and-unreadable",
        pattern=r"([A-Za-z0-9+/=_.$-]*[0-9][A-Za-z0-9+/=_.$-]{15,})",
        anywhere=True,
    ),
    *UNIVERSAL,
)
"""For text of which nobody knows what is secret in it: too much is hidden, not too little."""

_ANY: Final = Platform(
    name=PREFIX,
    vendor="any",
    label="Netmiko's",
    proof=Proof.BRIDGED,
    prompt=re.compile(r"(?P<name>[^\s>#$%\]]*)[^\n]{0,120}[>#$%\]]"),
    commands=(
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            alternatives=(
                "show configuration",
                "show config",
                "display current-configuration",
                "show full-configuration",
            ),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(*CLI_REFUSALS, re.compile(r"(?i:% ?|error\b|.*(?:command not found|syntax error))")),
    intruders=LOG_LINES,
    secrets=CAUTIOUS,
    comment="#",
    blocks=BlockSyntax.FLAT,
)


def is_bridged(platform: Platform) -> bool:
    """Tell whether sessions with the platform are Netmiko's."""
    return platform.bridge != ""


@lru_cache(maxsize=512)
def bridged(device_type: str, known: Platform | None) -> Platform | None:
    """Return the platform `netmiko:<device_type>`; None for what cannot be such a name.

    `known` is the platform that NetRaven maps the name to. The same name gives the same object.
    """
    if _DEVICE_TYPE.fullmatch(device_type) is None:
        return None
    name = f"{PREFIX}:{device_type}"
    if known is None:
        return replace(_ANY, name=name, label=f"Netmiko's {device_type}", bridge=device_type)
    return replace(
        known,
        name=name,
        label=f"{known.label}, by Netmiko",
        proof=Proof.BRIDGED,
        recordings=0,
        bridge=device_type,
        commands=tuple(command for command in known.commands if command.file is None),
    )
