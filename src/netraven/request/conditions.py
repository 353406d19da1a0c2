"""Conditional requests: what a caller has already need not be sent again."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

_ANY: Final = "*"
# RFC 9110, 8.8.3; what stands between tags of a list does not matter here.
_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def is_known(request: Request, tag: str) -> bool:
    """Tell whether If-None-Match names this strong tag, be it as a weak one or among others.

    Proxies weaken the tags of what they pack, and caches send all those that they hold.
    """
    given = ",".join(request.headers.getlist("if-none-match"))
    return given.strip() == _ANY or tag in _TAG.findall(given)


def weakened(tag: str) -> str:
    """Return the tag of content that was coded otherwise on its way: the same, but for bytes."""
    return tag if tag.startswith("W/") else f"W/{tag}"
