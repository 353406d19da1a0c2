"""Ruckus, Brocade and Foundry FastIron and IronWare."""

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
    Literal,
    Pager,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import CISCO_IOS
from netraven.platforms.secrets import free, hidden

RUCKUS_FASTIRON = Platform(
    name="ruckus_fastiron",
    vendor="Ruckus",
    label="Ruckus FastIron and Brocade IronWare",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(
        netmiko=(
            "ruckus_fastiron",
            "brocade_fastiron",
            "brocade_netiron",
            "extreme_netiron",
            "ruckus_fastiron_telnet",
        ),
        oxidized=("fastiron", "ironware"),
        rancid=("foundry",),
    ),
    prompt=re.compile(
        r"(?:(?i:ssh|telnet|console)@(?P<remote>\S+?)|(?P<name>[A-Za-z0-9][\w.:/@~+-]*))"
        r"(?: (?:Router|Switch))?(?:\([\w./:-]+\))?[>#]"
    ),
    questions=(PRESS_ANY_KEY,),
    pagers=(
        Pager(pattern=re.compile(r"(?i:-- ?more ?--(?:, next page: space.*quit: control-c)?)$")),
    ),
    paging_off=("skip-page-display", "terminal length 0"),
    enable=Enable(),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(
            text="show running-config",
            yields=Yields.RUNNING,
            preamble=re.compile(r"Current configuration:.*|Building configuration\.\.\."),
        ),
    ),
    completeness=Completeness(end_marker=re.compile(r"end")),
    errors=(
        re.compile(r"(?i:(?:ambiguous|unrecognized) (?:input|command)|error ?[:-])"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    literals=(
        Literal(word="banner", opens=re.compile(r"banner (?:motd |exec |incoming )?(?P<end>\S)$")),
    ),
    secrets=(
        hidden("enable", r"^enable (?:super-user|read-only|port-config)-password {secret}"),
        free("enable-rule", r"^enable (password-(?:min-length|display|history|masking).*)"),
        hidden("local-user", r"^username \S+ (?:\S+ )*?create-password {word}"),
        hidden(
            "ospf-ipsec", r" ipsec spi \d+ (?:esp|ah) (?:md5|sha\S*) (?:\d |\w+crypt\w* )?{word}"
        ),
        hidden("mka", r"^pre-shared-key (?:\d )?{word} key-name "),
        hidden("enable-aaa", r"^enable password-\S+ {word}"),
        hidden(
            "snmp-user",
            r"^snmp-server user .*? auth (?:md5|sha\S*) (?:\d )?{word}"
            r"(?: priv (?:encrypted )?(?:des|aes\S*) (?:\d )?{word})?",
        ),
        free("snmp-user-type", r"^snmp-server user .*? priv (encrypted (?:des|aes\S*)) "),
        hidden("ospf", r" md5-authentication key-id \d+ key (?:\d )?{word}"),
        free("time-server-key", r"^server \S+ key (\d+)$"),
        hidden("vrrp", r" auth-type simple-text-auth {word}"),
        hidden("time-key", r"^authentication-key key-id \d+ (?:md5|sha\S*) (?:\d )?{word}"),
        free("time-key-number", r"^authentication-key (key-id \d+ (?:md5|sha\S*)) "),
        hidden("typed-two", r" (?:key|password|auth|priv|community) \d {word}"),
        hidden("typed-two", r"^snmp-server host \S+ version v?[12]c? (?:\d )?{word}"),
        *CISCO_IOS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^hostname (\S+))"),),
        model=(
            re.compile(r"(?m:^ *HW: (?:Stackable |Chassis )?(\S+))"),
            re.compile(r"(?m:^System: (\S+))"),
        ),
        serial=(re.compile(r"(?m:^ *Serial +#: *(\w+))"),),
        version=(
            re.compile(r"(?m:^ *SW: Version ([^\s,]+))"),
            re.compile(r"(?m:^ *IronWare : Version ([^\s,]+))"),
        ),
    ),
)
