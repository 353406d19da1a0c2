"""Perle IOLAN console servers and IRG routers."""

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

PERLE_IOLAN = Platform(
    name="perle_iolan",
    vendor="Perle",
    label="Perle IOLAN console servers",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(netmiko=("perle_iolan",), oxidized=("perle",)),
    prompt=CLI_PROMPT,
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show version verbose", yields=Yields.VERSION, alternatives=("show version",)),
        Command(text="show system hardware", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Building running-config[ .]*"),
        ),
    ),
    completeness=Completeness(
        end_marker=re.compile(r"! \*{5} END of configuration \*{5}"),
        end_shown="! ***** END of configuration *****",
    ),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    # Keys of type 7 are encrypted anew each time that they are shown.
    volatile=(re.compile(r".* 7 \$0\$\S+.*"),),
    secrets=(hidden("type-7", r" 7 (\$0\$\S+)"), *CISCO_IOS),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname (\S+))"),),
        model=(re.compile(r"(?m:^ *Model Name\.+ *(.+?) *$)"),),
        serial=(re.compile(r"(?m:^ *Serial Number\.+ *(\S+))"),),
        version=(re.compile(r"\bVersion ([^\s,]+)"), re.compile(r"(?m:^version (\S+))")),
    ),
)
