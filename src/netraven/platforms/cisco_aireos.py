"""Cisco AireOS: wireless controllers before the Catalyst 9800."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    BlockSyntax,
    Command,
    Completeness,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

CISCO_AIREOS = Platform(
    name="cisco_aireos",
    vendor="Cisco",
    label="Cisco AireOS wireless controllers",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("cisco_wlc", "cisco_wlc_ssh"),
        oxidized=("aireos", "ciscowlc"),
        rancid=("cisco-wlc5", "cisco-wlc8", "cisco-wlc4"),
    ),
    prompt=re.compile(r"\((?P<name>[^()\n>]{1,64})\) ?>"),
    questions=(PRESS_ANY_KEY,),
    # Switching the pager off is a setting of the controller; it is answered instead.
    pagers=(
        Pager(pattern=re.compile(r"(?i:-- ?more ?--(?: or \(q\)uit)?)$")),
        Pager(pattern=re.compile(r"(?i:press enter to continue.*)$"), key="\r"),
        Pager(pattern=re.compile(r"(?i:display the next \d+ entries\? ?\(y/n\))$"), key="y"),
    ),
    commands=(
        Command(text="show sysinfo", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(text="show run-config commands", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:incorrect (?:usage|input)|invalid )"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"\s*config time manual .*"),
        re.compile(r"# WLC Config (?:Begin|End) <.*>"),
    ),
    secrets=(
        free("words", r"^(?:config )?(?:sysname|prompt|snmp sys\S+|banner|location) .*"),
        # How encrypted values are kept: a vector, a check sum, the length and the value.
        hidden("sealed", r" 1 ([0-9a-f]{8,}) ([0-9a-f]{8,}) \d+ ([0-9a-f]{8,})"),
        free("key-kind", r" set-key (?:ascii|hex) (encrypt \d) "),
        free("manager", r"^(?:config )?(?:mgmtuser|netuser) add (encrypt \S+ \d) "),
        hidden(
            "server-key",
            r"^(?:config )?(?:radius|tacacs) \S+ add (?:encrypt )?\d+ \S+ \d+"
            r" (?:ascii|hex|password) (?:[0-9] )?{word}",
        ),
        free("community-mode", r"^(?:config )?snmp community (ipaddr \S+ \S+) "),
        hidden(
            "snmp-community",
            r"^(?:config )?snmp community (?:create|delete|accessmode \S+|mode \S+"
            r"|ipaddr \S+ \S+) {word}",
        ),
        free("community-mode", r"^(?:config )?snmp community ((?:accessmode|mode) \S+) "),
        hidden("snmp-user", r"^(?:config )?snmp v3user create \S+ \S+ \S+ \S+ {word}(?: {word})?"),
        hidden(
            "manager",
            r"^(?:config )?(?:mgmtuser|netuser|local-auth user-credentials) add \S+"
            r" (?:encrypt )?(?:\d )?{word}",
        ),
        hidden(
            "access-point",
            r"^(?:config )?ap (?:mgmtuser|dot1xuser|802\.1Xuser) add (?:username )?\S+"
            r" password (?:\d )?{word}(?: secret (?:\d )?{word})?",
        ),
        hidden("wlan-key", r" set-key (?:ascii|hex) (?:\d )?{word}"),
        hidden("wep-key", r" static-wep-key encryption \d+ \d+ (?:ascii|hex) (?:\d )?{word}"),
        hidden(
            "named",
            r" (?:password|passwd|passphrase|secret|shared-secret|hash-key|authkey|privkey)"
            r" (?:ascii |hex )?(?:encrypted |[0-9] )?{word}",
        ),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^System Name\.+ *(\S+))"),),
        model=(re.compile(r"(?m:^PID: ([^,\s]+))"),),
        serial=(re.compile(r"(?m:^PID: .*SN: *(\S+))"),),
        version=(re.compile(r"(?m:^Product Version\.+ *(\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("logout", "n"),
)
