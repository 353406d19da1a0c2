"""Netgear managed switches: ProSAFE, M4100 to M4500, GS7xx."""

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
from netraven.platforms.secrets import free, hidden

NETGEAR_PROSAFE = Platform(
    name="netgear_prosafe",
    vendor="Netgear",
    label="Netgear managed switches",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(
        netmiko=("netgear_prosafe",),
        oxidized=("netgear",),
        rancid=("netgear",),
    ),
    prompt=re.compile(
        r"(?:\((?P<bracketed>[^()\n>#]{1,64})\)|(?P<name>[A-Za-z0-9][\w.:/@~+-]*))"
        r" ?(?:\([\w./ -]+\))*[>#]"
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
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    # Only some models print an end.
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"! ?System Up ?Time:? .*"),
        re.compile(r"! ?Current (?:System|SNTP) .*Time:? .*"),
    ),
    secrets=(
        free("location", r"^system (?:name|location|contact) .*"),
        free("rules", r"^passwords? (?:strength|aging|history|lock-out|min-length|unlock) .*"),
        hidden("local-user", r"^username (?:\"[^\"]*\"|\S+) (?:\S+ )*?secret encrypted {word}"),
        hidden("snmp-community", r"^snmp community {word}"),
        hidden("snmp-host", r"^snmp host \S+ .*?version (?:1|2c?) {word}"),
        hidden(
            "snmp-user",
            r"^snmp user .*? auth \S+ (?:encrypted |plaintext )?{word}"
            r"(?: priv \S+ (?:encrypted |plaintext )?{word})?",
        ),
        hidden("snmp-trap", r"^snmptrap {word} ipaddr"),
        hidden(
            "server-key",
            r"^(?:radius|tacacs)(?:-server| server)? (?:\S+ )*?key (?:(?:auth|acct) \S+ )?"
            r"(?:encrypted )?{word}",
        ),
        *FASTPATH,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^(?:system name|hostname) "?([^"\n]+?)"?$)'),),
        model=(
            re.compile(r"(?m:^! Model: (\S+))"),
            re.compile(r"(?m:^Machine Model\.+ *(\S+))"),
        ),
        serial=(
            re.compile(r"(?m:^SN +: (\S+))"),
            re.compile(r"(?m:^Serial Number\.+ *(\S+))"),
        ),
        version=(
            re.compile(r"(?m:^Firmware Version +: (\S+))"),
            re.compile(r"(?m:^Software Version\.+ *(\S+))"),
        ),
    ),
    leave=("quit", "n"),
)
