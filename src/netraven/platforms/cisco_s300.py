"""Cisco Small Business and CBS switches."""

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
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import MARVELL

CISCO_S300 = Platform(
    name="cisco_s300",
    vendor="Cisco",
    label="Cisco Small Business switches",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("cisco_s200", "cisco_s300", "cisco_s500"),
        oxidized=("ciscosmb",),
        rancid=("cisco-sb",),
        napalm=("s350",),
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:more: <space>,.*)$")), MORE),
    paging_off=("terminal datadump", "terminal width 511"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY, alternatives=("show system id",)),
        Command(text="show running-config", yields=Yields.RUNNING),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(re.compile(r"(?i:!? ?system up ?time.*)"),),
    secrets=MARVELL,
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"(?m:^PID: (\S+))"),),
        serial=(
            re.compile(r"(?m:^PID: .*SN: (\S+))"),
            re.compile(r"(?im:^Serial number ?: +(\S+))"),
        ),
        version=(
            re.compile(r"(?m:^ *Version: +(\S+))"),
            re.compile(r"(?m:^SW version +(\S+))"),
        ),
    ),
)
