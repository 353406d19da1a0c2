"""NVIDIA Cumulus Linux: what NVUE shows, or the files of versions before it."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
from netraven.platforms.manners import CLI_REFUSALS
from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    BlockSyntax,
    Command,
    Completeness,
    Enable,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import LINUX
from netraven.platforms.secrets import free, hidden

_FILES = (
    "cat /etc/hostname",
    "cat /etc/hosts",
    'grep -r "" /etc/network/interface* | cut -d "/" -f 4-',
    "cat /etc/resolv.conf",
    "cat /etc/ntp.conf",
    "cat /etc/snmp/snmpd.conf",
    "cat /etc/frr/daemons",
    "cat /etc/frr/zebra.conf",
    "cat /etc/frr/bgpd.conf",
    "cat /etc/frr/ospfd.conf",
    "cat /etc/frr/ospf6d.conf",
    "cat /etc/frr/frr.conf",
    "cat /etc/motd",
    "cat /etc/passwd",
    "cat /etc/cumulus/switchd.conf",
    "cat /etc/cumulus/ports.conf; echo",
    "cat /etc/cumulus/datapath/traffic.conf",
    "cat /etc/cumulus/acl/policy.conf",
    "cat /etc/default/isc-dhcp-relay",
)

CUMULUS_LINUX = Platform(
    name="cumulus_linux",
    vendor="NVIDIA",
    label="NVIDIA Cumulus Linux",
    proof=Proof.RECORDED,
    recordings=2,
    aliases=Aliases(
        netmiko=("cumulus_linux",), oxidized=("cumulus",), rancid=("cumulus",), napalm=("cumulus",)
    ),
    # `user@name:mgmt:~$`, with or without the VRF and a blank at the end.
    prompt=re.compile(r"[\w.-]+@(?P<name>[\w.-]+)(?::[\w-]+)?(?::|)[~/][^\s#$]* ?[#$]"),
    # Some of the files are for root's eyes alone.
    enable=Enable(
        command="sudo su -",
        from_suffix="$",
        question=re.compile(r"\[sudo\] password for [^:]+:\s*"),
        is_optional=True,
    ),
    commands=(
        Command(
            text="cat /etc/os-release",
            yields=Yields.VERSION,
            alternatives=("cat /etc/cumulus/etc.replace/os-release",),
        ),
        Command(text="nv show platform --color off", yields=Yields.INVENTORY),
        Command(
            text="nv config show --color off",
            yields=Yields.RUNNING,
            alternatives=("net show configuration commands",),
            parts=_FILES,
        ),
    ),
    completeness=Completeness(reread=True),
    errors=(
        re.compile(r"(?i:-?(?:ba)?sh: .*|error: .*|usage: nv|failed to |.*command not found)"),
        *CLI_REFUSALS,
    ),
    intruders=LOG_LINES,
    secrets=(
        free("words", r"^(?:description|full-name|contact|system-location|system-contact): .*"),
        hidden(
            "named",
            r"^(?:hashed-password|password|secret|shared-secret|authentication-key"
            r"|encrypted-password"
            r"|pre-shared-key|key|token|passphrase|community|auth-key|priv-key|message-digest-key):"
            r" ['\"]?([^\s'\"]+)",
        ),
        free("cipher", r"^((?:encrypt|auth)-\S+):"),
        free("no-community", r"^(access|view|any|oid|[0-9a-f.:/]+/\d+):"),
        # Passwords and communities are keys of the tree: what hangs below them is theirs.
        hidden(
            "snmp-user",
            r"^([^\s:]+):(?: \{\})?$",
            inside=r"^(?:auth-(?:md5|sha\S*)|encrypt-(?:aes|des)\S*|readonly-community"
            r"|readonly-community-v6|trap-link-\S+-community):",
        ),
        *LINUX,
    ),
    facts=FactRules(
        hostname=(
            re.compile(r"(?m:^ *hostname: (\S+))"),
            re.compile(r"(?m:^# cat /etc/hostname\n(\S+)$)"),
        ),
        model=(
            re.compile(r"(?m:^ *model: (\S+))"),
            re.compile(r"(?m:^product-name +(\S+))"),
        ),
        serial=(re.compile(r"(?m:^serial-number +(\S+))"),),
        version=(
            re.compile(r"(?m:^ *version: Cumulus Linux (\S+))"),
            re.compile(r"(?m:^VERSION_ID=\"?([^\"\s]+))"),
        ),
    ),
    comment="#",
    # Root's shell and the one that it was entered from.
    leave=("exit", "exit"),
    blocks=BlockSyntax.INDENT,
)
