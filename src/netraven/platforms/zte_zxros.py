"""ZTE ZXROS and ZXAN."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_PROMPT, CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import hidden

ZTE_ZXROS = Platform(
    name="zte_zxros",
    vendor="ZTE",
    label="ZTE ZXROS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("zte_zxros", "zte_zxros_telnet"), oxidized=("zte", "zteolt"), rancid=("zte",)
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Building configuration\.\.\."),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:%error|%code)"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    volatile=(re.compile(r"!timestamp_write:.*"),),
    secrets=(
        hidden("local-user", r"^username \S+ password (?:encrypted )?{word}"),
        hidden("isis", r"^isis authentication (?:encrypted )?{word}"),
        hidden("server-key", r"^server \d+ \S+ (?:\S+ )*?key (?:encrypted )?{word}"),
        hidden("ospf", r" message-digest-key \d+ md5 (?:encrypted |\d )?{word}"),
        hidden("isis", r"^authentication (?:encrypted )?{word}", inside=r"^router isis"),
        hidden("local", r" local-password (?:encrypted )?{word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"(?m:^(ZX\S+) )"),),
        version=(re.compile(r"Version: ?(\S+)"),),
    ),
)
