"""MikroTik RouterOS."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import PRESS_ANY_KEY
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
from netraven.platforms.secrets import FreeText, HiddenRest, HiddenValue

_NAMES = (
    r"(?:[\w.-]*(?:password|passphrase|secrets?|-psk|private-key|preshared-key|pre-shared-key"
    r"|auth-key|enc-key|authentication-key|protection-key)"
    r"|wpa2?-pre-shared-key|static-key-\d|tcp-md5-key|ah-key|cak|pin|key)"
)

_VALUE = r"(?:\"((?:[^\"\\]|\\.)+)\"|([^\s\"]+))"

MIKROTIK_ROUTEROS = Platform(
    name="mikrotik_routeros",
    vendor="MikroTik",
    label="MikroTik RouterOS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("mikrotik_routeros",),
        oxidized=("routeros",),
        rancid=("mikrotik",),
        napalm=("ros",),
    ),
    prompt=re.compile(r"\[[^\]\n@]{0,64}@(?P<name>[^\n]{1,64})\] ?(?:<SAFE> ?>?|/?>)"),
    questions=(
        Question(
            pattern=re.compile(r"(?i:do you want to see the software license\?.*)"), answer="n"
        ),
        # Ctrl-C puts it off.
        Question(pattern=re.compile(r"(?i:new password ?>)"), answer="\x03"),
        PRESS_ANY_KEY,
    ),
    pagers=(Pager(pattern=re.compile(r"-- \[Q quit\|.*\]$")),),
    commands=(
        Command(text="/system resource print without-paging", yields=Yields.VERSION),
        Command(text="/system routerboard print without-paging", yields=Yields.INVENTORY),
        # Each line is a whole command; without `terse` long ones go on below.
        Command(
            text="/export terse show-sensitive",
            yields=Yields.RUNNING,
            alternatives=("/export show-sensitive", "/export terse", "/export"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(
            r"(?i:bad command name|expected end of command|syntax error|no such item|failure: )"
        ),
        re.compile(r"(?i:input does not match|not enough permissions|interrupted)"),
    ),
    intruders=(*LOG_LINES, re.compile(r"[a-z]{3}/\d\d/\d{4} \d\d:\d\d:\d\d \S+,\S+ ")),
    volatile=(
        re.compile(r"# (?:[a-z]{3}/\d\d/\d{4}|\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d by RouterOS .*"),
    ),
    secrets=(
        # A long line goes on below, behind a backslash.
        HiddenRest(
            name="wrapped",
            pattern=rf"[ \t]{_NAMES}=\\$",
            rest=r"^[ \t]*(?:\"((?:[^\"\\]|\\.)+)\"?|([^\s\"]+))",
            goes_on=r"^[ \t]*\"(?:[^\"\\]|\\.)*\\$",
        ),
        HiddenRest(
            name="wrapped-text",
            pattern=rf"[ \t]{_NAMES}=\"(?:[^\"\\]|\\.)*\\$",
            rest=r"^[ \t]*((?:[^\"\\]|\\.)+)",
            goes_on=r"^(?:[^\"\\]|\\.)*\\$",
        ),
        FreeText(name="wrapped", pattern=rf"[ \t]{_NAMES}=(\\)$"),
        HiddenValue(
            name="named",
            pattern=rf"[ \t]{_NAMES}=(?:\"((?:[^\"\\]|\\.)+)(?:\"|\\$)|([^\s\"]+))",
        ),
        FreeText(name="variable", pattern=r"[ \t]key=(\S+) .*?value="),
        HiddenValue(
            name="variable",
            pattern=rf"[ \t]key=\S*(?:pass|pwd|secret|token|psk|key)\S* .*?value={_VALUE}",
        ),
        HiddenValue(
            name="snmp-community",
            pattern=rf"^/snmp community .*?[ \t]name={_VALUE}",
        ),
        HiddenRest(
            name="snmp-communities",
            pattern=r"^/snmp community$",
            # A line that goes on may begin with the value alone.
            rest=r"(?:^|[ \t])name=(?:\"((?:[^\"\\]|\\.)+)\"|([^\s\"\\]+))"
            r"|^[ \t]+\"?([^\s=\"]+)",
            goes_on=r"^(?:set|add|[ \t])",
        ),
        HiddenValue(name="zerotier", pattern=r" identity=\"[0-9a-f]+:\d+:[0-9a-f]+:([0-9a-f]+)\""),
        HiddenValue(
            name="snmp-trap",
            pattern=rf"[ \t]trap-community={_VALUE}",
        ),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^/system identity set name=\"?([^\"\n]+?)\"?$)"),),
        model=(
            re.compile(r"(?m:^ *board-name: (.+?)\s*$)"),
            re.compile(r"(?m:^# model = (.+?)\s*$)"),
        ),
        serial=(
            re.compile(r"(?m:^ *serial-number: (\S+))"),
            re.compile(r"(?m:^# serial number = (\S+))"),
        ),
        version=(re.compile(r"(?m:^ *version: (\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("/quit",),
)
