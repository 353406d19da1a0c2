"""Netgate pfSense: its one configuration file, read in a shell."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Block,
    BlockSyntax,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
    Question,
)
from netraven.platforms.secret_rules import SENSE_XML

PFSENSE = Platform(
    name="pfsense",
    vendor="Netgate",
    label="Netgate pfSense",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(oxidized=("pfsense",), rancid=("pfsense",)),
    prompt=re.compile(
        r"(?:\[[\w.-]+\]\[[\w.-]+@(?P<name>[\w.-]+)\][^\s:]*:"
        r"|[\w.-]+@(?P<plain>[\w.-]+)(?::\S*)? ?[#$%])"
    ),
    questions=(Question(pattern=re.compile(r"(?i:enter an option:?)"), answer="8"),),
    commands=(
        Command(text="cat /etc/version", yields=Yields.VERSION),
        Command(
            text="cat /conf/config.xml",
            yields=Yields.RUNNING,
            alternatives=("cat /cf/conf/config.xml",),
        ),
    ),
    # The closing tag, and since nothing in XML tells a stray line, a second reading.
    completeness=Completeness(end_marker=re.compile(r"</pfsense>"), reread=True),
    errors=(
        re.compile(r"(?:cat: .*|.*: Command not found\.|.*: Permission denied)"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    volatile_blocks=(Block(begin=re.compile(r"\s*<revision>"), end=re.compile(r"\s*</revision>")),),
    secrets=SENSE_XML,
    facts=FactRules(
        hostname=(re.compile(r"<hostname>([^<]+)</hostname>"),),
        version=(re.compile(r"(?m:^(\d+\.\d+\S*)$)"),),
    ),
    comment="<!--",
    blocks=BlockSyntax.FLAT,
)
