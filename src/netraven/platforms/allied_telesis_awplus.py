"""Allied Telesis AlliedWare Plus."""

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

ALLIED_TELESIS_AWPLUS = Platform(
    name="allied_telesis_awplus",
    vendor="Allied Telesis",
    label="Allied Telesis AlliedWare Plus",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("allied_telesis_awplus",), oxidized=("awplus",), rancid=("at", "awplus")
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show system", yields=Yields.VERSION),
        Command(text="show running-config", yields=Yields.RUNNING),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    secrets=(hidden("fabric-key", r"^atmf authentication key {word}"), *CISCO_IOS),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"(?m:^Base +\d+ +(\S+))"),),
        serial=(re.compile(r"(?m:^Base .* (\S+)\s*$)"),),
        version=(re.compile(r"(?m:^Software version +: (\S+))"),),
    ),
)
