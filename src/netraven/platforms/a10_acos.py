"""A10 Networks ACOS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
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
from netraven.platforms.secrets import free, hidden

A10_ACOS = Platform(
    name="a10_acos",
    vendor="A10 Networks",
    label="A10 Networks ACOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("a10",), oxidized=("acos",), rancid=("a10",)),
    prompt=re.compile(
        r"(?P<name>[A-Za-z0-9][\w.-]*?)(?:-(?:Active|Standby"
        r"|ForcedStandby)(?:-v\w+)?)?(?:\[[^\]\n]*\])?"
        r"(?:\([\w:. /-]+\))*[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0", "terminal width 0"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"!Current configuration: .*"),
        ),
    ),
    # From version 4 on a comment stands behind `end`, so that the line proves nothing.
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(
        re.compile(
            r"!(?:Current configuration: |Configuration last (?:updated|saved|synchronized) ).*"
        ),
    ),
    secrets=(
        free("key-kind", r"^key ((?:\S+ )?pass-?phrase(?: encrypted)?) "),
        hidden("key-passphrase", r"^key (?:\S+ )?pass-?phrase (?:encrypted )?{word}"),
        free("right", r"^(?:snmp-server )?community (read(?: encrypted)?) "),
        hidden("snmp-community", r"^snmp-server community read (?:encrypted )?{word}"),
        hidden("monitor", r"^method snmp (?:\S+ )*?community {word}"),
        free("kind", r" secret (secret-value|secret-encrypted|encrypted) "),
        hidden("kind", r" secret (?:secret-value|secret-encrypted|encrypted) {word}"),
        free("time-key", r"^ntp auth-key (\d+ \S+(?: ascii| hex)?(?: encrypted)?) "),
        hidden("time-key", r"^ntp auth-key \d+ \S+ (?:ascii |hex )?(?:encrypted )?{word}"),
        free("md5-value", r" md5 (md5-value(?: encrypted)?) "),
        hidden("md5-value", r" md5-value (?:encrypted )?{word}"),
        hidden("encrypted", r" (?:\S+-)?encrypted {word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(
            re.compile(r"(?m:^Thunder Series Unified Application Service Gateway (\S+))"),
            re.compile(r"(?m:^ *(?:AX|TH|Thunder) Series .* (\S+)$)"),
        ),
        serial=(re.compile(r"(?m:^ *Serial Number: (\S+))"),),
        version=(re.compile(r"(?m:version ([\d.]+-?\S*?),? )"),),
    ),
)
