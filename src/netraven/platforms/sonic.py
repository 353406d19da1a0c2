"""SONiC: the configuration database of any vendor's switch."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS, SHELL_PROMPT
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import hidden

SONIC = Platform(
    name="sonic",
    vendor="SONiC",
    label="SONiC",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("dell_sonic", "edgecore_sonic"), oxidized=("sonic",), napalm=("sonic",)
    ),
    prompt=SHELL_PROMPT,
    commands=(
        Command(text="show version", yields=Yields.VERSION),
        Command(text="show platform summary", yields=Yields.INVENTORY),
        # The same that the file held when it was saved last, with all changes since.
        Command(
            text="show runningconfiguration all",
            yields=Yields.RUNNING,
            alternatives=("sudo -n show runningconfiguration all", "cat /etc/sonic/config_db.json"),
        ),
    ),
    completeness=Completeness(end_marker=re.compile(r"\}"), reread=True),
    errors=(
        re.compile(
            r"(?i:-?bash: .*|sudo: .*|error: |usage: |cat: .*|root privileges are required.*)"
        ),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=(
        hidden(
            "named",
            r"^\"(?:passkey|bind_password|primary_cak|fallback_cak|Community|auth_password|password|secret|auth_key|priv_key|key|psk"
            r"|md5_password|snmp_user_auth_password|snmp_user_encryption_password)\": ?"
            r"\"([^\"]+)\"",
        ),
        hidden("time-key", r"^\"value\": ?\"([^\"]+)\"", inside=r"^\"NTP_KEY\":"),
        # The community is the name of its own entry.
        hidden("snmp-community", r"^\"([^\"]+)\": ?\{", inside=r"^\"SNMP_COMMUNITY\":"),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r'"hostname": ?"([^"]+)"'),),
        model=(re.compile(r"(?m:^HwSKU: (\S+))"),),
        serial=(re.compile(r"(?m:^Serial Number: (\S+))"),),
        version=(re.compile(r"(?m:^SONiC Software Version: (\S+))"),),
    ),
    comment="#",
)
