"""What a change looks like: hashes by which changes of a fleet are told apart and put together.

Both are the first 128 bits of HMAC-SHA256 under the installation key, so that nobody who reads the
database can check a guess of a line.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from netraven.archive.normalise import normalise
from netraven.archive.weave import LineChange
from netraven.platforms.platform import Platform

MARK_BYTES = 16


@dataclass(frozen=True, slots=True)
class ChangeMark:
    """How a change is recognised, and how many lines it added and removed."""

    shape: bytes
    exact: bytes
    added: int
    removed: int


def mark_change(change: LineChange, platform: Platform | None, key: bytes) -> ChangeMark | None:
    """Return the marks of a change; None where only lines changed that do so by themselves.

    Two changes have the same exact mark when the same lines came and went in whatever order, the
    same shape when their lines differ in numbers, addresses, tokens and names at most.
    """
    lines = changed_lines(change, platform)
    if not lines:
        return None
    return ChangeMark(
        shape=_mark(sorted(map(blanked, lines)), key),
        exact=_mark(sorted(lines), key),
        added=sum(line.startswith("+") for line in lines),
        removed=sum(line.startswith("-") for line in lines),
    )


def changed_lines(change: LineChange, platform: Platform | None) -> list[str]:
    """Return the lines of a change, each behind `+` or `-`, without those that say nothing.

    Left out are blank lines, comment signs alone, and lines that change by themselves.
    """
    return [
        f"{sign}{line}"
        for sign, lines in (("-", change.removed), ("+", change.added))
        for line in _telling(lines, platform)
    ]


def blanked(line: str) -> str:
    """Return what is left of a line without numbers, addresses, tokens and names."""
    for pattern, left in _BLANKS:
        line = pattern.sub(left, line)
    return line


_DOMAIN = b"netraven change mark 1\x00"
_SEPARATORS = frozenset(("!", "#", "exit", "!exit", "next", "end", "}", "{"))
_BLANKS = (
    (re.compile(r"‹(\w+):[^›]*›"), r"‹\1›"),
    (
        re.compile(
            r"\b((?:description|remark|comment|alias|hostname|host-name|snmp-server location"
            r"|snmp-server contact|name)[ \t]+).*"
        ),
        r"\1…",
    ),
    (re.compile(r'"[^"]*"'), '"…"'),
    # Addresses of IPv4, IPv6 and Ethernet, and whatever else has a digit in it.
    (re.compile(r"(?<![\w.:/-])(?:[\w.:/-]*\d[\w.:/-]*)"), "…"),
)


def _telling(lines: tuple[bytes, ...], platform: Platform | None) -> list[str]:
    text = b"\n".join(lines).decode("utf-8", "surrogateescape")
    if platform is not None:
        text = normalise(text, platform)
    return [
        line.rstrip()
        for line in text.split("\n")
        if line.strip() and line.strip() not in _SEPARATORS
    ]


def _mark(lines: list[str], key: bytes) -> bytes:
    told = "\n".join(lines).encode("utf-8", "surrogateescape")
    return hmac.digest(key, _DOMAIN + told, "sha256")[:MARK_BYTES]
