"""SonicWall SonicOS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

SONICWALL_SONICOS = Platform(
    name="sonicwall_sonicos",
    vendor="SonicWall",
    label="SonicWall SonicOS",
    # The one recording holds answers that somebody made up.
    proof=Proof.DOCUMENTED,
    aliases=Aliases(oxidized=("sonicos",), rancid=("sonicwall",)),
    prompt=re.compile(
        r"(?:[\w.-]+@(?P<name>[\w.-]+(?: [\w.-]+)*)"
        r"|config(?:\[[^\]\n]*\])?\((?P<configured>[\w. -]+)\))[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("no cli pager session",),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show current-config", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:% (?:unknown|error|no matching|incomplete|invalid)).*"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"\s*(?:system-)?(?:up-?time|system-time|last-modified-by|checksum) .*"),
        re.compile(r"\s*(?:clock|date-time|time) \"?\d.*"),
    ),
    secrets=(
        hidden("routing", r" message-digest-key \d+ md5 {word}"),
        free("wep-number", r" wep key (\d) "),
        hidden("wep-key", r" wep key \d {word}"),
        free("words", r"^(?:comment|name|friendly-name) .*"),
        hidden(
            "named",
            r"^(?:[^\s\"]+ )*?(?:(?:[a-z]+-)*password|shared-key|psk|community"
            r"|shared-secret|secret|passphrase"
            r"|pre-shared-key|authentication-key|encryption-key|\S*community-name|auth-key|key)"
            r" (?:[0-9],)?{word}",
        ),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^ *firewall-name "?([^"\s]+)"?)'),),
        model=(re.compile(r'(?m:^ *model "?([^"\n]+?)"? *$)'),),
        serial=(re.compile(r'(?m:^ *serial-number "?([^"\s]+)"?)'),),
        version=(re.compile(r'(?m:^ *firmware-version "?(?:SonicOS )?([^"\n]+?)"? *$)'),),
    ),
)
