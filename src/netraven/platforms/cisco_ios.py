"""Cisco IOS and IOS-XE."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    FactRules,
    Literal,
    Pager,
    Platform,
    Proof,
    Question,
)
from netraven.platforms.secret_rules import CISCO_IOS as SECRETS

# `terminal exec prompt timestamp` puts these above every answer.
_TIME = r"Load for five secs: .*|Time source is .*|No time source, .*"

CISCO_IOS = Platform(
    name="cisco_ios",
    vendor="Cisco",
    label="Cisco IOS and IOS-XE",
    proof=Proof.RECORDED,
    recordings=3,
    aliases=Aliases(
        netmiko=("cisco_ios", "cisco_xe", "cisco_ios_telnet"),
        oxidized=("ios", "iosxe"),
        rancid=("cisco", "ios"),
        napalm=("ios",),
    ),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w.:/@~+-]*)(?:\([\w./-]+\))?[>#]"),
    questions=(
        Question(pattern=re.compile(r"(?i:.*press (?:any key|return|enter).*)"), answer=""),
    ),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?More ?--)$")),),
    # Its width is that of the terminal which the session asks for.
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(
                rf"Building configuration\.\.\.|Current configuration ?: ?\d+ bytes.*|{_TIME}"
            ),
        ),
        Command(
            text="show startup-config",
            yields=Yields.STARTUP,
            preamble=re.compile(rf"Using \d+ out of \d+ bytes.*|{_TIME}"),
        ),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=(
        re.compile(
            r"(?i:% ?(?:invalid|incomplete|ambiguous|unknown|unrecognized|bad|error|authorization"
            r"|access denied|not enough|can't|cannot|type \"show))"
        ),
        re.compile(r"(?i:command authorization failed|line has invalid autocommand)"),
    ),
    intruders=LOG_LINES,
    literals=(Literal(word="banner", opens=re.compile(r"banner \S+ (?P<end>\^C|\S)")),),
    secrets=SECRETS,
    volatile=(
        re.compile(r"! Last configuration change at .*"),
        re.compile(r"! NVRAM config last updated at .*"),
        re.compile(r"! No configuration change since last restart"),
        re.compile(r"ntp clock-period \d+"),
        re.compile(r"(?:Current configuration ?: ?\d+|Using \d+ out of \d+) bytes.*"),
        re.compile(_TIME),
    ),
    # Old versions show these in whatever order their tables have just now.
    unordered=(
        re.compile(r"snmp-server host .*"),
        re.compile(r"snmp-server enable traps .*"),
        re.compile(r"ntp (?:server|peer) .*"),
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^(\S+) uptime is )"), re.compile(r"(?m:^hostname (\S+))")),
        model=(
            re.compile(r"(?im:^Model Number +: (\S+))"),
            re.compile(r"(?im:^cisco (\S+) .*(?:processor|memory))"),
            re.compile(r"(?m:^PID: (\S+))"),
        ),
        serial=(
            re.compile(r"(?im:^System Serial Number +: (\S+))"),
            re.compile(r"(?m:^Processor board ID (\S+))"),
        ),
        version=(re.compile(r"\bVersion ([^\s,]+)"),),
    ),
)
