"""TP-Link JetStream switches and DeltaStream OLTs."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_PROMPT, CLI_REFUSALS
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
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

TPLINK_JETSTREAM = Platform(
    name="tplink_jetstream",
    vendor="TP-Link",
    label="TP-Link JetStream and OLTs",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(netmiko=("tplink_jetstream", "tplink_jetstream_telnet"), oxidized=("tplink",)),
    prompt=CLI_PROMPT,
    pagers=(Pager(pattern=re.compile(r"(?i:press any key to continue \(q to quit\))$")),),
    paging_off=("terminal length 0",),
    enable=Enable(),
    commands=(
        Command(text="show system-info", yields=Yields.VERSION),
        Command(text="show running-config", yields=Yields.RUNNING),
        Command(text="show startup-config", yields=Yields.STARTUP),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=(re.compile(r"(?i:error: |bad command)"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    secrets=(
        hidden(
            "local-user",
            r"^user name \S+ (?:privilege \S+ )?(?:secret|password)"
            r" (?:[0-9] )?{word}",
        ),
        free("snmp-host-v3", r"^snmp-server host \S+ \d+ (\S+ smode v3 .*)"),
        free("snmp-host-port", r"^snmp-server host \S+ (\d+) "),
        hidden("snmp-host", r"^snmp-server host \S+ \d+ {word}"),
        hidden("snmp-community", r"^snmp-server community {word}"),
        free("snmp-user-mode", r"^snmp-server user .* cmode \S+ (cpwd) "),
        hidden("snmp-user", r"^snmp-server user \S+ .*?cpwd {word}(?: emode \S+ epwd {word})?"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^ *System Name +- +(\S+))"),
            re.compile(r'(?m:^hostname "?([^"\n]+?)"?$)'),
        ),
        model=(re.compile(r"(?m:^ *Hardware Version +- +(\S+))"),),
        serial=(re.compile(r"(?m:^ *Serial Number +- +(\S+))"),),
        version=(re.compile(r"(?m:^ *Software Version +- +(.+?) *$)"),),
    ),
)
