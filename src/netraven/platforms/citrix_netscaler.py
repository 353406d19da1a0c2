"""Citrix NetScaler and ADC."""

from __future__ import annotations

import re

from netraven.platforms.intruders import FOREIGN_PROMPT, LOG_LINES
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
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import hidden

CITRIX_NETSCALER = Platform(
    name="citrix_netscaler",
    vendor="Citrix",
    label="Citrix NetScaler (ADC)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("netscaler",), oxidized=("netscaler",), rancid=("netscaler",)),
    prompt=re.compile(r"(?:[\w.-]+@)?(?P<name>[\w.-]+)?(?:\([\w ./-]+\))?>"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("set cli mode -page OFF",),
    commands=(
        Command(text="show ns version", yields=Yields.VERSION),
        Command(text="show ns hardware", yields=Yields.INVENTORY),
        Command(
            text="show ns runningConfig",
            yields=Yields.RUNNING,
            alternatives=("show runningConfig", "show run"),
        ),
    ),
    # The shell says so behind whatever it has done: behind its version, too.
    completeness=Completeness(
        end_marker=re.compile(r" ?Done"),
        end_shown="Done",
        sections=(re.compile(r"(?m:^(?:add|bind|enable|set) \S)"),),
    ),
    errors=(re.compile(r"(?i:error: |no such (?:command|resource)|not authorized)"), *CLI_REFUSALS),
    intruders=(*LOG_LINES, FOREIGN_PROMPT),
    volatile=(re.compile(r"# Last modified (?:by|on) .*"),),
    secrets=(
        hidden("encrypted", r" {word} -encrypted\b"),
        hidden(
            "options",
            r" -\w*(?:password|passplain|radKey|secret(?:Key)?|psk|passphrase|passwd"
            r"|passcrypt|keyValue|community(?:Name)?)"
            r" {word}",
        ),
        hidden("user", r"^(?:add|set) system user \S+ {word}"),
        hidden("snmp-community", r"^add snmp community {word}"),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^set ns hostName (\S+))"),),
        model=(re.compile(r"(?m:^\s*Platform: (.+?) *$)"),),
        serial=(re.compile(r"(?m:^\s*Serial no: (\S+))"),),
        version=(
            re.compile(r"NetScaler (NS\S+: Build \S+?)[\s,]"),
            re.compile(r"(?m:^#(NS\S+ Build \S+))"),
        ),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("quit",),
)
