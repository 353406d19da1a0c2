"""Alcatel-Lucent Enterprise OmniSwitch AOS."""

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
from netraven.platforms.secrets import free, hidden

ALCATEL_AOS = Platform(
    name="alcatel_aos",
    vendor="Alcatel-Lucent Enterprise",
    label="Alcatel-Lucent OmniSwitch AOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("alcatel_aos",), oxidized=("aos", "aos7"), rancid=("alcatel",)),
    prompt=re.compile(r"(?:(?P<name>[\w.-]*[A-Za-z][\w.-]*?) ?)?(?:-|=)?>"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    commands=(
        Command(text="show microcode", yields=Yields.VERSION),
        Command(text="show chassis", yields=Yields.INVENTORY),
        Command(
            text="show configuration snapshot",
            yields=Yields.RUNNING,
            alternatives=("write terminal",),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:error: )"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    secrets=(
        hidden("user", r"^user \S+ (?:\S+ )*?password(?:-hash)? {word}"),
        hidden("hash-key", r" (?:hash-key|encrypt-key) {word}"),
        free("community-map", r"^snmp community (map) "),
        free("community-mode", r"^snmp community(?:-| )map (mode \S+)$"),
        free("none", r" md5 key (none)$"),
        hidden("bgp", r" md5 key (?:encrypt )?{word}"),
        hidden("isis", r" auth-type (?:md5|simple) (?:key|encrypt-key) {word}"),
        hidden("ipsec", r"^ipsec (?:key \S+ \S+|security-key) {word}"),
        hidden(
            "server-key",
            r"^aaa (?:radius|tacacs\+|ldap)-server .*? (?:key|hash-key|password|hash) {word}",
        ),
        hidden("snmp-community", r"^snmp community(?:-| )map {word}"),
        hidden("ospf", r" (?:auth-key|md5 \d+ key|encrypt-key|key-encrypt) {word}"),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^system name "?([^"\n]+?)"?$)'),),
        model=(re.compile(r"(?m:^ *Model Name: +([^,\s]+))"),),
        serial=(re.compile(r"(?m:^ *Serial Number: +([^,\s]+))"),),
        version=(re.compile(r"(?m:^ *\S+\.img +([\d.]+R\d+))"),),
    ),
    blocks=BlockSyntax.FLAT,
)
