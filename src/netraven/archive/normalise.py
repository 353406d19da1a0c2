"""The text without the lines that change by themselves: what is compared, never what is kept."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from netraven.platforms.platform import Platform

NORMAL_REVISION = 1
"""Raised whenever a platform's volatile lines change, so that old hashes are not compared."""

_MATCHES_NOTHING = r"(?!)"


def normalise(text: str, platform: Platform) -> str:
    """Return the text without the platform's volatile lines; doing so twice changes nothing."""
    return _volatile_lines(platform).sub("", text)


def normal_hash(text: str, platform: Platform) -> str:
    """Return the revision of the rules and the SHA-256 hex digest of the normalised text."""
    normal = normalise(text, platform).encode("utf-8", "surrogateescape")
    return f"{NORMAL_REVISION}:{hashlib.sha256(normal).hexdigest()}"


@lru_cache(maxsize=256)
def _volatile_lines(platform: Platform) -> re.Pattern[str]:
    lines = [f"(?:{pattern.pattern})" for pattern in platform.volatile] or [_MATCHES_NOTHING]
    return re.compile(rf"^(?:{'|'.join(lines)})[ \t\r]*(?:\n|\Z)", re.MULTILINE)
