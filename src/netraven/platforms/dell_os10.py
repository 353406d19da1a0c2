"""Dell SmartFabric OS10."""

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

DELL_OS10 = Platform(
    name="dell_os10",
    vendor="Dell",
    label="Dell SmartFabric OS10",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("dell_os10", "dell_os10_ssh"),
        oxidized=("os10",),
        rancid=("dnos10",),
        napalm=("dellos10",),
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(text="show running-configuration", yields=Yields.RUNNING),
        Command(text="show startup-configuration", yields=Yields.STARTUP),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(re.compile(r"! Last configuration change at .*"),),
    secrets=(
        hidden("local-user", r"^(?:username|system-user) \S+ password {word}"),
        hidden("enable", r"^enable password (?:\d |sha-\d+ )?{word} priv-lvl "),
        hidden("vrrp", r"^authentication simple-text {word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(
            re.compile(r"(?m:^System Type: (\S+))"),
            re.compile(r"(?m:^Product +: (\S+))"),
        ),
        serial=(re.compile(r"(?m:^Service-Tag +: (\S+))"),),
        version=(re.compile(r"(?m:^OS Version: (\S+))"),),
    ),
)
