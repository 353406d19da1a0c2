"""Opengear console servers."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    BlockSyntax,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import LINUX
from netraven.platforms.secrets import hidden

OPENGEAR_LINUX = Platform(
    name="opengear_linux",
    vendor="Opengear",
    label="Opengear console servers",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("opengear_linux",), oxidized=("opengear",), rancid=("opengear",)),
    prompt=re.compile(r"(?:[\w.-]+@)?(?P<name>[\w.-]+)?(?::[^\s#$]*)? ?[#$]"),
    commands=(
        Command(text="cat /etc/version", yields=Yields.VERSION),
        Command(text="showserial", yields=Yields.INVENTORY),
        Command(
            text="config -g config",
            yields=Yields.RUNNING,
            alternatives=("sudo -n config -g config", "ogcli export", "ogcli export /dev/stdout"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:-?(?:ba)?sh: .*|sudo: .*|.*permission denied|.*command not found)"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=(
        hidden(
            "named",
            r"^config\.\S*(?:password|secret|community\w*|bindpw|pin|authpass\w*|privpass\w*|passphrase"
            r"|presharedkey|psk|key)\d* {rest}",
        ),
        *LINUX,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^config\.system\.name (\S+))"),),
        model=(
            re.compile(r"(?m:^config\.system\.model (\S+))"),
            re.compile(r"(?m:^OpenGear/(\S+) )"),
        ),
        version=(re.compile(r"(?m:Version (\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
)
