"""OPNsense: its one configuration file, read in a shell."""

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

OPNSENSE = Platform(
    name="opnsense",
    vendor="OPNsense",
    label="OPNsense",
    proof=Proof.RECORDED,
    recordings=2,
    aliases=Aliases(oxidized=("opnsense",), rancid=("opnsense",)),
    prompt=re.compile(
        r"(?:\[[\w.-]+@(?P<bracketed>[\w.-]+)[: ][^\n]{0,80}\]|[\w.-]+@(?P<name>[\w.-]+)(?::\S*)?)"
        r" ?[#$%]"
    ),
    # Console menu of the root user; 8 is its shell.
    questions=(Question(pattern=re.compile(r"(?i:enter an option:?)"), answer="8"),),
    commands=(
        Command(
            text="opnsense-version",
            yields=Yields.VERSION,
            alternatives=(
                'opnsense-version || echo "OPNsense "`cat /usr/local/opnsense/version/opnsense`',
            ),
        ),
        Command(text="cat /conf/config.xml", yields=Yields.RUNNING),
    ),
    # The closing tag, and since nothing in XML tells a stray line, a second reading.
    completeness=Completeness(end_marker=re.compile(r"</opnsense>"), reread=True),
    errors=(
        re.compile(r"(?:cat: .*|.*: Command not found\.|.*: Permission denied)"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    # Who saved last and when.
    volatile_blocks=(
        Block(begin=re.compile(r"\s*<revision(?: [^>]*)?>"), end=re.compile(r"\s*</revision>")),
    ),
    secrets=SENSE_XML,
    facts=FactRules(
        hostname=(re.compile(r"<hostname>([^<]+)</hostname>"),),
        version=(re.compile(r"(?m:^OPNsense ([\w.]+))"),),
    ),
    comment="<!--",
    blocks=BlockSyntax.FLAT,
    leave=("exit",),
)
