"""What is known of a platform, in words: what proves an answer whole, and what it rests on."""

from __future__ import annotations

import re

from netraven.platforms.platform import Platform

_ESCAPE = re.compile(r"\\(.)")


def completeness_in_words(platform: Platform) -> str:
    """Return what proves that a configuration of the platform is whole."""
    completeness = platform.completeness
    found: list[str] = []
    if completeness.trailer is not None:
        found.append("the file's size, asked in the same command")
    if completeness.is_file:
        found.append("the file's size, which the device declares before it")
    if completeness.end_marker is not None:
        shown = completeness.end_shown or _ESCAPE.sub(r"\1", completeness.end_marker.pattern)
        found.append(f"the closing line `{shown}`")
    if completeness.sections:
        found.append("a command that every configuration has")
    if completeness.count is not None:
        found.append("the device's own count of lines, or a second reading that agrees")
    elif completeness.reread:
        found.append("a second reading that agrees")
    return ", and ".join(found)


def proof_in_words(platform: Platform) -> str:
    """Return what the declaration rests on: `recorded 3 times`, `documented`, a file's name."""
    if platform.source:
        return f"own, in {platform.source}"
    if not platform.recordings:
        return platform.proof.value
    times = "once" if platform.recordings == 1 else f"{platform.recordings} times"
    return f"{platform.proof.value} {times}"


def paging_in_words(platform: Platform) -> str:
    """Return how the pager is dealt with."""
    if platform.bridge:
        return "dealt with by Netmiko"
    off = ", ".join(f"`{text}`" for text in platform.paging_off if text not in {"true", ""})
    if off and platform.pagers:
        return f"off by {off}; what remains is answered"
    if off:
        return f"off by {off}"
    return "answered page by page" if platform.pagers else "none"
