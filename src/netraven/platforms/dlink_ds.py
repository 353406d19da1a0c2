"""D-Link managed switches with the DGS and DES command line."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, MORE, PRESS_ANY_KEY
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
from netraven.platforms.secret_rules import WORDS
from netraven.platforms.secrets import free, hidden

DLINK_DS = Platform(
    name="dlink_ds",
    vendor="D-Link",
    label="D-Link managed switches",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("dlink_ds", "dlink_ds_telnet"), oxidized=("dlink",), rancid=("dlink",)
    ),
    prompt=re.compile(r"(?P<name>[\w./-]+)(?::[\w-]+)?[>#]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(
        Pager(pattern=re.compile(r"(?i:ctrl\+c.*\ba\b *all.*)$"), key="a"),
        MORE,
    ),
    paging_off=("disable clipaging",),
    commands=(
        Command(text="show switch", yields=Yields.VERSION),
        Command(
            text="show config current_config",
            yields=Yields.RUNNING,
            alternatives=("show config current", "show config active"),
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:available commands:|next possible completions:|fail!?$)"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=(
        hidden("account", r"^(?:create|config) account (?:\S+ )*?(?:encrypt \S+ ){word}"),
        hidden("encrypted", r"^(\*@&\S+)$"),
        hidden("community", r"^(?:create|config) snmp community {word}"),
        hidden("server-key", r"^config (?:radius|authen server_host) .*? key {word}"),
        free("flag", r"^(?:enable|disable) password .*"),
        hidden("snmp-user", r"^create snmp user .*? auth \S+ {word}(?: priv \S+ {word})?"),
        hidden("snmp-host", r"^create snmp host \S+ v(?:1|2c) {word}"),
        free("server-key-type", r"^config radius .*? key (encryption_key) "),
        hidden("server-key", r"^config radius .*? key (?:encryption_key )?{word}"),
        hidden("server-key", r"^create authen server_host .*? key {word}"),
        hidden("ospf", r"^config ospf .*? authentication simple {word}"),
        hidden("ospf", r"^create md5 key \d+ {word}"),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^System Name +: (\S+))"),),
        model=(re.compile(r"(?m:^Device Type +: (\S+))"),),
        serial=(re.compile(r"(?m:^(?:System )?Serial Number +: (\S+))"),),
        version=(re.compile(r"(?m:^Firmware Version +: (.+?) *$)"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
    leave=("logout",),
)
