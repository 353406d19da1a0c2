"""What platforms print of themselves names each of them, and none of the others."""

from __future__ import annotations

import pytest

from netraven.platforms.detection import MOST_QUESTIONS, Clues, weigh
from netraven.platforms.fingerprints import FINGERPRINTS
from netraven.platforms.observation import Yields
from netraven.platforms.registry import PLATFORMS, get_platform, platform_names
from tests.collect.memory import FILES, MODELS, load_recordings
from tests.laboratory import IS_ABSENT, LABORATORY, WHY_SKIPPED

# As the vendors' command references and users' reports show them, abridged.
TOLD = {
    "a10_acos": (
        "th1-Active#",
        "show version",
        (
            "Thunder Series Unified Application Service Gateway vThunder\n"
            "  Copyright 2007-2017 by A10 Networks, Inc.  All A10 Networks products are\n"
            "          64-bit Advanced Core OS (ACOS) version 4.1.1-P3, build 68\n"
        ),
    ),
    "alcatel_aos": (
        "-> ",
        "show microcode",
        (
            "   /flash/working\n   Package           Release                 Size     Description\n"
            "-----------------+-------------------------+--------+---------------------\n"
            "Uos.img           8.6.289.R01               239607692 Alcatel-Lucent OS\n"
        ),
    ),
    "allied_telesis_awplus": (
        "aw1#",
        "show version",
        "AlliedWare Plus (TM) 5.4.7 08/17/17 00:12:40\n\nBuild name : x510-5.4.7-1.1.rel\n",
    ),
    "apc_aos": (
        "apc>",
        "about",
        (
            "E000: Success\nModel Number:    AP9640\n\nApplication\n---\nName:          su\n\n"
            "APC OS(AOS)\n---\nName:          aos\nVersion:        v2.5.0.8\n"
        ),
    ),
    "arista_eos": (
        "leaf-1#",
        "show version",
        (
            "Arista DCS-7050SX3-48YC8\nHardware version: 11.01\nSerial number: JPE1\n"
            "Software image version: 4.29.2F\n"
        ),
    ),
    "aruba_os": (
        "(mc-1) [mynode] #",
        "show version",
        (
            "Aruba Operating System Software.\nArubaOS (MODEL: Aruba7010-US), Version 8.6.0.9\n"
            "Website: http://www.arubanetworks.com\n"
        ),
    ),
    "brocade_fos": (
        "san-1:FID128:admin> ",
        "version",
        "Kernel:     2.6.14.2\nFabric OS:  v8.2.1c\nMade on:    Fri Nov 2 18:23:13 2018\n",
    ),
    "checkpoint_gaia": (
        "gw-1> ",
        "show version all",
        "Product version Check Point Gaia R81.10\nOS build 335\nOS kernel version 3.10.0\n",
    ),
    "cisco_aireos": (
        "(Cisco Controller) >",
        "show sysinfo",
        (
            "Manufacturer's Name.............................. Cisco Systems Inc.\n"
            "Product Name..................................... Cisco Controller\n"
            "Product Version.................................. 8.5.182.0\n"
        ),
    ),
    "cisco_asyncos": (
        "(mail.example.com)>",
        "version",
        (
            "Current Version\n===============\nProduct: Cisco C190 Email Security Appliance\n"
            "Model: C190\nVersion: 14.2.0-620\nSerial #: 0123456789AB-ABC1234\n"
        ),
    ),
    "cisco_ftd": (
        "> ",
        "show version",
        (
            "-------------------[ firepower ]--------------------\n"
            "Model                     : Cisco Firepower 2110 Threat Defense (77) Version 6.4.0\n"
        ),
    ),
    "cisco_ios": (
        "r1#",
        "show version",
        (
            "Cisco Internetwork Operating System Software \n"
            "IOS (tm) C2600 Software (C2600-IK9S-M), Version 12.2(15)T, RELEASE SOFTWARE (fc1)\n"
        ),
    ),
    "cisco_nxos": (
        "spine-1# ",
        "show version",
        "Cisco Nexus Operating System (NX-OS) Software\nTAC support: http://www.cisco.com/tac\n",
    ),
    "cisco_xr": (
        "RP/0/RSP0/CPU0:pe-1#",
        "show version",
        "Cisco IOS XR Software, Version 6.5.3[Default]\nCopyright (c) 2019 by Cisco Systems\n",
    ),
    "citrix_netscaler": (
        "> ",
        "show ns version",
        "        NetScaler NS13.0: Build 47.24.nc, Date: Oct 30 2019, 05:42:31   (64-bit)\n Done\n",
    ),
    "cumulus_linux": (
        "cumulus@leaf01:mgmt:~$ ",
        "cat /etc/os-release",
        'NAME="Cumulus Linux"\nVERSION_ID=5.4.0\nPRETTY_NAME="Cumulus Linux 5.4.0"\n',
    ),
    "dell_os10": (
        "leaf-1# ",
        "show version",
        (
            "Dell EMC Networking OS10 Enterprise\nCopyright (c) 1999-2020 by Dell Inc.\n"
            "OS Version: 10.5.1.0\n"
        ),
    ),
    "dell_os6": (
        "n3048#",
        "show version",
        (
            "Machine Description............... Dell Networking Switch\n"
            "System Model ID................... N3048\n"
        ),
    ),
    "dell_os9": (
        "s4810#",
        "show version",
        (
            "Dell Real Time Operating System Software\nDell Operating System Version: 2.0\n"
            "Dell Application Software Version: 9.14(1.0)\n"
        ),
    ),
    "dlink_ds": (
        "DGS-3120:admin#",
        "show switch",
        (
            "Device Type                : DGS-3120-24TC Gigabit Ethernet Switch\n"
            "MAC Address                : 00-11-22-33-44-55\n"
        ),
    ),
    "extreme_exos": (
        "* core-1.42 # ",
        "show version",
        (
            "Switch      : 800549-00-05 1545N-42563 Rev 5.0 BootROM: 1.0.0.1\n"
            "Image   : ExtremeXOS version 22.7.1.2 by release-manager\n"
        ),
    ),
    "extreme_vsp": (
        "vsp-1:1#",
        "show sys-info",
        "General Info :\n\n        SysDescr     : VSP-4450GSX-PWR+ (8.1.5.0)\n",
    ),
    "f5_tmsh": (
        "admin@(bigip1)(cfg-sync In Sync)(Active)(/Common)(tmos)# ",
        "show sys version",
        "Sys::Version\nMain Package\n  Product     BIG-IP\n  Version     15.1.2\n",
    ),
    "frr": ("r1# ", "show version", "FRRouting 8.4.2 (r1) on Linux(5.10.0-21-amd64).\n"),
    "hp_procurve": (
        "HP-2530-24G# ",
        "show version",
        (
            "Image stamp:    /ws/swbuildm/rel_ukiah_qaoff/code/build/lakes\n"
            "                Mar 20 2019 11:42:07\n                YA.16.08.0001\n"
        ),
    ),
    "huawei_vrp": (
        "<core-1>",
        "display version",
        (
            "Huawei Versatile Routing Platform Software\n"
            "VRP (R) software, Version 5.160 (S5720 V200R010C00SPC600)\n"
        ),
    ),
    "juniper_screenos": (
        "ssg-1-> ",
        "get system",
        "Product Name: SSG5-Serial\nSoftware Version: 6.3.0r27.0, Type: Firewall+VPN\n",
    ),
    "linux": (
        "admin@web-1:~$ ",
        "uname -a",
        "Linux web-1 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 x86_64 GNU/Linux\n",
    ),
    "mellanox_onyx": (
        "sn2100 [standalone: master] # ",
        "show version",
        "Product name:      Onyx\nProduct release:   3.9.0300\n",
    ),
    "mikrotik_routeros": (
        "[admin@rtr-1] > ",
        "/system resource print without-paging",
        (
            "                   uptime: 1w2d\n                  version: 7.11.2 (stable)\n"
            "                 platform: MikroTik\n"
        ),
    ),
    "netgear_prosafe": (
        "(m4300) #",
        "show version",
        "System Description............................. M4300-28G ProSAFE 24-port 1G\n",
    ),
    "nokia_sros": (
        "A:pe-1# ",
        "show version",
        "TiMOS-C-16.0.R6 cpm/hops64 Nokia 7750 SR Copyright (c) 2000-2018 Nokia.\n",
    ),
    "opengear_linux": ("# ", "cat /etc/version", "OpenGear/CM71xx Version 4.5.0u1 0f4ee8d6\n"),
    "paloalto_panos": (
        "admin@PA-220(active)> ",
        "show system info",
        "hostname: PA-220\nfamily: 200\nmodel: PA-220\nsw-version: 10.1.6\n",
    ),
    "pfsense": ("[2.7.2-RELEASE][admin@fw1.example.net]/root: ", "cat /etc/platform", "pfSense\n"),
    "ruijie_os": (
        "rg-1#",
        "show version",
        "System description      : Ruijie 10G Routing Switch(S6220) By Ruijie Networks\n",
    ),
    "siklu_etherhaul": ("link-1>", "show sw", "sw 1 version       : 7.3.0-9989\n"),
    "sonic": (
        "admin@leaf-1:~$ ",
        "show version",
        "\nSONiC Software Version: SONiC.202305.1\nDistribution: Debian 11.7\n",
    ),
    "sonicwall_sonicos": (
        "admin@18B169000000> ",
        "show version",
        'firmware-version "SonicOS 7.0.1-5065"\nmodel "NSa 2700"\n',
    ),
    "ubiquiti_edgerouter": (
        "ubnt@er-1:~$ ",
        "show version",
        "Version:      v2.0.9-hotfix.4\nBuild ID:     5521907\nHW model:     EdgeRouter X 5-Port\n",
    ),
    "ubiquiti_edgeswitch": (
        "(es-1) #",
        "show version",
        (
            "System Description............................. EdgeSwitch 24-Port 250W, 1.9.3\n"
            "Machine Type................................... EdgeSwitch 24-Port 250W\n"
        ),
    ),
    "vyos": (
        "vyos@r1:~$ ",
        "show version",
        "Version:          VyOS 1.3.3\nRelease train: equuleus\n",
    ),
    "zte_zxros": (
        "zx-1#",
        "show version",
        "ZXR10 Router Operating System Software, ZTE Corporation\nZXR10 ROS Version V4.08.23\n",
    ),
}


def test_every_platform_has_a_fingerprint() -> None:
    assert FINGERPRINTS.keys() == set(platform_names())


@pytest.mark.parametrize("name", TOLD)
def test_a_platform_is_known_by_what_it_says_of_itself(name: str) -> None:
    prompt, command, answer = TOLD[name]
    clues = Clues(prompt=prompt.strip())

    found = weigh(clues.with_answer(command, answer))
    asked = [command]
    while found.asks is not None:
        asked.append(found.asks)
        clues = clues.with_answer(command, answer).with_answer(found.asks, "% Unknown command")
        found = weigh(clues)

    assert found.platform is not None
    assert found.platform.name == name
    assert len(asked) <= MOST_QUESTIONS


@pytest.mark.parametrize("name", TOLD)
def test_it_is_asked_for_soon_enough(name: str) -> None:
    prompt, command, answer = TOLD[name]
    clues = Clues(prompt=prompt.strip())

    asked = []
    while (found := weigh(clues)).asks is not None:
        asked.append(found.asks)
        says = answer if found.asks == command else "% Unknown command"
        clues = clues.with_answer(found.asks, says)

    if name in NEED_A_HINT:
        assert found.platform is None
    else:
        assert command in asked
        assert found.platform is not None
        assert found.platform.name == name


NEED_A_HINT = {"apc_aos", "siklu_etherhaul"}
"""Too many others have such a prompt; without a greeting they are named by hand."""


@pytest.mark.parametrize("name", TOLD)
def test_nobody_is_known_by_the_words_of_another(name: str) -> None:
    _, _, answer = TOLD[name]

    known = {other for other, mark in FINGERPRINTS.items() if mark.says.search(answer)}

    assert known == {name}


@pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
def test_no_recorded_answer_names_another_platform() -> None:
    asks = {ask for mark in FINGERPRINTS.values() for ask in mark.asks}
    asks |= {
        text
        for platform in PLATFORMS
        for command in platform.commands
        if command.yields in {Yields.VERSION, Yields.INVENTORY}
        for text in (command.text, *command.alternatives)
    }

    wrong = [
        (recording.name, command, name)
        for recording in load_recordings(LABORATORY, (*MODELS, *FILES))
        for command, exchanges in recording.script.exchanges.items()
        if command in asks
        for name, mark in FINGERPRINTS.items()
        if mark.says.search(_text(exchanges[0].screens))
        and name != (MODELS | FILES)[recording.model]
    ]

    assert wrong == []


def _text(screens: list[bytes]) -> str:
    return b"".join(screens).decode("utf-8", "replace").replace("\r", "")


def test_an_undetermined_device_has_a_platform_that_does_nothing() -> None:
    auto = get_platform("auto")

    assert auto is not None
    assert auto.commands == ()
    assert auto.secrets == ()
    assert "auto" not in platform_names()
