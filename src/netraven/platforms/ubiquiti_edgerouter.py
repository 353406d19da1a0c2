"""Ubiquiti EdgeOS: EdgeRouter and UniFi gateways."""

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
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

UBIQUITI_EDGEROUTER = Platform(
    name="ubiquiti_edgerouter",
    vendor="Ubiquiti",
    label="Ubiquiti EdgeRouter (EdgeOS)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("ubiquiti_edgerouter",), oxidized=("edgeos",), rancid=("edgerouter",)),
    prompt=re.compile(r"[\w.-]+@(?P<name>[\w.-]+):[~/][^\s#$]* ?[$#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?more ?--|\(END\)|^:)$")),),
    paging_off=("terminal length 0", "terminal width 512"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show configuration commands | no-more",
            yields=Yields.RUNNING,
            alternatives=(
                "show configuration commands",
                "show configuration | no-more",
                "show configuration",
            ),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:-?v?bash: .*|.*: command not found|invalid command: )"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=(
        free("public", r"^set (?:\S+ )*?public-keys? .*"),
        hidden("snmp-community", r"^set service snmp community (?:'([^']*)'|{word})"),
        hidden(
            "named",
            r"^set (?:\S+ )*?(?:encrypted-password|plaintext-password|password|passphrase"
            r"|pre-shared-secret|pre-shared-key|private-key|preshared-key|shared-secret"
            r"|secret|md5-key|plaintext-key|authentication-key|key-string|auth-key"
            r"|api-key|key|wpa-passphrase)"
            r" (?:'([^']*)'|{word})",
        ),
        free("words", r"^set (?:\S+ )*?(?:description|host-name|contact|location|comment) .*"),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^set system host-name '?([^'\s]+))"),),
        model=(re.compile(r"(?m:^HW model: +(.+?) *$)"),),
        serial=(re.compile(r"(?m:^HW S/N: +(\S+))"),),
        version=(re.compile(r"(?m:^Version: +(\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
)
