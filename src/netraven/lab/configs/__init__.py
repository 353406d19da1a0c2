"""Configurations, versions and inventories of the simulated devices, one platform a file."""

from __future__ import annotations

from netraven.lab.configs.aoscx import AOSCX
from netraven.lab.configs.asa import ASA
from netraven.lab.configs.eos import EOS
from netraven.lab.configs.frr import FRR
from netraven.lab.configs.ios import IOS
from netraven.lab.configs.junos import JUNOS
from netraven.lab.configs.linux import LINUX
from netraven.lab.configs.voice import Voice

VOICES: dict[str, Voice] = {
    "cisco_ios": IOS,
    "cisco_asa": ASA,
    "arista_eos": EOS,
    "juniper_junos": JUNOS,
    "aruba_aoscx": AOSCX,
    "frr": FRR,
    "linux": LINUX,
}
