"""Huawei VRP: switches, routers and firewalls."""

from __future__ import annotations

import re

from netraven.platforms.intruders import FOREIGN_PROMPT, LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
    Question,
)
from netraven.platforms.secret_rules import VRP

HUAWEI_VRP = Platform(
    name="huawei_vrp",
    vendor="Huawei",
    label="Huawei VRP",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("huawei", "huawei_vrp", "huawei_vrpv8", "huawei_telnet"),
        oxidized=("vrp",),
        rancid=("vrp", "huawei"),
        napalm=("huawei_vrp", "ce"),
    ),
    prompt=re.compile(r"(?:HRP_[MSA])?[<\[][~*]{0,2}(?P<name>\w[\w.:/@+ ()#&,-]{0,63})[>\]]"),
    questions=(
        Question(
            pattern=re.compile(r"(?i:.*(?:change now|change the password|continue)\S*.*\[y/n\]:?)"),
            answer="n",
        ),
        PRESS_ANY_KEY,
    ),
    pagers=(MORE,),
    paging_off=("screen-length 0 temporary",),
    commands=(
        Command(text="display version", yields=Yields.VERSION),
        Command(
            text="display device manufacture-info",
            yields=Yields.INVENTORY,
            alternatives=("display device",),
        ),
        Command(
            text="display current-configuration",
            yields=Yields.RUNNING,
            alternatives=("display current-configuration all",),
        ),
        Command(text="display saved-configuration", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r"return")),
    errors=(re.compile(r"(?i:error: )"), *CLI_REFUSALS),
    intruders=(*LOG_LINES, FOREIGN_PROMPT),
    volatile=(
        re.compile(r"!Last configuration was (?:updated|saved) at .*"),
        re.compile(r"!Software Version .*"),
    ),
    secrets=VRP,
    facts=FactRules(
        hostname=(re.compile(r"(?m:^ *sysname (\S+))"),),
        model=(re.compile(r"(?m:^(?:Huawei|HUAWEI) (\S+) .*uptime is)"),),
        serial=(re.compile(r"(?m:^\d+ +\S+ +\S+ +(\w{12,}) )"),),
        version=(re.compile(r"VRP \(R\) software, Version (\S+(?: \([^)]+\))?)"),),
    ),
    comment="#",
    leave=("quit",),
)
