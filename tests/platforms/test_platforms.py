"""What holds for every platform, and which prompts each must and must not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

import pytest
import re2
import yaml

from netraven.collect.prompt import find_prompt
from netraven.collect.terminal import visible_line
from netraven.platforms.observation import Yields
from netraven.platforms.platform import Platform, Proof
from netraven.platforms.registry import PLATFORMS, get_platform
from tests.collect.memory import FILES
from tests.collect.memory import MODELS as SESSIONS
from tests.laboratory import IS_ABSENT, RECORDINGS, WHY_SKIPPED

RECORDED = SESSIONS | FILES
# Models of the laboratory that there are lists of prompts for, but no recorded sessions.
MODELS = RECORDED | {
    "asyncos": "cisco_asyncos",
    "fastiron": "ruckus_fastiron",
    "linuxgeneric": "linux",
    "siklu": "siklu_etherhaul",
    "sonicos": "sonicwall_sonicos",
}

each_platform = pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)


def patterns_of(value: object) -> Iterator[re.Pattern[str]]:
    """Yield every pattern in a platform or a part of it."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from patterns_of(item)
    elif hasattr(value, "__dataclass_fields__"):
        for field in fields(value):  # type: ignore[arg-type]
            yield from patterns_of(getattr(value, field.name))


@each_platform
def test_every_pattern_is_one_that_re2_can_run(platform: Platform) -> None:
    for pattern in patterns_of(platform):
        assert re2.compile(pattern.pattern), pattern.pattern


@each_platform
def test_every_platform_reads_its_version_and_its_running_configuration(
    platform: Platform,
) -> None:
    assert platform.commands_for(Yields.VERSION)
    assert len(platform.commands_for(Yields.RUNNING)) == 1


@each_platform
def test_every_platform_has_a_proof_that_its_configuration_is_whole(platform: Platform) -> None:
    completeness = platform.completeness

    assert completeness.end_marker is not None or completeness.is_confirmed_by_session


@each_platform
def test_what_is_shown_as_its_end_is_its_end_and_half_of_it_is_not(platform: Platform) -> None:
    marker = platform.completeness.end_marker
    if marker is None:
        pytest.skip("the platform shows no end")
    ends = {"nokia_sros": "# Finished MON NOV 23 12:00:10 2026 UTC"}
    end = ends.get(platform.name) or platform.completeness.end_shown
    end = end or marker.pattern.replace("\\", "")

    assert marker.fullmatch(end)
    assert [end[:cut] for cut in range(len(end)) if marker.fullmatch(end[:cut])] == []


@each_platform
def test_every_platform_knows_secrets(platform: Platform) -> None:
    assert platform.secrets


@each_platform
def test_a_recorded_platform_is_one_with_recordings(platform: Platform) -> None:
    assert (platform.proof is Proof.RECORDED) == (platform.recordings > 0)


@pytest.mark.skipif(IS_ABSENT, reason=WHY_SKIPPED)
@each_platform
def test_a_platform_counts_its_recordings(platform: Platform) -> None:
    models = [model for model, name in RECORDED.items() if name == platform.name]

    recordings = [path for model in models for path in RECORDINGS.glob(f"{model}#*simulation.yaml")]

    assert platform.recordings == len(recordings)


def prompts(verdict: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for model, name in MODELS.items():
        path = RECORDINGS / f"{model}#generic#prompt.yaml"
        if path.exists():
            listed = yaml.safe_load(path.read_text(encoding="utf-8"))
            found += [(name, prompt) for prompt in listed.get(verdict, ())]
    return found


def seen_as_prompt(name: str, shown: str) -> bool:
    platform = get_platform(name)
    assert platform is not None
    return find_prompt(visible_line(shown.encode()), platform) is not None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *prompts("pass"),
        *prompts("pass_with_expect"),
        ("arista_eos", "eos-test-01#"),
        ("arista_eos", "leaf1.pod2>"),
        ("arista_eos", "leaf1(config-if-Et1)#"),
        ("arista_eos", "leaf1.12:03:01#"),
        ("cisco_asa", "fw1/pri/act#"),
        ("cisco_asa", "fw1/admin/act/(config)# "),
        ("cisco_ios", "R1>"),
        ("cisco_ios", "sw-1.example.net#"),
        ("cisco_ios", "R1(config-if)#"),
        ("frr", "r1# "),
        ("aruba_instant", "OXR -AP(1)118# "),
        ("cumulus_linux", "cumulus@leaf01:mgmt:/etc/frr$"),
        ("fortinet_fortios", "FGT60F-1 $ "),
        ("fortinet_fortios", "FGT-1 (root) # "),
        ("hp_comware", "RBM_P<fw-1>"),
        ("a10_acos", "th3030-Active-vMaster[1/1](NOLICENSE)#"),
        ("a10_acos", "AX1(config)#"),
        ("alcatel_aos", "-> "),
        ("alcatel_aos", "OS6900-core> "),
        ("allied_telesis_awplus", "awplus(config-if)#"),
        ("aruba_os", "(mc-1) #"),
        ("aruba_os", "(mc-1) *[mynode] #"),
        ("aruba_os", "(mm-1) ^[mm] (config) #"),
        ("brocade_fos", "sw0:FID128:admin> "),
        ("brocade_fos", "san-1:admin> "),
        ("checkpoint_gaia", "gw-1> "),
        ("checkpoint_gaia", "[Global] gw-1:TACP-0> "),
        ("cisco_ftd", "> "),
        ("cisco_nxos", "spine-1# "),
        ("cisco_xr", "RP/0/RSP0/CPU0:pe1#"),
        ("cisco_xr", "RP/0/RP0/CPU0:pe1(config)#"),
        ("citrix_netscaler", "> "),
        ("citrix_netscaler", "nsroot@ns1> "),
        ("dlink_ds", "DGS-3120-24TC:admin#"),
        ("extreme_exos", "* Slot-1 core1.42 # "),
        ("extreme_exos", "X440G2.example.net.7 # "),
        ("extreme_vsp", "VSP-8284XSQ:1#"),
        ("f5_tmsh", "admin@(bigip1)(cfg-sync In Sync)(Active)(/Common)(tmos)# "),
        ("hp_procurve", "HP-2530-24G# "),
        ("hp_procurve", "ProCurve Switch 2824# "),
        ("huawei_vrp", "HRP_M<USG6000>"),
        ("huawei_vrp", "[~CE6800]"),
        ("juniper_screenos", "ssg140-> "),
        ("juniper_screenos", "ns5400(M)-> "),
        ("mellanox_onyx", "sn2100-1 [standalone: master] # "),
        ("mikrotik_routeros", "[admin@MikroTik] > "),
        ("mikrotik_routeros", "[admin@core router] <SAFE> > "),
        ("nokia_sros", "*A:pe1>config>router# "),
        ("nokia_sros", "A:admin@pe1# "),
        ("paloalto_panos", "admin@PA-220(active)> "),
        ("pfsense", "[2.7.2-RELEASE][admin@fw1.example.net]/root: "),
        ("sonic", "admin@sonic:~$ "),
        ("ubiquiti_edgeswitch", "(UBNT EdgeSwitch) #"),
        ("vyos", "vyos@edge1:~$ "),
        ("netgear_prosafe", "(M4300-52G) (Config)#"),
        ("opnsense", "root@fw11:/conf # "),
        ("opnsense", "[root@fw11 ~]# "),
        ("ruckus_fastiron", "telnet@icx-1(config)#"),
        ("ruckus_fastiron", "icx-1>"),
        ("sonicwall_sonicos", "config(18B169000000)# "),
        ("tplink_jetstream", "T1600G-28TS(config)#"),
        ("juniper_junos", "oxidized> "),
        ("arista_eos", "leaf1(vrf:MGMT)(config)#"),
        ("aruba_os", "(Aruba 7005) [00:1a:1e:01:02:03] #"),
        ("checkpoint_gaia", "[Global] gw-ch01-01:3 > "),
        ("cisco_ftd", "fw1/sec/stby> "),
        ("cisco_xr", "RP/B0/CB0/CPU0:crs-1#"),
        ("dlink_ds", "DGS-1210-28/ME:5#"),
        ("extreme_exos", "* (pending-AAA) core-1.3 # "),
        ("extreme_exos", "! (Software Update Required) Slot-1 Stack.4 # "),
        ("f5_tmsh", "a@(b)(cfg-sync In Sync (Trust Domain Only))(Active)(/Common)(tmos)# "),
        ("hp_comware", "<Core Switch (2nd floor)>"),
        ("hp_procurve", "HP-2530-24G-PoE+# "),
        ("huawei_vrp", "HRP_A<fw (old)>"),
        ("huawei_vrp", "[*~CE6800]"),
        ("juniper_junos", "EXAMPLE\\net.ops+x@mx1>"),
        ("juniper_screenos", "ns5400:root(M)-> "),
        ("mikrotik_routeros", "[admin@R[1]] /> "),
        ("mikrotik_routeros", "[admin@R1] <SAFE> "),
        ("nokia_sros", "!*A:admin@pe1# "),
        ("paloalto_panos", "example\\ops@pa-1(active-primary)> "),
        ("ruckus_fastiron", "SSH@ICX7150-48P Router>"),
        ("sonicwall_sonicos", "admin@NSA 2650> "),
        ("juniper_junos", "netops@srx300-node0> "),
        ("juniper_junos", "netops@srx300.example.net>"),
        ("linux", "root@spine1:~# "),
        ("linux", "[admin@host ~]$ "),
        ("linux", "\x1b[01;32mrobert@host\x1b[00m:\x1b[01;34m~\x1b[00m$ "),
        ("linux", "$ "),
        ("linux", "# "),
        ("linux", "host% "),
    ],
)
def test_a_prompt_is_known(name: str, shown: str) -> None:
    assert seen_as_prompt(name, shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *prompts("fail"),
        ("cisco_ios", "Password: "),
        ("cisco_ios", "Username: "),
        ("cisco_ios", "ams-acc-00001 -- authorised use only #"),
        ("cisco_ios", " description uplink#"),
        ("cisco_ios", " --More-- "),
        ("juniper_junos", "---(more)---"),
        ("juniper_junos", "{master:0}"),
        ("juniper_junos", "root@srx300:~ # "),
        ("aruba_aoscx", "-- MORE --, next page: Space, next line: Enter, quit: q"),
        ("frr", "root@r1:~# "),
        ("frr", "user@r1:~$ "),
        ("fortinet_fortios", "--More-- "),
        ("fortinet_fortios", "end"),
        ("hp_comware", "---- More ----"),
        ("hp_comware", "<--- More --->"),
        ("huawei_vrp", "<--- More --->"),
        ("cisco_asyncos", "[1]>"),
        ("cisco_aireos", "--More-- or (q)uit"),
        ("aruba_os", "--More-- (q) quit (u) pageup (/) search (n) repeat"),
        ("brocade_fos", "Type <CR> to continue, Q<CR> to stop: "),
        ("extreme_exos", "Press <SPACE> to continue or <Q> to quit:"),
        ("f5_tmsh", "---(less 12%)---"),
        ("juniper_screenos", "--- more --- "),
        ("nokia_sros", "Press any key to continue (Q to quit)"),
        ("nokia_sros", "[/]"),
        ("pfsense", "Enter an option: "),
        ("vyos", "vyos@edge1# set interfaces"),
        ("netgear_prosafe", "--More-- or (q)uit"),
        ("opnsense", "Enter an option: "),
        ("ruckus_fastiron", "--More--, next page: Space, next line: Return key, quit: Control-c"),
        ("linux", "host login: "),
        ("linux", "Last login: Fri Dec  6 11:32:31 2024 from 192.168.1.2"),
    ],
)
def test_what_is_no_prompt_is_not_taken_for_one(name: str, shown: str) -> None:
    assert not seen_as_prompt(name, shown)


@pytest.mark.parametrize(
    "line",
    [
        "*Mar  3 06:11:09.123: %LINK-3-UPDOWN: Interface Gi1/0/7, changed state to down",
        "000123: Mar  3 2024 06:11:09 CET: %SYS-5-CONFIG_I: Configured from console by vty0",
        "%ASA-6-302013: Built outbound TCP connection",
        "Mar  3 06:11:09 leaf1 Ebra: %LINEPROTO-5-UPDOWN: Line protocol on Interface Ethernet1",
        "Broadcast message from root@leaf1 (pts/0) (Sun Mar  3 06:11:09 2024):",
        "2024-03-03T06:11:09.123456+01:00 sw07 hpe-restd[1234]: Event|4657|LOG_INFO|AMM|-|User",
        "Mar  3 06:11:09 mx1 mgd[4711]: UI_COMMIT: User 'root' requested 'commit'",
    ],
)
def test_a_log_message_is_known_on_every_platform(line: str) -> None:
    for platform in PLATFORMS:
        if platform.intruders:
            assert any(pattern.match(line) for pattern in platform.intruders), platform.name


@pytest.mark.parametrize(
    "line",
    [
        ' event syslog pattern "%LINK-3-UPDOWN: Interface"',
        "logging discriminator NOISE mnemonics drops UPDOWN",
        "! Last configuration change at 09:37:40 CEST Tue Aug 20 2024 by oxidized",
        "ntp server 10.1.1.1",
        "## Last commit: 2024-12-06 11:41:05 UTC by root",
        ": Written by oxidzed at 20:03:32.236 CEST Mon Oct 21 2024",
        '    location "42 Wallaby Way, Sydney";',
    ],
)
def test_a_line_of_a_configuration_is_no_log_message(line: str) -> None:
    for platform in PLATFORMS:
        assert not any(pattern.match(line) for pattern in platform.intruders), platform.name
