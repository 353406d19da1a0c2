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
