"""HPE Aruba Instant access points and their virtual controller."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

ARUBA_INSTANT = Platform(
    name="aruba_instant",
    vendor="HPE Aruba Networking",
    label="HPE Aruba Instant AP",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(oxidized=("arubainstant",)),
    # Access points are often named with blanks and brackets.
    prompt=re.compile(
        r"(?P<name>[A-Za-z0-9][\w.:()-]*(?: {1,2}[\w.:()-]+){0,3}?)"
        r"(?: \((?:config|[\w ]+profile[^()]*)\))? ?[#>]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("no paging",),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show activate status", yields=Yields.INVENTORY),
        Command(
            text="show running-config no-encrypt",
            yields=Yields.RUNNING,
            alternatives=("show running-config",),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=CLI_REFUSALS,
    intruders=LOG_LINES,
    secrets=(
        free("flag", r"^(hash-mgmt-password)$"),
        free("hash", r"^hash-mgmt-user \S+ password (hash|cleartext) "),
        hidden("controller-key", r"^virtual-controller-key {word}"),
        hidden("management-user", r"^hash-mgmt-user \S+ password (?:hash|cleartext) {word}"),
        hidden("management-user", r"^mgmt-user \S+ {word}"),
        hidden("user", r"^user \S+ {word} (?:radius|portal)"),
        hidden(
            "passphrase",
            r" (?:wpa-passphrase|wep-key\d?|wpa3-sae-passphrase|ikepsk|pppoe-(?:passwd|secret"
            r"|chapsecret)) {word}",
        ),
        hidden("uplink-user", r"^ap1x peap user \S+ {word}"),
        hidden("server-key", r"^(?:key|rfc3576-server-key|shared-secret) {rest}"),
        hidden(
            "snmp-user",
            r"^snmp-server user \S+ auth-prot \S+ {word}"
            r"(?: priv-prot \S+ {word})?",
        ),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname (\S+))"), re.compile(r"(?m:^name (.+?) *$)")),
        model=(re.compile(r"(?m:\(MODEL: ([^)]+)\))"),),
        serial=(re.compile(r"(?m:^IAP Serial Number *:(\S+))"),),
        version=(re.compile(r"(?m:^ArubaOS .*Version (\S+))"),),
    ),
)
