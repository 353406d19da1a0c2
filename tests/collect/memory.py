"""Recorded devices of the laboratory at the other end of a stream in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from netraven.errors import SessionLost
from tests.laboratory import admit_laboratory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from devicelab.transcript import Transcript

MODELS = {
    "aoscx": "aruba_aoscx",
    "arubainstant": "aruba_instant",
    "asa": "cisco_asa",
    "cumulus": "cumulus_linux",
    "eos": "arista_eos",
    "fortigate": "fortinet_fortios",
    "h3c": "hp_comware",
    "ios": "cisco_ios",
    "ironware": "ruckus_fastiron",
    "junos": "juniper_junos",
    "netgear": "netgear_prosafe",
    "opnsense": "opnsense",
    "perle": "perle_iolan",
    "tnsr": "netgate_tnsr",
    "tplink": "tplink_jetstream",
}
"""The laboratory's names of the platforms that it holds recorded sessions of, and NetRaven's."""

FILES = {"apcaos": "apc_aos"}
"""The same for recordings of a file that was copied: there is no session in memory with them."""


def load_recordings(laboratory: Path, models: Sequence[str] = tuple(MODELS)) -> list[Transcript]:
    """Return the laboratory's recordings of these models."""
    return list(_loaded(laboratory, tuple(models)))


@cache
def _loaded(laboratory: Path, models: tuple[str, ...]) -> tuple[Transcript, ...]:
    """Return the same; reading them takes a second."""
    admit_laboratory(laboratory)
    from devicelab.transcript import load_directory  # noqa: PLC0415

    return tuple(load_directory(laboratory / "transcripts", models))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a recorded device behaves: pace (times in seconds, sizes in bytes) and obstacles."""

    seed: int = 1
    latency_s: float = 0.0
    piece_bytes: tuple[int, int] = (1, 1200)
    pause_s: float = 0.002
    pages: bool = False
    wants_enable: bool = False
    is_strict: bool = False
    enable_secret: str = "lab-enable"


class LabStream:
    """A `Stream` to one recorded device; `typed` holds what the session wrote."""

    def __init__(self, recording: Transcript, behaviour: Behaviour | None = None) -> None:
        from devicelab.device import Device  # noqa: PLC0415
        from devicelab.replay import ReplayOptions, ReplayPersonality  # noqa: PLC0415
        from devicelab.terminal import Pacing  # noqa: PLC0415

        behaviour = behaviour or Behaviour()
        replay = ReplayOptions(
            secrets=frozenset({behaviour.enable_secret}),
            require_enable=behaviour.wants_enable,
            emulate_pager=behaviour.pages,
            strict=behaviour.is_strict,
        )
        device = Device(
            name=recording.name,
            username="",
            password="",
            personality=lambda journal: ReplayPersonality(recording, replay, journal),
            pacing=Pacing(
                latency=behaviour.latency_s,
                min_chunk=behaviour.piece_bytes[0],
                max_chunk=behaviour.piece_bytes[1],
                pause=behaviour.pause_s,
            ),
            seed=behaviour.seed,
            enter_on_cr_only=recording.enter_on_cr_only,
        )
        journal = device.new_journal()
        self.typed: list[bytes] = []
        self.journal = device.journal
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._terminal = device.new_terminal(device.personality(journal), _Link(self), journal)
        self._task = asyncio.ensure_future(self._serve())
        self._is_ended = False

    async def read(self) -> bytes:
        """Return what the device sent, b"" once it has closed."""
        if self._is_ended:
            return b""
        data = await self._arrived.get()
        self._is_ended = not data
        return data

    async def write(self, data: bytes) -> None:
        """Type on the device's terminal."""
        if self._is_ended:
            raise SessionLost("the device has gone", step="test")
        self.typed.append(data)
        self._terminal.feed(data)

    async def close(self) -> None:
        """Hang up."""
        self._terminal.feed_eof()
        await self._task

    def arrive(self, data: bytes) -> None:
        """Take a piece from the device."""
        self._arrived.put_nowait(data)

    async def _serve(self) -> None:
        await self._terminal.run()
        self._arrived.put_nowait(b"")


class _Link:
    def __init__(self, stream: LabStream) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        if data:
            self._stream.arrive(data)

    async def drain(self) -> None:
        await asyncio.sleep(0)
