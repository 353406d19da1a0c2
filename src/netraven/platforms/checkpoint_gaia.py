"""Check Point Gaia, by clish."""

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
    Entry,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import WORDS
from netraven.platforms.secrets import hidden

CHECKPOINT_GAIA = Platform(
    name="checkpoint_gaia",
    vendor="Check Point",
    label="Check Point Gaia",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("checkpoint_gaia",), oxidized=("gaiaos",)),
    prompt=re.compile(r"(?:\[\w+\] ?)?(?P<name>[\w.-]+)(?::(?:TACP-)?\d+)? ?>"),
    entry=Entry(prompt=re.compile(r"\[Expert@[^\]\n]+\][$#]"), command="clish"),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("set clienv rows 0",),
    commands=(
        Command(text="show version all", yields=Yields.VERSION),
        Command(text="show asset system", yields=Yields.INVENTORY),
        Command(text="show configuration", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:CLINFR\d+|NMS\w+\d+ +|invalid command)"), *CLI_REFUSALS),
    intruders=(*LOG_LINES, re.compile(r"CLINFR\d+ ")),
    volatile=(re.compile(r"# Exported by .* on .*"),),
    secrets=(
        hidden(
            "hash",
            r" (?:password-hash|expert-password-hash|grub2-password-hash"
            r"|admin-password-hash) {word}",
        ),
        hidden("snmp-community", r"^set snmp community {word}"),
        hidden(
            "snmp-user",
            r" (?:auth-pass-phrase|privacy-pass-phrase|auth-pass-phrase-hashed"
            r"|privacy-pass-phrase-hashed) {word}",
        ),
        hidden("server-key", r"^(?:add|set) aaa .*? (?:key|secret) {word}"),
        hidden("bgp-secret", r" authtype (?:md5|simple) (?:key \d+ )?(?:secret |password )?{word}"),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^set hostname (\S+))"),),
        model=(re.compile(r"(?m:^Platform: (.+?) *$)"),),
        serial=(re.compile(r"(?m:^Serial Number: (\S+))"),),
        version=(re.compile(r"(?m:^Product version (.+?) *$)"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
)
