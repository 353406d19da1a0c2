"""Any Unix-like host whose configuration is a file: `linux:/etc/frr/frr.conf`.

A device's platform may say which file it is, never which command is run: what a stored
credential does on a host is decided here.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import lru_cache

from netraven.platforms.observation import Yields
from netraven.platforms.platform import (
    Aliases,
    BlockSyntax,
    Command,
    Completeness,
    FactRules,
    Platform,
    Proof,
)
from netraven.platforms.secret_rules import LINUX as SECRETS

DEFAULT_PATH = "/etc/network/interfaces"
_PATH = re.compile(r"/[\w@%+=:,./ -]{1,200}")


@lru_cache(maxsize=1024)
def linux_reading(path: str) -> Platform | None:
    """Return the platform whose configuration is that file; None for an unusable path.

    The same path gives the same object. It is absolute and made of letters, digits, blanks and
    `@%+=:,./-_`.
    """
    if _PATH.fullmatch(path) is None or "/../" in f"{path}/":
        return None
    if path == DEFAULT_PATH:
        return LINUX
    return replace(LINUX, name=f"linux:{path}", commands=(*LINUX.commands[:2], _reading(path)))


def _reading(path: str) -> Command:
    """Return the command that prints a file and then, proof that it is whole, its size.

    The size comes from a second look at the file and is not in the echo of the command.
    """
    file = shlex.quote(path)
    return Command(
        text=f"cat {file} && printf '\\n:size %s:\\n' $(wc -c < {file})", yields=Yields.RUNNING
    )


LINUX = Platform(
    name="linux",
    vendor="Linux",
    label="Linux and Unix hosts (one file)",
    proof=Proof.DOCUMENTED,
    aliases=Aliases(
        netmiko=("linux", "linux_ssh", "generic_termserver"),
        oxidized=("linuxgeneric", "linux"),
        napalm=("linux",),
    ),
    prompt=re.compile(
        r"(?:\(\S+\) )?\[?(?:[\w.-]+@)?(?P<name>[A-Za-z0-9][\w.-]*)?(?:[: ].{0,200}?)?\]? ?[$#%>]"
    ),
    # Does nothing, but moves a counter in the prompt, so that it is known as one.
    paging_off=("true",),
    commands=(
        Command(text="uname -sr", yields=Yields.VERSION),
        Command(text="uname -nm", yields=Yields.INVENTORY),
        _reading(DEFAULT_PATH),
    ),
    completeness=Completeness(trailer=re.compile(r":size +(?P<bytes>\d+):")),
    errors=(
        re.compile(r"(?:cat|wc): .*: "),
        re.compile(r"-?(?:ba|da|z|a)?sh: .*: "),
        re.compile(r"(?i:permission denied|command not found)"),
    ),
    secrets=SECRETS,
    facts=FactRules(
        hostname=(re.compile(r"(?m:^([\w.-]+) [\w.-]+$)"),),
        version=(re.compile(r"(?m:^Linux (\S+))"),),
    ),
    comment="#",
    blocks=BlockSyntax.FLAT,
)
