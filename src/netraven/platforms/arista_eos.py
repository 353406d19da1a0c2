"""Arista EOS."""

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
    Literal,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import ARISTA_EOS as SECRETS

ARISTA_EOS = Platform(
    name="arista_eos",
    vendor="Arista",
    label="Arista EOS",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(
        netmiko=("arista_eos", "arista_eos_telnet"),
        oxidized=("eos",),
        rancid=("arista",),
        napalm=("eos",),
    ),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w-]*)[\w.:/-]*(?:\([\w./: -]+\))*[>#]"),
    entry=Entry(prompt=re.compile(r"(?:\[\S+@\S+ \S+\]|-?bash-[\d.]+)[$#]"), command="FastCli"),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?more ?--)$")),),
    paging_off=("terminal length 0", "terminal width 32767"),
    enable=Enable(),
    commands=(
        Command(
            text="show version",
            yields=Yields.VERSION,
            alternatives=("show version | no-more",),
        ),
        Command(
            text="show inventory | no-more",
            yields=Yields.INVENTORY,
            alternatives=("show inventory",),
        ),
        Command(
            text="show running-config | no-more | exclude ! Time:",
            yields=Yields.RUNNING,
            alternatives=("show running-config",),
        ),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=(
        re.compile(
            r"(?i:% ?(?:invalid|incomplete|ambiguous|unknown|unavailable|authorization|error))"
        ),
        re.compile(r"(?i:command authorization failed)"),
    ),
    intruders=LOG_LINES,
    literals=(
        Literal(word="banner", opens=re.compile(r"\s*banner (?:login|motd|exec)$"), closes="EOF"),
    ),
    volatile=(
        re.compile(r"! Time: .*"),
        re.compile(r"! Startup-config last modified at .*"),
    ),
    secrets=SECRETS,
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname (\S+))"),),
        model=(
            re.compile(r"(?m:^! device: \S+ \(([^,]+),)"),
            re.compile(r"(?m:^Arista (\S+))"),
            re.compile(r"Model +Description\s+-[- ]+\s+(\S+)"),
        ),
        serial=(
            re.compile(r"(?m:^Serial number: +(\S+))"),
            re.compile(r"HW Version +Serial Number.*\s+-[- ]+\s+\S+ +(\S+)"),
        ),
        version=(
            re.compile(r"(?m:^Software image version: (\S+))"),
            re.compile(r"(?m:^! device: .*, EOS-([^)\s]+)\))"),
        ),
    ),
)
