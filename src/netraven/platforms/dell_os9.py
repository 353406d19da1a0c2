"""Dell OS9, Force10 FTOS and DNOS 9."""

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
    Literal,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS

DELL_OS9 = Platform(
    name="dell_os9",
    vendor="Dell",
    label="Dell OS9 and Force10 FTOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("dell_force10", "dell_os9", "dell_dnos9"),
        oxidized=("ftos", "dnos", "dellos9"),
        rancid=("force10",),
        napalm=("ftos", "dellos9"),
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0", "terminal width 0"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Current Configuration \.\.\."),
        ),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    literals=(Literal(word="banner", opens=re.compile(r"banner \S+ (?P<end>\^C|\S)")),),
    volatile=(
        re.compile(r"! Last configuration change at .*"),
        re.compile(r"! Startup-config last updated at .*"),
    ),
    secrets=CISCO_IOS,
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(re.compile(r"(?m:^System Type: (\S+))"),),
        serial=(re.compile(r"(?m:^\* +\d+ +\S+ +(\S+))"),),
        version=(re.compile(r"(?m:Software Version: (\S+))"),),
    ),
)
