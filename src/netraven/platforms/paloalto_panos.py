"""Palo Alto Networks PAN-OS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

PALOALTO_PANOS = Platform(
    name="paloalto_panos",
    vendor="Palo Alto Networks",
    label="Palo Alto Networks PAN-OS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("paloalto_panos", "paloalto_panos_telnet"),
        oxidized=("panos",),
        rancid=("paloalto",),
        napalm=("panos",),
    ),
    prompt=re.compile(r"[\w.+\\@-]+@(?P<name>[\w.-]+)(?:\([\w -]+\))?[>#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(Pager(pattern=re.compile(r"(?i:lines \d+-\d+(?:/\d+ \(\S+\))?|:$|\(END\))$")),),
    paging_off=("set cli pager off", "set cli terminal width 500"),
    commands=(
        Command(text="show system info", yields=Yields.VERSION),
        Command(text="show config running", yields=Yields.RUNNING),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:invalid syntax|unknown command: |server error|.* is invalid$)"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=(
        free("flag", r"^\S+ (yes|no) *;?$"),
        hidden(
            "named",
            r"^(?:phash|(?:[a-z]+-)*(?:password|secret|passphrase)|key|private-key|auth-key"
            r"|authentication-key|authpwd|privpwd|snmp-community-string|community|api-key|md5"
            r"|public-key-data|agent-user-override-key|secret-access-key)"
            r" {item}",
        ),
        hidden(
            "set-form",
            r"^set (?:\S+ )*?(?:phash|password|secret|shared-secret|key|private-key|passphrase"
            r"|auth-key|authentication-key|authpwd|privpwd|snmp-community-string|community"
            r"|bind-password|proxy-password|api-key) {item}$",
        ),
        hidden("header", r"^value {item}", inside=r"^(?:headers|\S*(?:password|secret|token)) \{"),
        hidden("encrypted", r" (-A[QRST]==[^\s;\"]+)"),
        free("certificate", r"^public-key .*"),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname: (\S+))"),),
        model=(re.compile(r"(?m:^model: (\S+))"),),
        serial=(re.compile(r"(?m:^serial: (\S+))"),),
        version=(re.compile(r"(?m:^sw-version: (\S+))"),),
    ),
    comment="#",
)
