"""Extreme Networks VOSS and Fabric Engine: VSP switches."""

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
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

EXTREME_VSP = Platform(
    name="extreme_vsp",
    vendor="Extreme Networks",
    label="Extreme Networks VOSS (VSP)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("extreme_vsp", "avaya_vsp"), oxidized=("voss",)),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?::\d+)?(?:\([\w./-]+\))?[>#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal more disable",),
    enable=Enable(),
    commands=(
        Command(text="show sys-info", yields=Yields.VERSION),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(
                r"\*+|\s*Command Execution Time: .*|Preparing to Display Configuration\.\.\."
            ),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"# (?i:mon|tue|wed|thu|fri|sat|sun) .*\d\d:\d\d:\d\d .*"),
        re.compile(r"\s*Command Execution Time: .*"),
    ),
    secrets=(
        free(
            "rules",
            r"^password (?:password-history|min-passwd-len|aging-time|change-interval|lockout"
            r"|default-lockout-time|max-sessions|pre-expiry\S*|post-expiry\S*|hashed\S*).*",
        ),
        free("access", r"^(?:cli )?password ((?:access-level )?\S+) "),
        hidden("access", r"^(?:cli )?password (?:access-level )?\S+ {word}"),
        free("time-key", r"^ntp authentication-key \d+ (type \S+ secret) "),
        hidden("time-key", r"^ntp authentication-key \d+ (?:type \S+ secret )?{word}"),
        free("bgp-peer", r"^neighbor password (\S+) "),
        hidden("bgp-password", r"^neighbor password \S+ {word}"),
        hidden("community", r"^snmp-server community {word}"),
        hidden("server-key", r"^(?:radius|tacacs) server host .*? (?:key|secret) {word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r'(?m:^sys name "?([^"\n]+?)"?$)'),
            re.compile(r"(?m:^\s*SysName +: (\S+))"),
        ),
        model=(
            re.compile(r"(?m:^\s*Chassis +: (\S+))"),
            re.compile(r"(?m:^# box type +: (\S+))"),
        ),
        serial=(re.compile(r"(?m:^\s*(?:Serial#|SerialNumber) +: (\S+))"),),
        version=(
            re.compile(r"(?m:^# software version +: (\S+))"),
            re.compile(r"(?m:^\s*SysDescr .*\(([\d.]+)\))"),
        ),
    ),
    comment="#",
)
