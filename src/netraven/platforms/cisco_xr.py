"""Cisco IOS XR."""

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
    Literal,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

CISCO_XR = Platform(
    name="cisco_xr",
    vendor="Cisco",
    label="Cisco IOS XR",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("cisco_xr", "cisco_xr_telnet"),
        oxidized=("iosxr",),
        rancid=("cisco-xr", "ios-xr"),
        napalm=("iosxr", "iosxr_netconf"),
    ),
    prompt=re.compile(
        r"(?:(?:RP|DRP)/\w+/\S+?:)?(?P<name>[A-Za-z0-9][\w.-]*)(?:\([\w./-]+\))?[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(MORE,),
    paging_off=("terminal length 0", "terminal width 0"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show inventory", yields=Yields.INVENTORY),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(
                r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d(?:\.\d+)? \S+"
                r"|Building configuration\.\.\."
            ),
        ),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=CLI_REFUSALS,
    intruders=(*LOG_LINES, re.compile(r"(?:RP|LC)/\d+/\S+:\S* ?[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d")),
    literals=(Literal(word="banner", opens=re.compile(r"banner \S+ (?P<end>\S)")),),
    volatile=(
        re.compile(r"!! Last configuration change at .*"),
        re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d\.\d+ \S+"),
    ),
    secrets=(
        hidden("encrypted", r" encrypted {word}"),
        hidden(
            "clear",
            r" (?:password|authentication-key|md5|sha\S*|hmac-md5|text|community|traps"
            r"|2c|aes \d+|3?des\S*) clear {word}",
        ),
        hidden("key-string", r"^key-string (?:password6?|clear|encrypted) {word}"),
        free("ipsec-kind", r" (?:md5|sha\S*|3?des|aes(?: \d+)?) (password|clear) "),
        hidden("ipsec", r" (?:md5|sha\S*|3?des|aes(?: \d+)?) password {word}"),
        free("no-password", r"^(?:\S+ )?password (inheritance-disable|disable)$"),
        free(
            "time-server-key",
            r"^(?:server|peer) (?:vrf \S+ )?(?:ipv[46] )?\S+ (?:\S+ )*?key (\d+)(?: |$)",
        ),
        free("keychain", r"^(?:lsp|hello)-password (keychain .*)"),
        free("encrypted", r" (?:md5 |hmac-md5 |text )?(encrypted|clear) "),
        free("time-key-type", r"^authentication-key \d+ (\S+ (?:encrypted|clear)) "),
        hidden("hsrp", r"^authentication {word}$", inside=r"^hsrp "),
        hidden("vrrp", r"^text-authentication {word}$", inside=r"^vrrp "),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^hostname "?([^"\s]+))'),),
        model=(
            re.compile(r"(?m:^cisco (\S+) )"),
            re.compile(r"(?m:^PID: (\S+))"),
        ),
        serial=(re.compile(r"(?m:^PID: .*SN: (\S+))"),),
        version=(re.compile(r"\bVersion ([^\s,\[]+)"),),
    ),
)
