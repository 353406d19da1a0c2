"""Extreme Networks ERS and Avaya BOSS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_PROMPT, CLI_REFUSALS, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    FactRules,
    Pager,
    Platform,
    Proof,
    Question,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

EXTREME_ERS = Platform(
    name="extreme_ers",
    vendor="Extreme Networks",
    label="Extreme Networks ERS (BOSS)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("extreme_ers", "avaya_ers"), oxidized=("boss",), rancid=("avaya", "baynet")
    ),
    prompt=CLI_PROMPT,
    questions=(
        # Ctrl-Y opens the command line.
        Question(pattern=re.compile(r"(?i:.*enter ctrl-y to begin\.?.*)"), answer="\x19"),
        PRESS_ANY_KEY,
    ),
    pagers=(Pager(pattern=re.compile(r"(?i:-+ ?more ?\(q=quit.*|-- ?more ?--)$")),),
    paging_off=("terminal length 0", "terminal width 132"),
    enable=Enable(),
    commands=(
        Command(text="show sys-info", yields=Yields.VERSION),
        Command(text="show running-config", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"! ?(?:Date|Time)? ?: ?.*\d\d:\d\d.*"),
        re.compile(r"! Clock .*"),
    ),
    secrets=(
        free("password-rule", r"^password (?:security|password-history|aging-time|min).*"),
        free("access", r"^cli password ((?:serial|telnet|ssh|web) (?:none|local|radius|tacacs).*)"),
        free("access", r"^cli password ((?:(?:switch|stack) )?(?:read-only|read-write)) "),
        hidden("access", r"^cli password (?:(?:switch|stack) )?(?:read-only|read-write) {word}"),
        hidden("server-key", r"^(?:radius|tacacs) server .*? key {word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r'(?m:^snmp-server name "?([^"\n]+?)"?$)'),
            re.compile(r"(?m:^sysName: +(\S+))"),
        ),
        model=(re.compile(r"(?m:^! Model = (.+?) *$)"),),
        serial=(re.compile(r"(?m:^Serial #: +(\S+))"),),
        version=(
            re.compile(r"(?m:^! Software version = v?(\S+))"),
            re.compile(r"SW:v?(\S+)"),
        ),
    ),
    leave=("logout",),
)
