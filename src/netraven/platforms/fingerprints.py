"""How each platform names itself: the words of its version output, its greeting, its SSH server.

They stand side by side, because a mark is worth what it tells apart. `says` and `greets` are what
the system itself prints, never what an administrator may write; sources are the recordings, and
the vendors' command references for what those do not show.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a platform is known by.

    - `says` is found in the answer to one of `asks`, harmless commands in the order to try.
    - `greets` is found between login and first prompt.
    - `server` is found in the version of the SSH server, `prompt` in the prompt; like `greets`
      they say what to ask first.
    - `looks` is found in the first answer, or nothing further is asked.
    - `refuses` is how it meets a command that it does not know: what to ask next follows from it.
    - `is_rare`: without a hint, others are asked for before it.
    - `is_base`: others are built upon it and say so as well, so that it is the last one to think
      of.
    """

    asks: tuple[str, ...] = ("show version",)
    says: re.Pattern[str]
    greets: re.Pattern[str] | None = None
    server: re.Pattern[str] | None = None
    prompt: re.Pattern[str] | None = None
    looks: re.Pattern[str] | None = None
    refuses: re.Pattern[str] | None = None
    is_rare: bool = False
    is_base: bool = False


def _lines(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


_CISCO: Final = re.compile(r"\bCisco-")
# The same system is sold by several vendors.
_MARVELL: Final = _lines(r"^ *(?:Active-image:|SW version +\d)")
_MARVELL_REFUSAL: Final = _lines(
    r"^% (?:Unrecognized command|bad parameter value|missing mandatory)"
)
_UNIX: Final = re.compile(r"@[^\n]*[$#]$")
_ARROW: Final = re.compile(r"->$")
_SHELL: Final = re.compile(r"not found")
_CSH: Final = re.compile(r"@[\w.-]+:\S+ [#%]$")
_OS_RELEASE: Final = "cat /etc/os-release"

FINGERPRINTS: Final[dict[str, Fingerprint]] = {
    "a10_acos": Fingerprint(says=_lines(r"by A10 Networks, Inc")),
    "alcatel_aos": Fingerprint(
        asks=("show microcode",),
        says=_lines(r"^ *\w+\.img +\d+\.\d+\.\d+\.R\d+"),
        greets=_lines(r"^Welcome to the Alcatel-Lucent "),
        prompt=_ARROW,
        is_rare=True,
        refuses=_lines(r"^ERROR: Invalid entry: "),
    ),
    "allied_telesis_awplus": Fingerprint(says=_lines(r"^AlliedWare Plus|^Allied Telesis ")),
    "apc_aos": Fingerprint(
        asks=("about",),
        says=_lines(r"^Name:\s+aos\s*$"),
        greets=_lines(r"Network Management Card AOS +v\d"),
        is_rare=True,
        refuses=_lines(r"^E101: "),
    ),
    "arista_eos": Fingerprint(
        asks=("show version", "show inventory"),
        says=_lines(r"^Arista \S+\s*$|^Software image version: \d|^ +DCS-\d{4}\S* "),
    ),
    "aruba_aoscx": Fingerprint(
        says=_lines(r"^(?:ArubaOS|AOS)-CX\s*$"),
        greets=_lines(r'^User "[^"\n]+" has logged in \d+ times? in the past 30 days'),
    ),
    "aruba_instant": Fingerprint(
        says=_lines(r"^ArubaOS \(MODEL: \d{3}\w*\)"),
        greets=_lines(r"^show tech-support and show tech-support supplemental are the two most"),
    ),
    "aruba_os": Fingerprint(says=_lines(r"^ArubaOS \(MODEL: (?:Aruba|ArubaMC|MC|A?\d{4})")),
    "brocade_fos": Fingerprint(
        asks=("version",),
        says=_lines(r"^Fabric OS: +v?\d"),
        refuses=_lines(r"^rbash: .*: command not found"),
    ),
    "checkpoint_gaia": Fingerprint(
        asks=("show version all",),
        says=_lines(r"^Product version Check Point Gaia"),
        refuses=_lines(r"^CLINFR\d+ "),
    ),
    "cisco_aireos": Fingerprint(
        asks=("show sysinfo",),
        says=_lines(r"^Product Name\.+ *Cisco Controller"),
        prompt=re.compile(r"^\(Cisco Controller\) ?>$"),
        is_rare=True,
        refuses=_lines(r"^Incorrect (?:usage|input)"),
    ),
    "cisco_asa": Fingerprint(
        says=_lines(r"^Cisco Adaptive Security Appliance Software Version"),
        greets=_lines(r"^Type help or '\?' for a list of available commands"),
        server=_CISCO,
    ),
    "cisco_asyncos": Fingerprint(
        asks=("version",),
        says=_lines(r"^\s*Product: (?:Cisco|IronPort) .*(?:Security|Content|Messaging)"),
        greets=_lines(r"^AsyncOS \d[\d.]* for (?:Cisco|IronPort) "),
        prompt=re.compile(r"^\([\w. -]+\)>$"),
        is_rare=True,
        refuses=_lines(r"^Unknown command or missing feature key"),
    ),
    "cisco_ftd": Fingerprint(says=_lines(r"^Model +: Cisco .*Threat Defense")),
    "cisco_ios": Fingerprint(
        says=_lines(r"^(?:Cisco )?IOS (?:XE )?(?:Software|\(tm\))|^Cisco IOS (?:XE )?Software"),
        server=_CISCO,
    ),
    "cisco_nxos": Fingerprint(says=_lines(r"^Cisco Nexus Operating System \(NX-OS\) Software")),
    "cisco_s300": Fingerprint(
        asks=("show version", "show system"),
        says=_lines(r"\b1\.3\.6\.1\.4\.1\.9\.6\.1\.\d"),
        looks=_MARVELL,
        refuses=_MARVELL_REFUSAL,
    ),
    "cisco_xr": Fingerprint(says=_lines(r"^Cisco IOS XR Software"), server=_CISCO),
    "citrix_netscaler": Fingerprint(
        asks=("show ns version",),
        says=_lines(r"^\s*NetScaler NS\d"),
        server=re.compile("NetScaler"),
        refuses=_lines(r"^ERROR: No such command"),
    ),
    "cumulus_linux": Fingerprint(
        asks=(_OS_RELEASE,),
        says=_lines(r'^(?:PRETTY_)?NAME="?Cumulus'),
        greets=_lines(r"^Welcome to (?:NVIDIA )?Cumulus "),
        prompt=_UNIX,
    ),
    "dell_os10": Fingerprint(says=_lines(r"^Dell .*\bOS10\b|^OS Version: 10\.\d")),
    "dell_os6": Fingerprint(says=_lines(r"^Machine Description\.+ *(?:Dell|PowerConnect)")),
    "dell_os9": Fingerprint(
        says=_lines(
            r"^Dell (?:Force10 )?(?:Real Time Operating System|Application) Software"
            r"|^(?:Dell )?Force10 (?:Operating System|Application)"
        )
    ),
    "dlink_ds": Fingerprint(
        asks=("show switch",),
        says=_lines(r"^Device Type +: +D[EGX]S-\d"),
        is_rare=True,
        prompt=re.compile(r":(?:admin|user|oper|power-user)[#>]$"),
        refuses=_lines(r"^(?:Available commands:|Next possible completions:)"),
    ),
    "eltex_mes": Fingerprint(
        asks=("show version", "show system"),
        says=_lines(r"\b1\.3\.6\.1\.4\.1\.35265\.\d|^System Description: +MES"),
        looks=_MARVELL,
        refuses=_MARVELL_REFUSAL,
    ),
    "extreme_ers": Fingerprint(
        asks=("show sys-info",),
        says=_lines(r"^ *(?:sysDescr|SysDescr):? +(?:Ethernet Routing|ERS)"),
        is_rare=True,
        greets=_lines(r"Ethernet Routing Switch|Enter Ctrl-Y to begin"),
    ),
    "extreme_exos": Fingerprint(
        says=_lines(r"^Image +: ExtremeXOS version"), greets=_lines(r"^ExtremeXOS\s*$")
    ),
    "extreme_vsp": Fingerprint(
        asks=("show sys-info",),
        says=_lines(r"^\s*SysDescr +: (?:VSP|.*\bVOSS\b)"),
        is_rare=True,
        prompt=re.compile(r":\d+[>#]$"),
    ),
    "f5_tmsh": Fingerprint(
        asks=("show sys version",),
        says=_lines(r"^ *Product +BIG-I[PQ]"),
        refuses=_lines(r"^Syntax Error: "),
    ),
    "fortinet_fortios": Fingerprint(
        asks=("get system status",),
        says=_lines(r"^Version: Forti\w+\S* v\d"),
        refuses=_lines(r"^Unknown action |^Command fail\. Return code "),
    ),
    "frr": Fingerprint(
        says=_lines(r"^FRRouting \d"), greets=_lines(r"^Hello, this is FRRouting \(version")
    ),
    "garderos_grs": Fingerprint(
        asks=("show system version",), says=_lines(r"Garderos"), is_rare=True
    ),
    "hp_comware": Fingerprint(
        asks=("display version",),
        says=_lines(r"\bComware (?:Platform )?Software, Version"),
        server=re.compile("Comware"),
        refuses=_lines(r"^ *% Unrecognized command found at "),
    ),
    "hp_procurve": Fingerprint(
        says=_lines(r"^ ?Image stamp:"),
        server=re.compile("Mocana|RomSShell"),
    ),
    "huawei_vrp": Fingerprint(
        asks=("display version",),
        says=_lines(r"\bVRP \(R\) [Ss]oftware, Version"),
        server=re.compile("HUAWEI"),
        refuses=_lines(r"^Error(?:\[\d+\])?: ?Unrecognized command"),
    ),
    "juniper_junos": Fingerprint(
        asks=("show version", "uname -a"),
        says=_lines(r"^Junos: \d|^JUNOS [^\n]*\[\d|^JUNOS \S+ \d|^FreeBSD \S+ JNPR-"),
        looks=_SHELL,
        greets=_lines(r"^--- JUNOS \d"),
    ),
    "juniper_screenos": Fingerprint(
        asks=("get system",),
        says=_lines(r"^Software Version: [^\n]*, Type: Firewall"),
        server=re.compile("NetScreen"),
        prompt=_ARROW,
        is_rare=True,
        refuses=_lines(r"^ *\^-+unknown keyword "),
    ),
    "linux": Fingerprint(
        asks=("uname -a",),
        says=_lines(r"^Linux \S+ \d+\.\d+\S* #\d"),
        prompt=_UNIX,
        is_rare=True,
        is_base=True,
    ),
    "mellanox_onyx": Fingerprint(
        says=_lines(r"^Product name: +(?:MLNX-OS|Onyx|SwitchX)"),
        greets=_lines(r"^(?:Mellanox|NVIDIA) (?:MLNX-OS|Onyx) Switch Management"),
    ),
    "mikrotik_routeros": Fingerprint(
        asks=("/system resource print without-paging",),
        says=_lines(r"^ *platform: MikroTik"),
        greets=_lines(r"^ *MikroTik RouterOS \d"),
        server=re.compile("ROSSSH"),
        refuses=_lines(r"^(?:bad command name|expected end of command) "),
    ),
    "netgate_tnsr": Fingerprint(
        asks=("show version", "show version all"),
        says=_lines(r"^ *tnsr-release \d|\+tnsr-v\d|^This TNSR instance"),
        greets=_lines(r"^(?:Welcome to )?Netgate TNSR Version"),
    ),
    "netgear_prosafe": Fingerprint(
        says=_lines(
            r"^(?:Machine Type|System Description)\.+ .*(?:NETGEAR|ProSAFE)"
            r"|^Loader Version +: [\d.]+\s*\nLoader Date +: .*\nFirmware Version +: "
        )
    ),
    "nokia_sros": Fingerprint(
        says=_lines(r"^TiMOS-\S+ "),
        greets=_lines(r"^SR OS|^TiMOS-\S+ "),
    ),
    "opengear_linux": Fingerprint(
        asks=("cat /etc/version",),
        says=_lines(r"^OpenGear/"),
        prompt=re.compile(r"^[#$]$"),
        is_rare=True,
    ),
    "opnsense": Fingerprint(
        asks=(
            "opnsense-version",
            'opnsense-version || echo "OPNsense "`cat /usr/local/opnsense/version/opnsense`',
        ),
        says=_lines(r"^OPNsense \d"),
        greets=_lines(r"^\*\*\* \S+: OPNsense \d"),
        prompt=_CSH,
    ),
    "paloalto_panos": Fingerprint(
        asks=("show system info",),
        says=_lines(r"^sw-version: \d"),
        prompt=re.compile(r"^[^\s@]+@[\w.-]+(?:\([\w -]+\))?>$"),
        refuses=_lines(r"^(?:Unknown command: |Invalid syntax\.)"),
    ),
    "perle_iolan": Fingerprint(
        asks=("show version verbose", "show version"),
        says=_lines(r"^Perle IOLAN "),
        greets=_lines(r"^Welcome to \S+ @ Line \d"),
        is_rare=True,
    ),
    "pfsense": Fingerprint(
        asks=("cat /etc/platform",),
        says=_lines(r"^(?:pfSense|nanobsd)\s*$"),
        greets=_lines(r"^\*\*\* Welcome to pfSense "),
        prompt=_CSH,
    ),
    "ruckus_fastiron": Fingerprint(
        says=_lines(r"\blabeled as [A-Z]{2,4}\d{5}\w*|^ *IronWare : Version"),
        server=re.compile("RomSShell"),
    ),
    "ruijie_os": Fingerprint(says=_lines(r"^System description +: Ruijie|\bRuijie Networks")),
    "siklu_etherhaul": Fingerprint(
        asks=("show sw",), says=_lines(r"^sw \d+ version +: "), is_rare=True
    ),
    "sonic": Fingerprint(
        says=_lines(r"^SONiC Software Version: "), greets=_lines(r"^You are on ?$|-- Software for")
    ),
    "sonicwall_sonicos": Fingerprint(
        says=_lines(r"^ *firmware-version \"?SonicOS |\brunning SonicOS \d")
    ),
    "tplink_jetstream": Fingerprint(
        asks=("show system-info",),
        says=_lines(r"^ *System Description +- +.*(?:JetStream|DeltaStream|TP-?L(?i:ink))"),
        refuses=_lines(r"^ *Error: Bad command"),
    ),
    "ubiquiti_edgerouter": Fingerprint(
        says=_lines(r"^HW model: +(?:EdgeRouter|UniFi|UBNT)"),
        greets=_lines(r"^Welcome to EdgeOS"),
    ),
    "ubiquiti_edgeswitch": Fingerprint(
        says=_lines(r"^(?:Machine Type|System Description)\.+ .*(?:EdgeSwitch|EdgePoint)")
    ),
    "vyos": Fingerprint(says=_lines(r"^Version: +VyOS "), greets=_lines(r"^Welcome to VyOS")),
    "zte_zxros": Fingerprint(says=_lines(r"^ZXR10 |\bZXROS\b|^ZTE [^\n]*Software")),
}
"""By the platform's name; users' own platforms are not detected, but named."""
