"""Siklu EtherHaul radio links."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
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
from netraven.platforms.secret_rules import WORDS
from netraven.platforms.secrets import hidden

SIKLU_ETHERHAUL = Platform(
    name="siklu_etherhaul",
    vendor="Siklu",
    label="Siklu EtherHaul",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(oxidized=("siklu",)),
    prompt=re.compile(r"(?P<name>[\w.()-]+)>"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    commands=(
        Command(text="show sw", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(
            text="copy running-configuration display",
            yields=Yields.RUNNING,
            alternatives=("copy startup-configuration display",),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:error: |.*syntax error|unknown (?:element|command))"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    secrets=(
        hidden("snmp-agent", r"^set snmp-agent (?:\S+ )*?read-com {word}(?: write-com {word})?"),
        hidden("crypto-key", r" crypto-key {word}"),
        hidden("snmp-manager", r"^set snmp-(?:mgr|mng) \S+ (?:\S+ )*?security-name {word}"),
        hidden(
            "snmp-user", r"^set snmp-user (?:\S+ )*?auth-password {word}(?: priv-password {word})?"
        ),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^set system name (\S+))"),),
        version=(re.compile(r"(?m:^sw \d+ version +: (\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("quit",),
)
