"""Garderos GRS: rugged routers."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_PROMPT, CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import WORDS
from netraven.platforms.secrets import free, hidden

GARDEROS_GRS = Platform(
    name="garderos_grs",
    vendor="Garderos",
    label="Garderos GRS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("garderos_grs",), oxidized=("garderos",)),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    commands=(
        Command(text="show system version", yields=Yields.VERSION),
        Command(text="show system serial", yields=Yields.INVENTORY),
        Command(
            text="show configuration running",
            yields=Yields.RUNNING,
            alternatives=("show configuration saved",),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:\* error|error: |.*command not found)"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    secrets=(
        hidden(
            "assignment",
            r"^(?:[^\s=]*\.)?(?:password|passwd|secret|psk|key|community(?:\.\w+)?|passphrase|pin)"
            r"(?: ?= ?| ){rest}",
        ),
        free("assignment", r"^\S+ (=) "),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname[= ](\S+))"),),
        serial=(re.compile(r"(?m:^(?:[Ss]erial.*: *)?([\w-]{6,})\s*$)"),),
        version=(re.compile(r"(?m:(\d{3}_\d{3}_\d{3}))"),),
    ),
    comment="#",
)
