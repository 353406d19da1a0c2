"""Fortinet FortiOS: FortiGate with or without virtual domains, and its relatives."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import MORE
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Block,
    Command,
    Completeness,
    FactRules,
    LineCount,
    Literal,
    Platform,
    Proof,
    Question,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

FORTINET_FORTIOS = Platform(
    name="fortinet_fortios",
    vendor="Fortinet",
    label="Fortinet FortiOS",
    proof=Proof.RECORDED,
    recordings=4,
    aliases=Aliases(
        netmiko=("fortinet",),
        oxidized=("fortios", "fortigate"),
        rancid=("fortigate", "fortigate-full"),
        napalm=("fortios",),
    ),
    prompt=re.compile(r"(?:\([A-Z]\) )?(?P<name>[\w.~-]+)(?: ?\([\w .:/-]+\))* [#$]"),
    questions=(
        Question(pattern=re.compile(r"(?i:.*press 'a' to accept.*)"), answer="a"),
        Question(pattern=re.compile(r"(?i:.*press (?:any key|return|enter).*)"), answer=""),
    ),
    # Switching the pager off would change the configuration; it is answered instead.
    pagers=(MORE,),
    commands=(
        Command(text="get system status", yields=Yields.VERSION),
        # `grep .` leaves out blank lines, and passes the pager by on older versions.
        Command(
            text="show | grep .",
            yields=Yields.RUNNING,
            alternatives=("show", "show full-configuration | grep .", "show full-configuration"),
        ),
    ),
    # Every section ends in `end`, so the last one proves nothing.
    completeness=Completeness(
        count=LineCount(command="show | grep -c .", pattern=re.compile(r"(?m:^(\d+)$)")),
        reread=True,
    ),
    errors=(
        re.compile(r"(?i:command fail\. return code|command parse error before |unknown action )"),
        re.compile(r"(?i:permission denied|incomplete command|ambiguous command|% ?error)"),
        re.compile(r"(?i:object (?:check|set) operator error|node_check_object fail!)"),
    ),
    intruders=LOG_LINES,
    literals=(Literal(word="set buffer ", opens=re.compile(r'\s*set buffer (?P<end>")')),),
    # Encrypted values have a new salt each time that they are shown; the internet services are
    # those of a database that updates itself.
    volatile=(
        re.compile(r"#conf_file_ver=.*"),
        re.compile(r'\s*set \S+ (?:ENC \S+|"ENC \S+")(?: (?:ENC \S+|"ENC \S+"))*'),
    ),
    volatile_blocks=(
        Block(
            begin=re.compile(r'\s*set private-key "-----BEGIN (?:\w+ )*PRIVATE KEY-----'),
            end=re.compile(r'-----END (?:\w+ )*PRIVATE KEY-----"'),
        ),
        Block(
            begin=re.compile(r"config firewall internet-service-name"),
            end=re.compile(r"end"),
        ),
    ),
    secrets=(
        free("words", r"^set (?:comments?|description|alias|location|contact-info|caption) .*"),
        free("encrypted", r"^set \S+(?: \d+)? \"?(ENC) "),
        hidden("encrypted", r" ENC {word}"),
        hidden("header", r"^set value {rest}", inside=r"^config http-headers"),
        free("header", r"^set key \"?(?:authorization|content-type|accept|x-[a-z-]+)\"?$"),
        free("switch", r"^set \S+ (enable|disable)$"),
        hidden(
            "snmp-community",
            r"^set name {word}",
            inside=r"^config (?:system |switch-controller )?snmp(?: |-)community",
        ),
        free("key-number", r"^set md5-key (\d+) "),
        hidden("md5-key", r"^set md5-key \d+ {word}"),
        hidden(
            "named",
            r"^set (?:\S*(?:passwd|password|psksecret|passphrase|-pwd|secret|psk)\d*(?:-l[12])?"
            r"|auth-keychain-key|(?:secondary-|tertiary-|api-|auth-?|enc-?|priv-|md5-|hmac-"
            r"|preshared-|ddns-|wifi-|wep-|group-)?key\d*"
            r"|key-string|access-key|license-key|token|community) {word}",
            outside=r"^config (?:rule|filters?|match)",
        ),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^Hostname: *(\S+))"),
            re.compile(r'(?m:^ *set hostname "([^"]+)")'),
        ),
        model=(re.compile(r"(?m:^Version: *(\S+) )"),),
        serial=(re.compile(r"(?m:^Serial-Number: *(\S+))"),),
        version=(re.compile(r"(?m:^Version: *\S+ v([\d.]+))"),),
    ),
    comment="#",
)
