"""All platforms, found by NetRaven's name or by any other tool's."""

from __future__ import annotations

from netraven.platforms.arista_eos import ARISTA_EOS
from netraven.platforms.aruba_aoscx import ARUBA_AOSCX
from netraven.platforms.cisco_asa import CISCO_ASA
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.frr import FRR
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.linux import LINUX, linux_reading
from netraven.platforms.platform import Platform

PLATFORMS: tuple[Platform, ...] = (
    ARISTA_EOS,
    ARUBA_AOSCX,
    CISCO_ASA,
    CISCO_IOS,
    FRR,
    JUNIPER_JUNOS,
    LINUX,
)


def get_platform(name: str) -> Platform | None:
    """Return the platform of exactly that NetRaven name, or None.

    `linux:/path/of/a/file` is the linux platform reading that file.
    """
    base, colon, path = name.partition(":")
    if colon and base == LINUX.name:
        return linux_reading(path)
    return _BY_NAME.get(name)


def platform_names() -> tuple[str, ...]:
    """Return NetRaven's names, sorted."""
    return tuple(sorted(_BY_NAME))


def resolve_platform(name: str) -> Platform | None:
    """Return the platform that any tool calls so, in upper or lower case, or None."""
    wanted, colon, path = name.strip().partition(":")
    wanted = wanted.lower().replace("-", "_")
    found = _BY_NAME.get(wanted) or _BY_ALIAS.get(wanted)
    return get_platform(f"{found.name}:{path}") if found is not None and colon else found


def _index_aliases() -> dict[str, Platform]:
    found: dict[str, Platform] = {}
    for platform in PLATFORMS:
        aliases = platform.aliases
        for alias in (*aliases.netmiko, *aliases.oxidized, *aliases.rancid, *aliases.napalm):
            found.setdefault(alias.replace("-", "_"), platform)
    return found


_BY_NAME = {platform.name: platform for platform in PLATFORMS}
_BY_ALIAS = _index_aliases()
