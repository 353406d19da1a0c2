"""HPE ProCurve and ArubaOS-Switch."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, PRESS_ANY_KEY
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

HP_PROCURVE = Platform(
    name="hp_procurve",
    vendor="HPE",
    label="HPE ProCurve and ArubaOS-Switch",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("hp_procurve", "aruba_procurve", "aruba_osswitch", "hp_procurve_telnet"),
        oxidized=("procurve", "aoss"),
        rancid=("hp", "procurve"),
        napalm=("procurve",),
    ),
    prompt=re.compile(r"(?P<name>[A-Za-z0-9][\w.:/+-]*(?: [\w.:/+-]+){0,3})(?:\([\w ./-]+\))?[>#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(
        Pager(pattern=re.compile(r"(?i:-- ?more ?--(?:, next page: space.*quit: control-c)?)$")),
    ),
    paging_off=("no page", "terminal width 511"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show system", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Running configuration:"),
        ),
        Command(
            text="show config",
            yields=Yields.STARTUP,
            preamble=re.compile(r"Startup configuration:.*"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(re.compile(r"(?i:not enough|module not present|error: )"), *CLI_REFUSALS),
    intruders=LOG_LINES,
    secrets=(
        free(
            "password-rule",
            r"^password (?:configuration-control|non-plaintext-\S+|minimum-length|composition"
            r"|complexity|history|aging|expir\S*|login|update).*",
        ),
        free("supplicant-type", r"^aaa port-access \S+ password (encrypted-password) "),
        # That there is a password is shown, not which.
        free("user-only", r"^password (manager|operator|port-access|all)$"),
        hidden("snmp-community", r"^snmpv3 community index \S+ name {word}"),
        hidden("supplicant", r"^(?:aaa )?port-access supplicant .* secret {word}"),
        hidden("vrrp", r"^authentication-data {word}"),
        hidden("papi", r"^papi-security (?:shared-key )?{word}"),
        free(
            "user",
            r"^password ((?:manager|operator|port-access)(?: user-name \S+)?"
            r" (?:plaintext|sha1|sha256)) ",
        ),
        hidden(
            "manager",
            r"^password (?:manager|operator|port-access)(?: user-name \S+)? (?:plaintext"
            r"|sha1|sha256) {word}",
        ),
        hidden("snmp-community", r"^snmp-server community {word}"),
        hidden("snmp-host", r"^snmp-server host \S+ community {word}"),
        hidden(
            "snmp-user", r"^snmpv3 user \S+ auth (?:md5|sha) {word}(?: priv (?:des |aes )?{word})?"
        ),
        hidden("encrypted", r"^encrypted-key (?:radius|tacacs|ntp|\S+) {word}"),
        free("encrypted-of", r"^encrypted-key (\S+) "),
        hidden(
            "encrypted",
            r" (?:encrypted-key|encrypted-password|key-value|encrypted-credentials) {word}",
        ),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r'(?m:^hostname "?([^"\s]+))'),
            re.compile(r"(?m:^ *System Name +: (\S+))"),
        ),
        model=(re.compile(r"(?m:^; (\S+) Configuration Editor)"),),
        serial=(re.compile(r"(?m:Serial Number +: (\S+))"),),
        version=(
            re.compile(r"(?m:^ *([A-Z]{1,2}\.\d\d\.\d\d\.\d{4}\S*))"),
            re.compile(r"Software revision +: (\S+)"),
        ),
    ),
    comment=";",
    leave=("logout", "y", "n"),
)
