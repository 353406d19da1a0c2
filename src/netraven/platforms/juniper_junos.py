"""Juniper Junos: the hierarchy with braces, as `show configuration` prints it."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    BlockSyntax,
    Command,
    Completeness,
    Entry,
    FactRules,
    LineCount,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import JUNIPER_JUNOS as SECRETS

JUNIPER_JUNOS = Platform(
    name="juniper_junos",
    vendor="Juniper",
    label="Juniper Junos",
    proof=Proof.RECORDED,
    recordings=2,
    aliases=Aliases(
        netmiko=("juniper_junos", "juniper", "juniper_junos_telnet"),
        oxidized=("junos",),
        rancid=("juniper",),
        napalm=("junos",),
    ),
    prompt=re.compile(r"(?:[\w.+\\@-]+@)?(?P<name>[A-Za-z0-9][\w.:-]*)>"),
    prompt_lead=re.compile(r"\{[\w:.-]+\}"),
    entry=Entry(prompt=re.compile(r"(?:\S*@\S*)?[:~/\w.-]* ?[%$]|root@\S*:\S* ?#"), command="cli"),
    pagers=(Pager(pattern=re.compile(r"---\(more(?: \d+%)?\)---$")),),
    paging_off=("set cli screen-length 0", "set cli screen-width 0"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show chassis hardware", yields=Yields.INVENTORY),
        Command(
            text="show configuration | display omit",
            yields=Yields.RUNNING,
            alternatives=("show configuration",),
        ),
    ),
    # The text has no end of its own: the device is asked for its number of lines, or once more.
    completeness=Completeness(
        count=LineCount(
            command="show configuration | display omit | count",
            pattern=re.compile(r"Count: (\d+) lines"),
        ),
        reread=True,
    ),
    errors=(
        re.compile(
            r"(?i:error: |unknown command\.|syntax error(?:,|$|:)|missing argument|invalid )"
        ),
        re.compile(r"(?i:could not |permission denied|.* is ambiguous\.$|connection to .* lost)"),
    ),
    intruders=(*LOG_LINES, re.compile(r"\*\*\* .* \*\*\*$")),
    volatile=(re.compile(r"## Last (?:commit|changed): .*"),),
    secrets=SECRETS,
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^Hostname: (\S+))"),
            re.compile(r"(?m:^ +host-name ([^\s;]+);)"),
        ),
        model=(re.compile(r"(?m:^Model: (\S+))"),),
        serial=(re.compile(r"(?m:^Chassis +(?:REV \S+ +\S+ +)?(\S+) +\S)"),),
        version=(re.compile(r"(?m:^Junos: (\S+))"), re.compile(r"(?m:^version (\S+);)")),
    ),
    comment="#",
    blocks=BlockSyntax.BRACES,
)
