"""Ruijie RGOS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_PROMPT, CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import hidden

RUIJIE_OS = Platform(
    name="ruijie_os",
    vendor="Ruijie",
    label="Ruijie RGOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("ruijie_os", "ruijie_os_telnet"), oxidized=("ruijie",)),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0", "terminal width 256"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(
                r"Building configuration\.\.\.|Current configuration ?: ?\d+ bytes.*"
            ),
        ),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    secrets=(
        hidden("portal-key", r"^web-auth portal key {type}{word}"),
        hidden("credential", r"^credential {type}{word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"(?m:^System description +: .*\((\S+?)\))"),),
        serial=(re.compile(r"(?m:^System serial number +: (\S+))"),),
        version=(re.compile(r"(?m:^System software version +: (\S+))"),),
    ),
)
