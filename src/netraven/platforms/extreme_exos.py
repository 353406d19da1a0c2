"""Extreme Networks EXOS."""

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

EXTREME_EXOS = Platform(
    name="extreme_exos",
    vendor="Extreme Networks",
    label="Extreme Networks EXOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("extreme", "extreme_exos", "extreme_exos_telnet"),
        oxidized=("xos",),
        rancid=("extreme", "xos"),
        napalm=("exos",),
    ),
    prompt=re.compile(
        r"(?:[*!] )?(?:\([^()\n]{1,60}\) )?(?:Slot-\d+ )?"
        r"(?P<name>[\w-]+(?:\.[A-Za-z][\w-]*)*)(?:\.\d+)? ?[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:press <space> to continue or <q> to quit:?)$")),),
    paging_off=("disable clipaging",),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show switch", yields=Yields.INVENTORY),
        Command(text="show configuration", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    secrets=(
        free("cli", r"^configure cli password .*"),
        free("none", r" (?:password|authentication) (none)$"),
        free("community-kind", r"^configure snmpv3 add community (?:\S+ )?(encrypted(?: name)?) "),
        free("account-kind", r"^create account \S+ \S+ (encrypted) "),
        free("encrypted", r" encrypted (md5 \d+|md5|simple-password|simple|key|localized-key) "),
        hidden("account", r"^(?:configure|create) account \S+(?: \S+)? encrypted {word}"),
        hidden("shared-secret", r" shared-secret (?:encrypted )?{word}"),
        hidden(
            "community",
            r"^configure snmp add community (?:readonly|readwrite) (?:encrypted )?{word}",
        ),
        hidden(
            "community",
            r"^configure snmpv3 add community (?:hex |encrypted )?{word}"
            r"(?:(?: encrypted)? name (?:hex |encrypted )?{word})?",
        ),
        hidden(
            "community",
            r"^configure snmp add trapreceiver \S+ (?:port \d+ )?community"
            r" (?:hex |encrypted )?{word}",
        ),
        hidden("account", r"^create account (?:admin|user) (?:\"[^\"]*\"|\S+) {word}"),
        hidden(
            "snmp-user",
            r"^configure snmpv3 add user .*? authentication (?:md5|sha\S*)"
            r" (?:auth-encrypted )?(?:localized-key )?(?:hex )?{word}"
            r"(?: privacy (?:\S+ )*?(?:localized-key |hex )?{word}$)?",
        ),
        hidden(
            "routing",
            r" (?:simple-password|password|area-password|domain-password|hello-password)"
            r" (?:encrypted )?(?:simple |md5 )?{word}",
        ),
        hidden("mlag", r"^configure mlag peer \S+ authentication md5 (?:encrypted )?key {word}"),
        hidden("encrypted", r" encrypted(?:-auth)? {word}"),
        hidden("time-key", r"^configure ntp key \d+ (?:md5|sha\S*) (?:encrypted )?{word}"),
        hidden("routing", r" md5 (?:encrypted )?\d+ (?:encrypted )?{word}"),
        free("people", r"^configure (?:snmp sys\S+|banner) .*"),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r'(?m:^configure snmp sysName "?([^"\s]+))'),
            re.compile(r"(?m:^SysName: +(\S+))"),
        ),
        model=(re.compile(r"(?m:^System Type: +(.+?) *$)"),),
        serial=(re.compile(r"(?m:^Switch +: \S+ (\S+) Rev)"),),
        version=(re.compile(r"(?m:^Image +: ExtremeXOS version (\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("exit", "n"),
)
