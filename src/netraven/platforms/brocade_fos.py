"""Brocade Fabric OS: Fibre Channel switches."""

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
    Question,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

BROCADE_FOS = Platform(
    name="brocade_fos",
    vendor="Brocade",
    label="Brocade Fabric OS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(netmiko=("brocade_fos",), oxidized=("fabricos",), rancid=("brocade",)),
    prompt=re.compile(r"(?P<name>[\w.-]+)(?::FID\d+)?:[\w.\\-]+>"),
    questions=(
        # Enter would begin to change passwords, Ctrl-C puts that off.
        Question(pattern=re.compile(r"(?i:.*use control-c to exit.*)"), answer="\x03"),
        PRESS_ANY_KEY,
    ),
    pagers=(
        Pager(
            pattern=re.compile(r"(?i:type <cr> to continue, q<cr> to stop:?|-- ?more ?--)$"),
            key="\r",
        ),
    ),
    commands=(
        Command(text="version", yields=Yields.VERSION),
        Command(text="chassisshow", yields=Yields.INVENTORY),
        Command(
            text="configshow -all",
            yields=Yields.RUNNING,
            alternatives=("configShow -all", "configshow"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:rbash: .*|.*: command not found|error: )"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    volatile=(
        re.compile(r"date = .*"),
        re.compile(r"\[Configuration upload Information\]"),
        re.compile(r"date=.*"),
        re.compile(r"time=.*"),
    ),
    secrets=(
        free("password-rule", r"^passwdcfg\..*"),
        free("flag", r"^[\w.-]*(?:encrypted|policy|enabled?|length|type|protocol)[:=].*"),
        hidden(
            "named",
            r"^[\w.-]*(?:community|passw(?:or)?d|secret|auth_?key|priv_?key|psk|bindpw|authpw"
            r"|privpw)[\w.-]*[:=](\S.*?)$",
        ),
        hidden("key", r"^[\w.-]+\.key[:=](\S+)$"),
        hidden(
            "snmp",
            r"^snmp\.(?:snmpv[13]|agtParty)\S*(?:[Cc]ommunity|[Pp]asswd|[Pp]assword"
            r"|[aA]uth[kK]ey|[pP]riv[kK]ey|authPw|privPw)[^\s:]*:(\S+)$",
        ),
        hidden("secret", r"^[^\s:=]*(?:secret|passwd|password|sharedSecret)[^\s:=]*[:=](\S+)$"),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^(?:switchName|boot\.name|Switch Name)\s*[:=]\s*(\S+))"),),
        model=(re.compile(r"(?m:^Chassis Family: +(\S+))"),),
        serial=(re.compile(r"(?m:^(?:Chassis )?Serial Num(?:ber)?: +(\S+))"),),
        version=(re.compile(r"(?m:^Fabric OS: +v?(\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("logout",),
)
