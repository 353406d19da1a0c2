"""What to say of a name that is no platform's: there are too many platforms to list them all."""

from __future__ import annotations

from functools import lru_cache

from netraven.platforms.catalogue import Platforms


@lru_cache(maxsize=1024)
def platform_hint(name: str, platforms: Platforms) -> str:
    """Return the end of a sentence: the platforms that were perhaps meant, or where all stand."""
    close = platforms.close_names(name)
    if not close:
        return "docs/operations/platforms.md lists the known ones"
    return f"did you mean {' or '.join(close)}?"
