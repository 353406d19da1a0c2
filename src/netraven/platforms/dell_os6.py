"""Dell OS6: N-Series and PowerConnect switches."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_PROMPT, CLI_REFUSALS, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Enable,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import FASTPATH

DELL_OS6 = Platform(
    name="dell_os6",
    vendor="Dell",
    label="Dell OS6 and PowerConnect",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("dell_os6", "dell_powerconnect", "dell_powerconnect_telnet"),
        oxidized=("powerconnect", "dnos6"),
        rancid=("dell",),
        napalm=("dellos6",),
    ),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:-- ?more ?--(?: or \(q\)uit)?|more: <space>,.*)$")),),
    paging_off=("terminal length 0", "terminal datadump"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show system", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"!Current Configuration:"),
        ),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"!System Up ?[Tt]ime.*"),
        re.compile(r"!Current S\w+ .*Time.*"),
    ),
    secrets=FASTPATH,
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(
            re.compile(r"(?m:^System Model ID\.* +(\S+))"),
            re.compile(r"(?m:^Machine Model\.* +(\S+))"),
        ),
        serial=(re.compile(r"(?m:^Serial Number\.* +(\S+))"),),
        version=(re.compile(r"(?m:^!System Software Version ([\d.]+))"),),
    ),
)
