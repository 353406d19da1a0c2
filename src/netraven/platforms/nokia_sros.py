"""Nokia SR OS: classic and model-driven CLI."""

from __future__ import annotations

import re

from netraven.platforms.intruders import FOREIGN_PROMPT, LOG_LINES
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
from netraven.platforms.secret_rules import WORDS
from netraven.platforms.secrets import HiddenValue, free, hidden

NOKIA_SROS = Platform(
    name="nokia_sros",
    vendor="Nokia",
    label="Nokia SR OS",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("nokia_sros", "alcatel_sros", "nokia_sros_telnet"),
        oxidized=("sros", "srosmd"),
        rancid=("sros", "sros-md"),
        napalm=("sros",),
    ),
    prompt=re.compile(r"[*!]{0,2}[A-D]:(?:[\w.-]+@)?(?P<name>[\w.-]+)(?:>[^\n#$]{1,120})?[#$]"),
    prompt_lead=re.compile(r"[*!]{0,2}(?:\((?:ex|pr|gl|ro)\))?\[[^\n\]]*\]"),
    questions=(PRESS_ANY_KEY,),
    pagers=(
        Pager(pattern=re.compile(r"(?i:press any key to continue \(q to quit\)|--\(more\)--.*)$")),
    ),
    paging_off=("environment no more", "environment more false"),
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show chassis", yields=Yields.INVENTORY),
        Command(
            text="admin display-config",
            yields=Yields.RUNNING,
            alternatives=("admin show configuration",),
        ),
    ),
    completeness=Completeness(
        # In full: a line that breaks off within its date is no end.
        end_marker=re.compile(
            r"# Finished (?:\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4} [A-Z]{3,4}"
            r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d))"
        ),
        end_shown="# Finished …",
    ),
    errors=(re.compile(r"(?i:error: |minor: |major: |critical: )"), *CLI_REFUSALS),
    intruders=(*LOG_LINES, FOREIGN_PROMPT),
    volatile=(re.compile(r"# (?:Generated|Finished|Last modified) .*"),),
    secrets=(
        free("manual-ipsec", r"^(authentication (?:md5|sha\S*) (?:ascii-key|hex-key)) "),
        hidden("manual-ipsec", r" (?:ascii-key|hex-key) {word}"),
        hidden("trap-community", r" notify-community {word}"),
        free("password-kind", r"^password (chap|pap) "),
        hidden("password-kind", r"^password (?:chap|pap) {word}"),
        free("section", r"^((?:authentication-key|message-digest-key) \d+ \{)"),
        free("macsec", r"^pre-shared-key (\d+ encryption-type .*)"),
        hidden(
            "snmp-user",
            r"^authentication (?:hash )?(?:md5|sha\S*) {word}"
            r"(?: privacy (?:des|aes\S*)-key {word})?",
        ),
        free("snmp-user-type", r"^(authentication (?:hash )?(?:md5|sha\S*)) "),
        hidden("time-key", r"^authentication-key \d+ key {word}"),
        free("time-key-number", r"^authentication-key (\d+ key) "),
        HiddenValue(
            name="hashed", pattern=r'[ \t](?:"([^"]+)"|([^\s"]+))[ \t]+(?:hash2?|custom)\b'
        ),
        hidden(
            "md-hashed",
            r"^(?:password|admin-password|secret|community|key|md5|pre-shared-key|authentication-key"
            r"|auth-key|privacy-key|shared-secret) {word}",
        ),
        hidden("community", r"^community {word} "),
        hidden(
            "keys", r"^(?:authentication-key|message-digest-key \d+ md5|auth-key|secret) {word}"
        ),
        *WORDS,
    ),
    facts=FactRules(
        hostname=(re.compile(r'(?m:^ +(?:system )?name "([^"\n]+)")'),),
        model=(re.compile(r"(?m:^ +Type +: (.+?) *$)"),),
        serial=(re.compile(r"(?m:^ +Serial number +: (\S+))"),),
        version=(re.compile(r"TiMOS-\S-([^\s]+)"),),
    ),
    comment="#",
    leave=("logout",),
)
