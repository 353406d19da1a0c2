"""F5 BIG-IP, by tmsh."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    Entry,
    FactRules,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

F5_TMSH = Platform(
    name="f5_tmsh",
    vendor="F5",
    label="F5 BIG-IP",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("f5_tmsh", "f5_ltm", "f5_linux"), oxidized=("tmos",), rancid=("bigip", "f5")
    ),
    prompt=re.compile(
        r"(?:[\w.-]+@)?\((?P<name>[\w.-]+)\)(?:\((?:[^()\n]|\([^()\n]*\))*\))*\(tmos[^()\n]*\)[>#]"
    ),
    entry=Entry(prompt=re.compile(r"\[[^\]\n]+\] \S+ [#$]"), command="tmsh"),
    questions=(PRESS_ANY_KEY,),
    pagers=(
        Pager(pattern=re.compile(r"---\(less \d+%\)---$")),
        Pager(pattern=re.compile(r"(?i:display all \d+ items\? \(y/n\))$"), key="y"),
    ),
    paging_off=("modify cli preference pager disabled display-threshold 0",),
    commands=(
        Command(text="show sys version", yields=Yields.VERSION),
        Command(text="show sys hardware", yields=Yields.INVENTORY),
        Command(
            text="show running-config recursive", yields=Yields.RUNNING, alternatives=("list",)
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(
            r"(?i:syntax error: |unexpected error|data publisher not found|.*: command not found)"
        ),
    ),
    intruders=LOG_LINES,
    secrets=(
        free("words", r"^(?:description|location|contact) .*"),
        free("none", r"^[a-z-]+ (none)$"),
        hidden("encrypted", r" (\$M\$[^\s]+)"),
        hidden(
            "named",
            r"^(?:(?:[a-z]+-)*(?:password|secret|passphrase)(?:-encrypted)?|bind-pw"
            r"|community-name|community|auth-key|encrypt-key|psk|preshared-key-encrypted"
            r"|preshared-key|key-passphrase|api-key)"
            r" {word}",
        ),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^ +hostname (\S+))"),),
        model=(re.compile(r"(?m:^ +Name +(BIG-IP .+?) *$)"),),
        serial=(re.compile(r"(?m:^ +Chassis Serial +(\S+))"),),
        version=(re.compile(r"(?m:^ +Version +(\S+))"),),
    ),
    comment="#",
    leave=("quit",),
)
