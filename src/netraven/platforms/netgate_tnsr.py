"""Netgate TNSR."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, SHELL_PROMPT
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Entry,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

NETGATE_TNSR = Platform(
    name="netgate_tnsr",
    vendor="Netgate",
    label="Netgate TNSR",
    proof=Proof.RECORDED,
    recordings=5,
    aliases=Aliases(oxidized=("tnsr",)),
    prompt=re.compile(r"(?P<name>[\w.-]+) tnsr(?:\([\w./ -]+\))?[>#]"),
    entry=Entry(prompt=SHELL_PROMPT, command="clixon_cli"),
    # The CLI has no way to switch its pager off.
    pagers=(MORE,),
    commands=(
        Command(text="show version all", yields=Yields.VERSION, alternatives=("show version",)),
        Command(text="show configuration running cli", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:cli (?:syntax )?error|rpc error|.*: unknown command)"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    secrets=(
        free("key-name", r"^(?:global |server )?server-key (\S+)$"),
        hidden("snmp-community", r"^snmp community community-name {word}"),
        hidden("snmp-user", r"^snmp user .* (?:auth|privacy)-(?:pass\S*|key) {word}"),
        hidden("wireguard", r" (?:private-key|pre-shared-key|preshared-key)(?: base64)? {word}"),
        hidden("ike-secret", r" (?:pre-shared-key|psk|secret|passphrase) {word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^system name (\S+))"),),
        version=(
            re.compile(r"(?m:^ *tnsr-release (\S+))"),
            re.compile(r"(?m:^Version: ([\d.]+-\d+))"),
            re.compile(r"(?m:^ *tnsr ([\d.]+-\d+))"),
        ),
    ),
    comment="#",
)
