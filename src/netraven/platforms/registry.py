"""All platforms, found by NetRaven's name or by any other tool's."""

from __future__ import annotations

from netraven.platforms.arista_eos import ARISTA_EOS
from netraven.platforms.aruba_aoscx import ARUBA_AOSCX
from netraven.platforms.aruba_instant import ARUBA_INSTANT
from netraven.platforms.cisco_asa import CISCO_ASA
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.cumulus_linux import CUMULUS_LINUX
from netraven.platforms.fortinet_fortios import FORTINET_FORTIOS
from netraven.platforms.frr import FRR
from netraven.platforms.hp_comware import HP_COMWARE
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.linux import LINUX, linux_reading
from netraven.platforms.netgate_tnsr import NETGATE_TNSR
from netraven.platforms.netgear_prosafe import NETGEAR_PROSAFE
from netraven.platforms.opnsense import OPNSENSE
from netraven.platforms.perle_iolan import PERLE_IOLAN
from netraven.platforms.platform import Platform
from netraven.platforms.ruckus_fastiron import RUCKUS_FASTIRON
from netraven.platforms.sonicwall_sonicos import SONICWALL_SONICOS
from netraven.platforms.tplink_jetstream import TPLINK_JETSTREAM

PLATFORMS: tuple[Platform, ...] = (
    ARISTA_EOS,
    ARUBA_AOSCX,
    ARUBA_INSTANT,
    CISCO_ASA,
    CISCO_IOS,
    CUMULUS_LINUX,
    FORTINET_FORTIOS,
    FRR,
    HP_COMWARE,
    JUNIPER_JUNOS,
    LINUX,
    NETGATE_TNSR,
    NETGEAR_PROSAFE,
    OPNSENSE,
    PERLE_IOLAN,
    RUCKUS_FASTIRON,
    SONICWALL_SONICOS,
    TPLINK_JETSTREAM,
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
