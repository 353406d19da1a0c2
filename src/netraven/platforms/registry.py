"""All platforms, found by NetRaven's name or by any other tool's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netraven.platforms.cisco_ios import CISCO_IOS

if TYPE_CHECKING:
    from netraven.platforms.platform import Platform

PLATFORMS: tuple[Platform, ...] = (CISCO_IOS,)


def get_platform(name: str) -> Platform | None:
    """Return the platform of exactly that NetRaven name, or None."""
    return _BY_NAME.get(name)


def platform_names() -> tuple[str, ...]:
    """Return NetRaven's names, sorted."""
    return tuple(sorted(_BY_NAME))


def resolve_platform(name: str) -> Platform | None:
    """Return the platform that any tool calls so, in upper or lower case, or None."""
    wanted = name.strip().lower().replace("-", "_")
    return _BY_NAME.get(wanted) or _BY_ALIAS.get(wanted)


def _index_aliases() -> dict[str, Platform]:
    found: dict[str, Platform] = {}
    for platform in PLATFORMS:
        aliases = platform.aliases
        for alias in (*aliases.netmiko, *aliases.oxidized, *aliases.rancid, *aliases.napalm):
            found.setdefault(alias.replace("-", "_"), platform)
    return found


_BY_NAME = {platform.name: platform for platform in PLATFORMS}
_BY_ALIAS = _index_aliases()
