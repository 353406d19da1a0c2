"""Cisco NX-OS."""

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
    Literal,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

CISCO_NXOS = Platform(
    name="cisco_nxos",
    vendor="Cisco",
    label="Cisco NX-OS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("cisco_nxos", "cisco_nxos_ssh"),
        oxidized=("nxos",),
        rancid=("cisco-nx", "nxos"),
        napalm=("nxos", "nxos_ssh"),
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0", "terminal width 511"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(text="show running-config", yields=Yields.RUNNING),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    # The text begins with comments and has no end of its own.
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    literals=(Literal(word="banner", opens=re.compile(r"banner \S+ (?P<end>\S)")),),
    volatile=(
        re.compile(r"!Command: .*"),
        re.compile(r"!Time: .*"),
        re.compile(r"!(?:Running|Startup) configuration (?:last done|saved) at: .*"),
        re.compile(r"!No configuration change since last restart"),
    ),
    secrets=(
        free("feature", r"^feature .*"),
        hidden(
            "snmp-user", r"^snmp-server user \S+ .*?auth \S+ {word}(?: priv (?:aes-128 )?{word})?"
        ),
        hidden("probe", r"^(?:radius|tacacs)-server .*?test username \S+ password {type}{word}"),
        free("ldp-required", r"^password (required(?: for \S+)?)$"),
        hidden("msdp", r"^ip msdp password \S+ (?:[0-9] )?{word}"),
        free("msdp-peer", r"^ip msdp password (\S+(?: [0-9])?) \S"),
        free("passphrase-age", r"^username \S+ passphrase (lifetime .*)"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^ *Device name: (\S+))"),
            re.compile(r'(?m:^hostname "?([^"\s]+))'),
        ),
        model=(
            re.compile(r"(?m:^ *cisco (Nexus\S* ?\S*) )"),
            re.compile(r"(?m:^PID: (\S+))"),
        ),
        serial=(re.compile(r"(?m:^ *Processor [Bb]oard ID (\S+))"),),
        version=(re.compile(r"(?m:^ *(?:NXOS|system): +version (\S+))"),),
    ),
)
