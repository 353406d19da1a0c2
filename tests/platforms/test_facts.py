from __future__ import annotations

import pytest

from netraven.platforms.facts import Facts, read_facts
from netraven.platforms.frr import FRR
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.registry import get_platform
from tests.collect.clock import run_virtual
from tests.collect.memory import MODELS, LabStream
from tests.transcripts.recorded import collect
from tests.transcripts.test_recordings import RECORDINGS

KNOWN = {
    "arubainstant-IAP515_8.10.0.6_VWLC": Facts(
        hostname="OXIDIZED-VC", model="515", serial="CNQHAAAAAM", version="8.10.0.6"
    ),
    "cumulus-MSN2010_5.9.2_nvue": Facts(
        hostname="spine1-nyc2", model="MSN2010", serial=None, version="5.9.2"
    ),
    "cumulus-VX_5.4.0_frr": Facts(hostname="cumulus", model=None, serial=None, version="5.4.0"),
    "fortigate-FortiGate-91G_7.4.7": Facts(
        hostname="TEST-FW1234", model="FortiGate-91G", serial="FGT91GTK00000000", version="7.4.7"
    ),
    "h3c-5130-48G_7.1.070": Facts(
        hostname=None,
        model="5130 48G PoE+ 4SFP+ EI Switch",
        serial=None,
        version="7.1.070, Release 3507P18",
    ),
    "ironware-ICX7150-48Z-HPOE": Facts(
        hostname=None, model="ICX7150-48Z-HPOE", serial=None, version="08.0.95jT211"
    ),
    "netgear-GS752TPP_6.0.10.14": Facts(
        hostname="19sw011", model="GS752TPP", serial="0XX000XXX000X", version="6.0.10.14"
    ),
    "opnsense-nano_24.7": Facts(hostname="OPNsense", model=None, serial=None, version="24.7"),
    "perle-SCG50-RRU_6.2.G3": Facts(
        hostname=None, model="SCG50 RRU", serial="96-9640000000000", version="6.2.G3"
    ),
    "tnsr-TNSR_24.10-3_short-config": Facts(
        hostname="tnsr-dev-24-10.example.com", model=None, serial=None, version="24.10-3"
    ),
    "tplink-DS-P7001-08_1.0.0": Facts(
        hostname="RT_02-TPLink_OLT",
        model="DS-P7001-08",
        serial="SNREMOVED",
        version="1.0.0 Build 20210907 Rel.69162",
    ),
    "aoscx-6000-48G_PL.10.13.0005": Facts(
        hostname="TEST_SW123",
        model="R8N85A 6000 48G CL4 4SFP Swch",
        serial="CN21000000",
        version="PL.10.13.0005",
    ),
    "asa-5512_9.12-4-67_single-context": Facts(
        hostname="LAB-ASA12-Oxidized-IPv6",
        model="ASA5512",
        serial="FCH17AAAAAA",
        version="9.12(4)67",
    ),
    "eos-DCS-7050SX3-48YC8_4.29.2F": Facts(
        hostname="eos-test-01",
        model="DCS-7050SX3-48YC8",
        serial="SSJ00000000",
        version="4.29.2F",
    ),
    "ios-C9200L-24P-4G_17.09.04a": Facts(
        hostname="LAB-SW123_9200L",
        model="C9200L-24P-4G",
        serial="JAE24FFFFFF",
        version="17.09.04a",
    ),
    "ios-asr920_16.8.1b": Facts(
        hostname="hostname", model="ASR-920-24TZ-M", serial="CAT12345699", version="16.08.01b"
    ),
    "junos-srx300_22.4": Facts(
        hostname=None, model="srx300", serial="AA0000AA0000", version="22.4R3-S2.11"
    ),
}


@pytest.mark.skipif(not RECORDINGS, reason="the device laboratory is not beside this checkout")
@pytest.mark.parametrize("name", KNOWN)
def test_a_recorded_device_tells_what_it_is(name: str) -> None:
    recording = next(recording for recording in RECORDINGS if recording.name == name)
    platform = get_platform(MODELS[recording.model])
    assert platform is not None

    async def talk() -> list[Observation]:
        return await collect(LabStream(recording), platform)

    assert read_facts(run_virtual(talk()), platform) == KNOWN[name]


def test_what_is_not_said_is_not_known() -> None:
    said = Observation(
        yields=Yields.VERSION,
        command="show version",
        text="FRRouting 8.4.4 (r1) on Linux(6.1.0).\n",
        echo_seen=True,
        prompt_seen=True,
        hostname="r1",
        encoding="utf-8",
        took_s=0.1,
    )

    assert read_facts([said], FRR) == Facts(hostname="r1", version="8.4.4")
