"""The text without the lines that change by themselves: what is compared, never what is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from netraven.archive.linematch import LineFinder
from netraven.platforms.platform import Platform

NORMAL_REVISION = 1
"""Raised when this module makes something else of the same text and the same platform."""


def normalise(text: str, platform: Platform) -> str:
    """Return the text without the platform's volatile lines; doing so twice changes nothing."""
    return _without_volatile(text, platform).decode("utf-8", "surrogateescape")


def changed(old: str, new: str, platform: Platform) -> bool:
    """Tell whether the texts differ in more than lines that change by themselves."""
    return old != new and _without_volatile(old, platform) != _without_volatile(new, platform)


def normal_hash(text: str, platform: Platform) -> str:
    """Return the revision of the rules, a colon and the SHA-256 hex digest of the normal text.

    At most 80 characters; `rules_differ` tells whether two can be compared.
    """
    digest = hashlib.sha256(_without_volatile(text, platform)).hexdigest()
    return f"{_compiled(platform).revision}:{digest}"


def rules_differ(normal_hash_a: str, normal_hash_b: str) -> bool:
    """Tell whether other rules made the one than the other: then their digests say nothing."""
    return normal_hash_a.partition(":")[0] != normal_hash_b.partition(":")[0]


@dataclass(frozen=True, slots=True)
class _Rules:
    finder: LineFinder
    revision: str


@lru_cache(maxsize=256)
def _compiled(platform: Platform) -> _Rules:
    """Return the platform's rules and their revision, which follows from them.

    So that nobody has to remember to raise it when a platform gets another volatile line.
    """
    patterns = [pattern.pattern for pattern in platform.volatile]
    lines = [f"^(?:{pattern})[ \t\r]*$" for pattern in patterns]
    digest = hashlib.sha256("\n".join(patterns).encode()).hexdigest()
    return _Rules(LineFinder(lines, ignores_case=False), f"{NORMAL_REVISION}-{digest[:8]}")


def _without_volatile(text: str, platform: Platform) -> bytes:
    content = text.encode("utf-8", "surrogateescape")
    finder = _compiled(platform).finder
    kept: list[bytes] = []
    at = 0
    while (line := finder.next_line(content, at)) is not None:
        kept.append(content[at : line[0]])
        at = line[1] + 1
    kept.append(content[at:])
    return b"".join(kept)
