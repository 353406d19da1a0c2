"""All platforms, found by NetRaven's name or by any other tool's."""

from __future__ import annotations

from netraven.platforms.a10_acos import A10_ACOS
from netraven.platforms.alcatel_aos import ALCATEL_AOS
from netraven.platforms.allied_telesis_awplus import ALLIED_TELESIS_AWPLUS
from netraven.platforms.apc_aos import APC_AOS
from netraven.platforms.arista_eos import ARISTA_EOS
from netraven.platforms.aruba_aoscx import ARUBA_AOSCX
from netraven.platforms.aruba_instant import ARUBA_INSTANT
from netraven.platforms.aruba_os import ARUBA_OS
from netraven.platforms.bridge import PREFIX, bridged
from netraven.platforms.brocade_fos import BROCADE_FOS
from netraven.platforms.checkpoint_gaia import CHECKPOINT_GAIA
from netraven.platforms.cisco_aireos import CISCO_AIREOS
from netraven.platforms.cisco_asa import CISCO_ASA
from netraven.platforms.cisco_asyncos import CISCO_ASYNCOS
from netraven.platforms.cisco_ftd import CISCO_FTD
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.cisco_nxos import CISCO_NXOS
from netraven.platforms.cisco_s300 import CISCO_S300
from netraven.platforms.cisco_xr import CISCO_XR
from netraven.platforms.citrix_netscaler import CITRIX_NETSCALER
from netraven.platforms.cumulus_linux import CUMULUS_LINUX
from netraven.platforms.dell_os6 import DELL_OS6
from netraven.platforms.dell_os9 import DELL_OS9
from netraven.platforms.dell_os10 import DELL_OS10
from netraven.platforms.dlink_ds import DLINK_DS
from netraven.platforms.eltex_mes import ELTEX_MES
from netraven.platforms.extreme_ers import EXTREME_ERS
from netraven.platforms.extreme_exos import EXTREME_EXOS
from netraven.platforms.extreme_vsp import EXTREME_VSP
from netraven.platforms.f5_tmsh import F5_TMSH
from netraven.platforms.fortinet_fortios import FORTINET_FORTIOS
from netraven.platforms.frr import FRR
from netraven.platforms.garderos_grs import GARDEROS_GRS
from netraven.platforms.hp_comware import HP_COMWARE
from netraven.platforms.hp_procurve import HP_PROCURVE
from netraven.platforms.huawei_vrp import HUAWEI_VRP
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.juniper_screenos import JUNIPER_SCREENOS
from netraven.platforms.linux import LINUX, linux_reading
from netraven.platforms.mellanox_onyx import MELLANOX_ONYX
from netraven.platforms.mikrotik_routeros import MIKROTIK_ROUTEROS
from netraven.platforms.netgate_tnsr import NETGATE_TNSR
from netraven.platforms.netgear_prosafe import NETGEAR_PROSAFE
from netraven.platforms.netmiko_types import is_netmiko_type
from netraven.platforms.nokia_sros import NOKIA_SROS
from netraven.platforms.opengear_linux import OPENGEAR_LINUX
from netraven.platforms.opnsense import OPNSENSE
from netraven.platforms.paloalto_panos import PALOALTO_PANOS
from netraven.platforms.perle_iolan import PERLE_IOLAN
from netraven.platforms.pfsense import PFSENSE
from netraven.platforms.platform import Platform
from netraven.platforms.ruckus_fastiron import RUCKUS_FASTIRON
from netraven.platforms.ruijie_os import RUIJIE_OS
from netraven.platforms.siklu_etherhaul import SIKLU_ETHERHAUL
from netraven.platforms.sonic import SONIC
from netraven.platforms.sonicwall_sonicos import SONICWALL_SONICOS
from netraven.platforms.tplink_jetstream import TPLINK_JETSTREAM
from netraven.platforms.ubiquiti_edgerouter import UBIQUITI_EDGEROUTER
from netraven.platforms.ubiquiti_edgeswitch import UBIQUITI_EDGESWITCH
from netraven.platforms.undetermined import UNDETERMINED
from netraven.platforms.vyos import VYOS
from netraven.platforms.zte_zxros import ZTE_ZXROS

PLATFORMS: tuple[Platform, ...] = (
    A10_ACOS,
    ALCATEL_AOS,
    ALLIED_TELESIS_AWPLUS,
    APC_AOS,
    ARISTA_EOS,
    ARUBA_AOSCX,
    ARUBA_INSTANT,
    ARUBA_OS,
    BROCADE_FOS,
    CHECKPOINT_GAIA,
    CISCO_AIREOS,
    CISCO_ASA,
    CISCO_ASYNCOS,
    CISCO_FTD,
    CISCO_IOS,
    CISCO_NXOS,
    CISCO_S300,
    CISCO_XR,
    CITRIX_NETSCALER,
    CUMULUS_LINUX,
    DELL_OS10,
    DELL_OS6,
    DELL_OS9,
    DLINK_DS,
    ELTEX_MES,
    EXTREME_ERS,
    EXTREME_EXOS,
    EXTREME_VSP,
    F5_TMSH,
    FORTINET_FORTIOS,
    FRR,
    GARDEROS_GRS,
    HP_COMWARE,
    HP_PROCURVE,
    HUAWEI_VRP,
    JUNIPER_JUNOS,
    JUNIPER_SCREENOS,
    LINUX,
    MELLANOX_ONYX,
    MIKROTIK_ROUTEROS,
    NETGATE_TNSR,
    NETGEAR_PROSAFE,
    NOKIA_SROS,
    OPENGEAR_LINUX,
    OPNSENSE,
    PALOALTO_PANOS,
    PERLE_IOLAN,
    PFSENSE,
    RUCKUS_FASTIRON,
    RUIJIE_OS,
    SIKLU_ETHERHAUL,
    SONIC,
    SONICWALL_SONICOS,
    TPLINK_JETSTREAM,
    UBIQUITI_EDGEROUTER,
    UBIQUITI_EDGESWITCH,
    VYOS,
    ZTE_ZXROS,
)


def get_platform(name: str) -> Platform | None:
    """Return the platform of exactly that NetRaven name, or None.

    `linux:/path/of/a/file` is the linux platform reading that file; `auto` stands for the one
    that the device turns out to be; `netmiko:<device_type>` is whatever Netmiko calls so.
    """
    base, colon, path = name.partition(":")
    if colon and base == PREFIX:
        return bridged(path, _BY_NETMIKO.get(path) or _BY_NETMIKO.get(path.removesuffix("_ssh")))
    if colon and base == LINUX.name:
        return linux_reading(path)
    return _BY_NAME.get(name)


def platform_names() -> tuple[str, ...]:
    """Return NetRaven's names, sorted."""
    return tuple(sorted(platform.name for platform in PLATFORMS))


def resolve_platform(name: str) -> Platform | None:
    """Return the platform that any tool calls so, in upper or lower case, or None.

    `netmiko:<device_type>` is taken where Netmiko has that type.
    """
    wanted, colon, path = name.strip().partition(":")
    wanted = wanted.lower().replace("-", "_")
    if colon and wanted == PREFIX:
        kind = path.lower()
        return get_platform(f"{wanted}:{kind}") if is_netmiko_type(kind) else None
    found = _BY_NAME.get(wanted) or _BY_ALIAS.get(wanted)
    if found is None and is_netmiko_type(wanted):
        found = _BY_NETMIKO.get(wanted.removesuffix("_ssh"))
    return get_platform(f"{found.name}:{path}") if found is not None and colon else found


def _index_aliases() -> dict[str, Platform]:
    found: dict[str, Platform] = {}
    for platform in PLATFORMS:
        aliases = platform.aliases
        for alias in (*aliases.netmiko, *aliases.oxidized, *aliases.rancid, *aliases.napalm):
            found.setdefault(alias.replace("-", "_"), platform)
    return found


_BY_NAME = {platform.name: platform for platform in (*PLATFORMS, UNDETERMINED)}
_BY_ALIAS = _index_aliases()
_BY_NETMIKO = {name: platform for platform in PLATFORMS for name in platform.aliases.netmiko}
