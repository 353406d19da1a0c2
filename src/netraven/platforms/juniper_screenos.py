"""Juniper ScreenOS: NetScreen and SSG."""

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

JUNIPER_SCREENOS = Platform(
    name="juniper_screenos",
    vendor="Juniper",
    label="Juniper ScreenOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("juniper_screenos",), oxidized=("screenos",), rancid=("netscreen",)),
    prompt=re.compile(r"(?P<name>[\w.-]*\w)(?::[\w.-]+)?(?:\([\w:. -]+\))?->"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("set console page 0",),
    commands=(
        Command(text="get system", yields=Yields.VERSION),
        Command(
            text="get config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Total Config size \d+:?"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:\^-+unknown keyword|.*unknown keyword)"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    volatile=(re.compile(r"Total Config size \d+:?"),),
    secrets=(
        free("words", r"^set (?:snmp (?:contact|location|name)|hostname) .*"),
        hidden("admin", r"^set admin (?:user \S+ )?password {word}"),
        hidden("user", r"^set user \S+ (?:hash-)?password {word}"),
        hidden("preshare", r" (?:sec-preshare|seed-preshare|preshare(?:-key)?) {word}"),
        free("manual-ipsec", r"^set vpn \S+ manual .*? (?:md5|sha\S*) (key|password) "),
        hidden(
            "manual-ipsec",
            r"^set vpn \S+ manual .*? (?:3?des|aes\S*|md5|sha\S*) (?:key|password) {word}"
            r"(?: auth (?:md5|sha\S*) (?:key|password) {word})?",
        ),
        hidden("tunnel", r"^set l2tp .*? secret {word}"),
        hidden("wep-key", r"^set ssid .* method \S+ {word}"),
        hidden("auth-server", r"^set auth-server .*? secret {word}"),
        hidden("snmp-community", r"^set snmp (?:community|host) {word}"),
        hidden("routing", r" (?:md5|clear-text-password|auth-password|md5-authentication) {word}"),
        hidden("pppoe", r"^set pppoe .*? password {word}"),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^set hostname (\S+))"),),
        model=(re.compile(r"(?m:^Product Name: (\S+))"),),
        serial=(re.compile(r"(?m:^Serial Number: ([^,\s]+))"),),
        version=(re.compile(r"Software Version: ([^,\s]+)"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("exit", "n"),
)
