"""Cisco Firepower Threat Defense, by its CLI."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_ASA

CISCO_FTD = Platform(
    name="cisco_ftd",
    vendor="Cisco",
    label="Cisco Firepower Threat Defense",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("cisco_ftd", "cisco_ftd_ssh"), oxidized=("firepower",)),
    prompt=re.compile(r"(?:(?P<name>[A-Za-z0-9][\w.-]*)(?:/[\w./-]+)*)?[>#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:<--- more --->)$")),),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(text="show running-config", yields=Yields.RUNNING),
    ),
    completeness=Completeness(end_marker=re.compile(r": end")),
    errors=(re.compile(r"(?i:ERROR: |syntax error)"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    volatile=(
        re.compile(r": Saved"),
        re.compile(r": Written by .* at .*"),
        re.compile(r"Cryptochecksum:\s*[0-9a-f]+"),
    ),
    secrets=CISCO_ASA,
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(
            re.compile(r"(?m:^Model +: (.+?) +\([\d.]+\))"),
            re.compile(r"(?m:^Hardware: +([^,\s]+))"),
        ),
        serial=(
            re.compile(r"(?m:^Serial Number: (\S+))"),
            re.compile(r"(?m:^PID: .*SN: (\S+))"),
        ),
        version=(
            re.compile(r"(?m:^Model .*Version ([\d.]+))"),
            re.compile(r"Software Version (\S+)"),
        ),
    ),
)
