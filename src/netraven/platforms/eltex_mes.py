"""Eltex MES switches."""

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

ELTEX_MES = Platform(
    name="eltex_mes",
    vendor="Eltex",
    label="Eltex MES switches",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("eltex",), oxidized=("eltex",), rancid=("eltex",)),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:more: <space>,.*)$")), MORE),
    # The second one for the MES24xx.
    paging_off=("terminal datadump", "set cli pagination off"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show system id", yields=Yields.INVENTORY),
        Command(text="show running-config", yields=Yields.RUNNING),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    secrets=MARVELL,
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        serial=(re.compile(r"(?im:^Serial number ?: +(\S+))"),),
        version=(
            re.compile(r"(?m:^ *Version: +(\S+))"),
            re.compile(r"(?m:^SW version +(\S+))"),
        ),
    ),
)
