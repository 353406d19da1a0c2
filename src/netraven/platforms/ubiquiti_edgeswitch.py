"""Ubiquiti EdgeSwitch and UniFi switches."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, PRESS_ANY_KEY
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
from netraven.platforms.secret_rules import FASTPATH
from netraven.platforms.secrets import hidden

UBIQUITI_EDGESWITCH = Platform(
    name="ubiquiti_edgeswitch",
    vendor="Ubiquiti",
    label="Ubiquiti EdgeSwitch",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("ubiquiti_edge", "ubiquiti_edgeswitch", "ubiquiti_unifiswitch"),
        oxidized=("edgeswitch",),
        rancid=("edgeswitch",),
    ),
    prompt=re.compile(
        r"(?:\((?P<bracketed>[^()\n>#]{1,64})\)|(?P<name>[A-Za-z0-9][\w.:@~+-]*))"
        r" ?(?:\([\w ./-]+\))*[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?more ?--(?: or \(q\)uit)?)$")),),
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"!Current Configuration:"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"!System Up Time .*"),
        re.compile(r"!Current SNTP Synchronized Time: .*"),
        re.compile(r"!Additional Packages .*"),
    ),
    secrets=(
        hidden("user", r"^username (?:\"[^\"]*\"|\S+) password {word}"),
        hidden(
            "server-key",
            r"^(?:radius server|radius|tacacs-server) (?:\S+ )*?key (?:(?:auth|acct) \S+"
            r" )?(?:encrypted )?{word}",
        ),
        hidden("snmp-community", r"^snmp-server community {word}"),
        *FASTPATH,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"(?m:^Machine Model\.* +(\S+))"),),
        serial=(re.compile(r"(?m:^Serial Number\.* +(\S+))"),),
        version=(re.compile(r"(?m:^Software Version\.* +(\S+))"),),
    ),
)
