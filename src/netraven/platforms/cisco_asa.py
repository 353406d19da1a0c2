"""Cisco ASA, single context or the context that one logs in to."""

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
    Pager,
    Platform,
    Proof,
    Question,
)
from netraven.platforms.secret_rules import CISCO_ASA as SECRETS

CISCO_ASA = Platform(
    name="cisco_asa",
    vendor="Cisco",
    label="Cisco ASA",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(
        netmiko=("cisco_asa",),
        oxidized=("asa",),
        rancid=("cisco-asa",),
        napalm=("asa",),
    ),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:/[\w./-]+)*(?:\([\w./-]+\))?[>#]"),
    questions=(
        Question(pattern=re.compile(r"(?i:.*press (?:any key|return|enter).*)"), answer=""),
    ),
    pagers=(Pager(pattern=re.compile(r"(?i:<--- more --->)$")),),
    paging_off=("terminal pager 0",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        # `more` shows keys in clear that `show` masks, which a restore needs.
        Command(
            text="more system:running-config",
            yields=Yields.RUNNING,
            alternatives=("show running-config",),
        ),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r": end")),
    errors=(
        re.compile(r"(?i:ERROR: |% ?(?:invalid|incomplete|ambiguous|unknown|error))"),
        re.compile(r"(?i:command authorization failed|insufficient memory)"),
    ),
    intruders=LOG_LINES,
    volatile=(
        re.compile(r": Written by .* at .*"),
        re.compile(r": Saved"),
        re.compile(r"Cryptochecksum:\s*[0-9a-f]+"),
    ),
    secrets=SECRETS,
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname (\S+))"),),
        model=(
            re.compile(r"(?m:^Hardware: +([^,\s]+))"),
            re.compile(r"(?m:^PID: (\S+))"),
        ),
        serial=(
            re.compile(r"(?m:^Serial Number: (\S+))"),
            re.compile(r"(?m:^PID: .*SN: (\S+))"),
        ),
        version=(re.compile(r"Adaptive Security Appliance Software Version (\S+)"),),
    ),
)
