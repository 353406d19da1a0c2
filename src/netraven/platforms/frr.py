"""FRRouting: `vtysh` as the login shell, or entered from a shell."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    Entry,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import FRR as SECRETS

_PREAMBLE = re.compile(r"Building configuration\.\.\.|Current configuration:")

FRR = Platform(
    name="frr",
    vendor="FRRouting",
    label="FRRouting (vtysh)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("frr_vtysh",), oxidized=("frr",), rancid=("frr",), napalm=("frr",)),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\([\w./-]+\))?[>#]"),
    entry=Entry(
        prompt=re.compile(r"\[?\S*@?[\w.-]+[: ][~/]?\S*\]?[$#]|\S*[$]"),
        command="vtysh || sudo -n vtysh",
    ),
    pagers=(Pager(pattern=re.compile(r"(?i:--more--(?: ?\(\d+%\))?|\(END\)|^:)$")),),
    paging_off=("terminal length 0", "no terminal paging"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show running-config", yields=Yields.RUNNING, preamble=_PREAMBLE),
        Command(text="show startup-config", yields=Yields.STARTUP, preamble=_PREAMBLE),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=(
        re.compile(r"(?i:% ?(?:unknown|command incomplete|ambiguous|can't|error|there is no))"),
        re.compile(r"(?i:exiting: failed to connect|vtysh: |.*: command not found|sudo: )"),
    ),
    intruders=(
        *LOG_LINES,
        re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \S+: "),
        re.compile(r"(?i:warning: connecting to )|vtysh: error reading from "),
    ),
    secrets=SECRETS,
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^hostname (\S+))"),
            re.compile(r"(?m:^FRRouting \S+ \((\S+)\))"),
        ),
        version=(
            re.compile(r"(?m:^FRRouting (\S+))"),
            re.compile(r"(?m:^frr version (\S+))"),
        ),
    ),
)
