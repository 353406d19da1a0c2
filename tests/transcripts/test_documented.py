"""Documented platforms, against a device that behaves as the manual says.

It shows the prompt and, for the configuration, the platform's sample of secrets. That proves that
a declaration holds together, not that real devices are so: they stay *documented*.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from netraven.archive.grade import grade
from netraven.collect.session import Session
from netraven.db.enums import BackupStatus
from netraven.errors import SessionLost
from netraven.platforms.observation import Yields
from netraven.platforms.platform import Platform, Proof
from netraven.platforms.registry import PLATFORMS
from tests.collect.clock import run_virtual
from tests.transcripts.cuts import cut_session, damages_for, line_cuts
from tests.transcripts.recorded import LIMITS, RecordedSession, record_stream

SAMPLES = Path(__file__).parents[1] / "archive" / "secret_lines"
PROMPTS = {
    "a10_acos": "th1-Active#",
    "alcatel_aos": "-> ",
    "allied_telesis_awplus": "aw1#",
    "aruba_os": "(mc-1) [mynode] #",
    "brocade_fos": "san-1:FID128:admin> ",
    "checkpoint_gaia": "gw-1> ",
    "cisco_aireos": "(Cisco Controller) >",
    "cisco_asyncos": "(mail.example.com)> ",
    "cisco_ftd": "> ",
    "cisco_nxos": "spine-1# ",
    "cisco_s300": "sg350#",
    "cisco_xr": "RP/0/RSP0/CPU0:pe-1#",
    "citrix_netscaler": "> ",
    "dell_os10": "leaf-1# ",
    "dell_os6": "n3048#",
    "dell_os9": "s4810#",
    "dlink_ds": "DGS-3120:admin#",
    "eltex_mes": "mes#",
    "extreme_ers": "ers-1#",
    "extreme_exos": "* core-1.42 # ",
    "extreme_vsp": "vsp-1:1#",
    "f5_tmsh": "admin@(bigip1)(cfg-sync In Sync)(Active)(/Common)(tmos)# ",
    "frr": "r1# ",
    "garderos_grs": "GRS1# ",
    "hp_procurve": "HP-2530-24G# ",
    "huawei_vrp": "<core-1>",
    "juniper_screenos": "ssg-1-> ",
    "mellanox_onyx": "sn2100 [standalone: master] # ",
    "mikrotik_routeros": "[admin@rtr-1] > ",
    "nokia_sros": "A:pe-1# ",
    "opengear_linux": "# ",
    "paloalto_panos": "admin@PA-220(active)> ",
    "pfsense": "[2.7.2-RELEASE][admin@fw1.example.net]/root: ",
    "ruijie_os": "rg-1#",
    "siklu_etherhaul": "link-1>",
    "sonic": "admin@leaf-1:~$ ",
    "sonicwall_sonicos": "admin@18B169000000> ",
    "ubiquiti_edgerouter": "ubnt@er-1:~$ ",
    "ubiquiti_edgeswitch": "(es-1) #",
    "vyos": "vyos@r1:~$ ",
    "zte_zxros": "zx-1#",
}
LINE_CUTS = 8

documented = [
    platform
    for platform in PLATFORMS
    if platform.proof is Proof.DOCUMENTED and platform.name != "linux"
]
each_platform = pytest.mark.parametrize("platform", documented, ids=lambda platform: platform.name)


class ManualDevice:
    """A `Stream` to a device that echoes, answers, and shows its prompt again."""

    def __init__(self, platform: Platform) -> None:
        (running,) = platform.commands_for(Yields.RUNNING)
        self._prompt = PROMPTS[platform.name].encode()
        self._answers = {running.text: sample(platform).replace("\n", "\r\n").encode()}
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._leave = platform.leave[0]
        self._is_ended = False
        self._said.put_nowait(b"\r\nWelcome.\r\n" + self._prompt)

    async def read(self) -> bytes:
        """Return what has been said."""
        return await self._said.get()

    async def write(self, data: bytes) -> None:
        """Answer what is typed."""
        if self._is_ended:
            raise SessionLost("the device has gone", step="test")
        typed = data.decode().removesuffix("\r")
        self._is_ended = typed == self._leave
        answer = self._answers.get(typed, b"")
        told = typed.encode() + b"\r\n" + answer + self._prompt
        self._said.put_nowait(b"" if self._is_ended else told)

    async def close(self) -> None:
        """Hang up."""
        self._is_ended = True


def sample(platform: Platform) -> str:
    text = (SAMPLES / f"{platform.name}.txt").read_text(encoding="utf-8")
    return text.replace("«", "").replace("»", "")


def session_of(platform: Platform) -> RecordedSession:
    async def talk() -> RecordedSession:
        return await record_stream(ManualDevice(platform), platform, name=platform.name)

    return run_virtual(talk())


def test_there_is_a_prompt_for_each() -> None:
    assert set(PROMPTS) == {platform.name for platform in documented}


@each_platform
def test_its_configuration_is_read_and_completed(platform: Platform) -> None:
    async def talk() -> Session:
        session = Session(ManualDevice(platform), platform, LIMITS)
        await session.open()
        observation = await session.run(platform.commands_for(Yields.RUNNING)[0])
        verdict = grade(observation, platform, None)
        assert verdict.status is BackupStatus.COMPLETED, verdict.reason
        assert sample(platform).strip("\n").endswith(observation.text.strip("\n"))
        return session

    session = run_virtual(talk())

    assert session.refused == ()


@each_platform
def test_cut_it_completes_nothing_else(platform: Platform) -> None:
    session = session_of(platform)

    tally = cut_session(session, line_cuts(session, at_most=LINE_CUTS), damages_for(session))

    assert tally.wrong == []
