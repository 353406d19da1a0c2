"""HPE Aruba Networking AOS-CX."""

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
    Question,
)
from netraven.platforms.secret_rules import ARUBA_AOSCX as SECRETS

ARUBA_AOSCX = Platform(
    name="aruba_aoscx",
    vendor="HPE Aruba Networking",
    label="HPE Aruba Networking AOS-CX",
    proof=Proof.RECORDED,
    recordings=14,
    aliases=Aliases(
        netmiko=("aruba_aoscx",),
        oxidized=("aoscx",),
        rancid=("arubacx", "aoscx"),
        napalm=("aoscx",),
    ),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*(?: [\w.-]+){0,3})(?:\([\w./<> -]+\))?[>#]"),
    entry=Entry(prompt=re.compile(r"\S+:[~/]\S*[$#]"), command="vtysh"),
    questions=(
        Question(pattern=re.compile(r"(?i:.*press (?:any key|return|enter).*)"), answer=""),
    ),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?more ?--)(?:, next page: Space.*quit: q)?$")),),
    paging_off=("no page",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show system", yields=Yields.INVENTORY),
        Command(text="show running-config", yields=Yields.RUNNING),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    # Nothing in the text says that it ends and no command gives its length: only a second
    # reading that is the same proves that neither was cut or disturbed.
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:% ?(?:command incomplete|unknown|ambiguous|invalid|error))"),
        re.compile(r"(?i:invalid input: |cannot execute command|command not allowed|error: )"),
    ),
    intruders=LOG_LINES,
    literals=(Literal(word="banner", opens=re.compile(r"banner (?:motd|exec) (?P<end>\S)")),),
    secrets=SECRETS,
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^hostname (\S+))"),
            re.compile(r"(?m:^Hostname +: (\S+))"),
        ),
        model=(re.compile(r"(?m:^Product Name +: +(.+?) *$)"),),
        serial=(re.compile(r"(?m:^Chassis Serial Nbr +: +(\w+))"),),
        version=(
            re.compile(r"(?m:^Version +: +(\S+))"),
            re.compile(r"(?m:^!Version ArubaOS-CX (\S+))"),
        ),
    ),
)
