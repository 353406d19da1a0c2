"""Addresses of devices in the one form in which they are stored."""

from __future__ import annotations

import re
from ipaddress import ip_address

from netraven.errors import Invalid

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOOKS_NUMERIC = re.compile(r"[0-9.]+|.*:.*")
_MAX_NAME = 253


def canonical_address(text: str) -> str:
    """Return the canonical IPv4 or IPv6 address or lower-case host name.

    Raises Invalid("ip_address") for what is none of them.
    """
    wanted = text.strip().lower()
    bare = wanted.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    name = wanted.removesuffix(".")
    labels = name.split(".")
    is_name = len(name) <= _MAX_NAME and all(_LABEL.fullmatch(label) for label in labels)
    if _LOOKS_NUMERIC.fullmatch(wanted) or not is_name:
        reason = f"{text!r} is neither an IPv4 or IPv6 address nor a host name"
        raise Invalid("ip_address", reason)
    return name
