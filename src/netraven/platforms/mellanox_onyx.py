"""NVIDIA Mellanox Onyx and MLNX-OS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
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
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import hidden

MELLANOX_ONYX = Platform(
    name="mellanox_onyx",
    vendor="NVIDIA",
    label="NVIDIA Mellanox Onyx (MLNX-OS)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("mellanox", "mellanox_mlnxos"), oxidized=("mlnxos",), rancid=("mlnxos",)
    ),
    prompt=re.compile(r"(?P<name>[\w.-]+)(?: \[[^\]\n]+\])?(?: \([\w ./-]+\))? ?[>#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE, Pager(pattern=re.compile(r"lines \d+-\d+.*$"))),
    paging_off=("no cli session paging enable", "terminal length 999"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            alternatives=("show running-config expanded",),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(re.compile(r"## Generated at .*"),),
    secrets=(
        hidden("user", r"^username \S+ password (?:7 |0 )?{word}"),
        hidden(
            "snmp-user",
            r"^snmp-server user \S+ v3 .*?(?:auth|encrypted auth) \S+ {word}(?: priv \S+ {word})?",
        ),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r'(?m:^hostname "?([^"\s]+))'),
            re.compile(r"(?m:^## Hostname: (\S+))"),
        ),
        model=(re.compile(r"(?m:^Product model: +(\S+))"),),
        serial=(re.compile(r"(?m:^CHASSIS +\S+ +(\S+))"),),
        version=(re.compile(r"(?m:^Product release: +(\S+))"),),
    ),
    leave=("exit",),
)
