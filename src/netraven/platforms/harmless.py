"""Which commands change nothing on a device: those that a platform runs anyway, and its queries.

A query is known by its first word, where the vendor's manuals give that word to reading only. What
is not known to be harmless is not; what a user's own platform may be asked, its commands say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from netraven.platforms.platform import Platform

HARMLESS_VERBS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(
        (
            *("a10_acos", "alcatel_aos", "allied_telesis_awplus", "arista_eos", "aruba_aoscx"),
            *("aruba_instant", "aruba_os", "checkpoint_gaia", "cisco_asa", "cisco_ftd"),
            *(
                "cisco_aireos",
                "cisco_ios",
                "cisco_nxos",
                "cisco_s300",
                "cisco_xr",
                "citrix_netscaler",
            ),
            *("dell_os10", "dell_os6", "dell_os9", "dlink_ds", "eltex_mes", "extreme_ers"),
            *("extreme_exos", "extreme_vsp", "frr", "hp_procurve", "juniper_junos"),
            *("mellanox_onyx", "netgate_tnsr", "netgear_prosafe", "nokia_sros", "paloalto_panos"),
            *("ruckus_fastiron", "ruijie_os", "sonicwall_sonicos", "tplink_jetstream"),
            *("ubiquiti_edgerouter", "ubiquiti_edgeswitch", "vyos", "zte_zxros"),
        ),
        frozenset({"show"}),
    ),
    "fortinet_fortios": frozenset({"get", "show"}),
    "hp_comware": frozenset({"display"}),
    "huawei_vrp": frozenset({"display"}),
    "juniper_screenos": frozenset({"get"}),
}

_SAFE_LINE: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 _.,:/+*@=()\[\]%~\"'-]*")
# What is collected for a vendor's support is written to the device's disk by some (IOS-XR, EXOS).
_WRITES: Final = re.compile(r"tech|diagnostic-info|redirect|append|tee|save")


def is_one_plain_line(command: str) -> bool:
    """Tell whether a text is one command and nothing besides.

    Nothing in it may end a line, join commands, redirect or filter an answer, be expanded by a
    shell, or ask a command line for help (`?`).
    """
    return _SAFE_LINE.fullmatch(command) is not None


def is_harmless(command: str, platform: Platform) -> bool:
    """Tell whether the platform declares that the command changes nothing."""
    words = command.lower().split()
    if not words or not is_one_plain_line(command):
        return False
    if any(words == each.text.lower().split() for each in platform.commands if not each.file):
        return True
    is_query = words[0] in HARMLESS_VERBS.get(platform.name, frozenset())
    return is_query and not any(_WRITES.match(word) for word in words[1:])
