"""Cisco AsyncOS: the e-mail, web and management appliances that were IronPort's."""

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
from netraven.platforms.secret_rules import SENSE_XML
from netraven.platforms.secrets import hidden

CISCO_ASYNCOS = Platform(
    name="cisco_asyncos",
    vendor="Cisco",
    label="Cisco AsyncOS (ESA, WSA, SMA)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(oxidized=("asyncos", "ciscosma"), rancid=("asyncos", "ironport")),
    prompt=re.compile(
        r"(?:\((?:Machine |Cluster |Group )?(?P<machine>[A-Za-z0-9][\w.-]*)\)"
        r"|(?P<name>[A-Za-z0-9][\w.-]*))>"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(
        Pager(pattern=re.compile(r"(?i:-press any key for more-)$")),
        # `showconfig` asks what becomes of the passwords: a masked one cannot be loaded again.
        Pager(pattern=re.compile(r"(?i:\[1\]>)$"), key="2\r"),
        Pager(pattern=re.compile(r"(?i:\[Y\]>)$"), key="N\r"),
    ),
    commands=(
        Command(text="version", yields=Yields.VERSION),
        Command(
            text="showconfig",
            yields=Yields.RUNNING,
            preamble=re.compile(
                r"(?i:choose the pass(?:word|phrase) option:|\d\. .*|[12YN]"
                r"|do you want to .*|files with masked .*|\[[1Y]\]> ?\w?)"
            ),
        ),
    ),
    completeness=Completeness(end_marker=re.compile(r"</config>"), reread=True),
    errors=(re.compile(r"(?i:unknown or disabled command|error: )"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    volatile=(re.compile(r"\s*Current Time: .*"),),
    secrets=(
        hidden(
            "element",
            r"<(?:[\w-]*(?:passwd|hash|key|community|community_string|auth_pass|priv_pass)"
            r"|ssl_key|dkim_key)>([^<]+)</",
        ),
        *SENSE_XML,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^\s*<hostname>([^<\s]+)</hostname>)"),),
        model=(re.compile(r"(?m:^\s*Model: (\S+))"),),
        serial=(re.compile(r"(?m:^\s*Serial #: (\S+))"),),
        version=(re.compile(r"(?m:^\s*Version: (\S+))"),),
    ),
    comment="<!--",
    blocks=BlockSyntax.FLAT,
)
