"""HPE and H3C Comware."""

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
    Question,
)
from netraven.platforms.secret_rules import VRP

HP_COMWARE = Platform(
    name="hp_comware",
    vendor="HPE and H3C",
    label="HPE and H3C Comware",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(
        netmiko=("hp_comware", "h3c_comware", "hp_comware_telnet"),
        oxidized=("comware", "h3c"),
        rancid=("h3c", "comware"),
        napalm=("h3c_comware",),
    ),
    prompt=re.compile(r"(?:RBM_[PS])?[<\[](?P<name>[\w~*][\w.:/@~*+ ()#&,-]{0,63})[>\]]"),
    questions=(
        Question(pattern=re.compile(r"(?i:.*change (?:the|now)\S*.*\[y/n\]:?)"), answer="n"),
        PRESS_ANY_KEY,
    ),
    pagers=(MORE,),
    paging_off=("screen-length disable",),
    commands=(
        Command(text="display version", yields=Yields.VERSION),
        Command(
            text="display device manuinfo",
            yields=Yields.INVENTORY,
            alternatives=("display device",),
        ),
        Command(text="display current-configuration", yields=Yields.RUNNING),
        Command(text="display saved-configuration", yields=Yields.STARTUP),
    ),
    # `return` stands at the end of most versions' text, not of all.
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:% ?(?:unrecognized|wrong|too many|incomplete|ambiguous)|error: )"),
        *CLI_REFUSALS,
    ),
    intruders=(*LOG_LINES, re.compile(r"%[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d:\d+ ")),
    secrets=VRP,
    facts=FactRules(
        hostname=(re.compile(r"(?m:^ *sysname (\S+))"),),
        model=(
            re.compile(r"(?m:^DEVICE_NAME *: *(.+?) *$)"),
            re.compile(r"(?m:^(?:HPE?|H3C) (.+?) uptime is )"),
        ),
        serial=(re.compile(r"(?m:^DEVICE_SERIAL_NUMBER *: *(\S+))"),),
        version=(re.compile(r"Comware .*Version ([^\s,]+(?:, Release \S+)?)"),),
    ),
    comment="#",
    leave=("quit",),
)
