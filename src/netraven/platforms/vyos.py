"""VyOS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    BlockSyntax,
    Command,
    Completeness,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import VYATTA

VYOS = Platform(
    name="vyos",
    vendor="VyOS",
    label="VyOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("vyos", "vyatta_vyos", "brocade_vyos"),
        oxidized=("vyos", "vyatta"),
        rancid=("vyos",),
        napalm=("vyos",),
    ),
    prompt=re.compile(r"[\w.-]+@(?P<name>[\w.-]+):[~/][^\s#$]* ?[$#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?more ?--|\(END\)|^:)$")),),
    paging_off=("set terminal length 0", "set terminal width 512"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show configuration commands | no-more",
            yields=Yields.RUNNING,
            alternatives=("show configuration commands",),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:-?v?bash: .*|.*: command not found|invalid command: )"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=VYATTA,
    facts=FactRules(
        hostname=(re.compile(r"(?m:^set system host-name '?([^'\s]+))"),),
        model=(re.compile(r"(?m:^Hardware model: +(.+?) *$)"),),
        serial=(re.compile(r"(?m:^Hardware S/N: +(\S+))"),),
        version=(re.compile(r"(?m:^Version: +(.+?) *$)"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
)
