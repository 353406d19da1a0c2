"""Ubiquiti EdgeOS: EdgeRouter and UniFi gateways, which are of one family with VyOS."""

from __future__ import annotations

import re
from dataclasses import replace

from netraven.platforms.observation import Yields
from netraven.platforms.platform import Aliases, Command, FactRules
from netraven.platforms.vyos import VYOS

UBIQUITI_EDGEROUTER = replace(
    VYOS,
    name="ubiquiti_edgerouter",
    vendor="Ubiquiti",
    label="Ubiquiti EdgeRouter (EdgeOS)",
    aliases=Aliases(netmiko=("ubiquiti_edgerouter",), oxidized=("edgeos",), rancid=("edgerouter",)),
    paging_off=("terminal length 0", "terminal width 512"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show configuration commands | no-more",
            yields=Yields.RUNNING,
            alternatives=(
                "show configuration commands",
                "show configuration | no-more",
                "show configuration",
            ),
        ),
    ),
    facts=FactRules(
        hostname=VYOS.facts.hostname,
        model=(re.compile(r"(?m:^HW model: +(.+?) *$)"),),
        serial=(re.compile(r"(?m:^HW S/N: +(\S+))"),),
        version=(re.compile(r"(?m:^Version: +(\S+))"),),
    ),
)
