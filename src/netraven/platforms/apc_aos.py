"""APC and Schneider Electric network management cards."""

from __future__ import annotations

import re

from netraven.platforms.intruders import LOG_LINES
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
from netraven.platforms.secret_rules import UNIVERSAL
from netraven.platforms.secrets import free, hidden

APC_AOS = Platform(
    name="apc_aos",
    vendor="APC by Schneider Electric",
    label="APC network management cards (AOS)",
    proof=Proof.RECORDED,
    recordings=1,
    aliases=Aliases(netmiko=("apc_aos",), oxidized=("apcaos", "apc_aos"), rancid=("apc",)),
    prompt=re.compile(r"[\w.@-]{1,64}>"),
    pagers=(
        Pager(pattern=re.compile(r"(?i:press <enter> to continue.*|-- ?more ?--)$"), key="\r"),
    ),
    commands=(
        Command(text="about", yields=Yields.VERSION),
        Command(text="upsabout", yields=Yields.INVENTORY),
        Command(text="scp config.ini", yields=Yields.RUNNING, file="config.ini"),
    ),
    # The command line shows no configuration; the card gives it as a file.
    completeness=Completeness(is_file=True),
    errors=(re.compile(r"E1\d\d: "),),
    intruders=LOG_LINES,
    volatile=(re.compile(r"; Configuration file, generated on .*"),),
    secrets=(
        free("words", r"^(?:Name|Location|Contact|Title)=.*"),
        hidden(
            "named",
            r"^[\w.]*?(?:password|passphrase|phrase|secret|community(?:name)?|authkey|privkey)\d*"
            r"=(.+)$",
        ),
        *UNIVERSAL,
    ),
    facts=FactRules(
        hostname=(re.compile(r"(?m:^HostName=(\S+))"),),
        model=(re.compile(r"(?m:^SKU: (\S+))"), re.compile(r"(?m:^Model Number:\s+(\S+))")),
        serial=(
            re.compile(r"(?m:^Serial Number: (\S+))"),
            re.compile(r"(?m:^Serial Number:\s+(\S+))"),
        ),
        version=(
            re.compile(r"(?m:^Name:\s+aos\s*\nVersion:\s+v?(\S+))"),
            re.compile(r"(?m:^; Network Management Card AOS v(\S+))"),
        ),
    ),
    comment=";",
    blocks=BlockSyntax.FLAT,
)
