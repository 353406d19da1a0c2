"""A recorded session as exchanges of bytes, played back cut and spoilt in every way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netraven.collect.limits import Limits
from netraven.collect.session import Session
from netraven.collect.stream import Stream
from netraven.errors import SessionLost
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from tests.collect.clock import run_virtual
from tests.collect.memory import MODELS, LabStream

if TYPE_CHECKING:
    from devicelab.transcript import Transcript

ENABLE_SECRET = "lab-enable"
USERNAME, PASSWORD = "backup", "lab-password"
LIMITS = Limits(idle_s=10, deadline_s=600)
NEWLINE = re.compile(rb"\n|\x1bE")
MOST_PAUSES = 50
"""So many, each shorter than the idle limit, fit into the deadline."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was typed, and all that the device said until the next thing was typed."""

    typed: bytes
    said: bytes


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A whole session with its undamaged outcome.

    `config_exchanges` are the numbers of the first and the last exchange with the configuration,
    and of that with the version, where it was asked. `config_span` is where, in all that the
    device said, the answer to the first request for the configuration stands, its closing prompt
    left out.
    """

    name: str
    platform: Platform
    exchanges: tuple[Exchange, ...]
    running: str
    prompt: bytes
    config_span: tuple[int, int]
    config_exchanges: tuple[int, int, int | None]

    @property
    def said(self) -> bytes:
        """All that the device said."""
        return b"".join(exchange.said for exchange in self.exchanges)


@dataclass(frozen=True, slots=True)
class Damage:
    """What happens to the stream at a cut.

    `inserted` takes the place of the rest of the answer, or comes before it where the device
    `resumes`. Where it `is_alive` the device answers on afterwards, whole or, where it
    `is_repeated`, the same command just as damaged; else it stays silent, or hangs up where it
    `ends`. With `piece`, that many bytes arrive at a time, the first `MOST_PAUSES` of them each
    after `pause_s`.
    """

    name: str
    inserted: bytes = b""
    ends: bool = False
    is_alive: bool = False
    is_repeated: bool = False
    resumes: bool = False
    piece: int | None = None
    pause_s: float = 0.0


class DamagedStream:
    """A `Stream` that plays a recorded session up to a cut, and then what the damage says."""

    def __init__(self, session: RecordedSession, cut: int, damage: Damage) -> None:
        self._session = session
        self._answers = _answers_in_pages(session.exchanges[1:])
        self._command = b""
        self._pages: list[bytes] = []
        self._shown: list[bytes] = []
        self._left = cut
        self._is_cut = False
        self._damage = damage
        self._pieces: list[bytes] = []
        self._is_ended = False
        self._ready_at_s: float | None = None
        self._pauses = 0
        self._waiter: asyncio.Future[None] | None = None
        self._say(session.exchanges[0].said)

    async def read(self) -> bytes:
        """Return what has been said; b"" once the device has hung up."""
        while not self._pieces:
            if self._is_ended:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        await self._pause()
        said = b"".join(self._pieces)
        piece = self._damage.piece or len(said)
        self._pieces = [said[piece:]] if said[piece:] else []
        return said[:piece]

    async def _pause(self) -> None:
        """Wait until the next piece is there; whoever stops waiting does not begin anew."""
        loop = asyncio.get_running_loop()
        if self._damage.pause_s and self._pauses < MOST_PAUSES:
            self._ready_at_s = self._ready_at_s or loop.time() + self._damage.pause_s
            await asyncio.sleep(self._ready_at_s - loop.time())
            self._ready_at_s = None
            self._pauses += 1

    async def write(self, data: bytes) -> None:
        """Answer what is typed with what was recorded for it."""
        if self._is_ended:
            raise SessionLost("the device has gone", step="test")
        answers = self._answers.get(data)
        if answers:
            self._command = data
            self._pages = [*(answers.pop(0) if len(answers) > 1 else answers[0])]
            self._shown = []
        if self._pages and (answers or _is_key(data)):
            was_whole = not self._is_cut
            self._shown.append(self._say(self._pages.pop(0)))
            if was_whole and self._is_cut and self._damage.is_repeated:
                self._answers[self._command] = [self._shown]

    async def close(self) -> None:
        """Hang up."""
        self._is_ended = True

    def _say(self, said: bytes) -> bytes:
        """Say that, or what the damage leaves of it, and return what was said."""
        damage = self._damage
        if self._is_cut:
            return self._arrive(said if damage.is_alive else b"")
        if len(said) <= self._left:
            self._left -= len(said)
            return self._arrive(said)
        self._is_cut = True
        self._is_ended = damage.ends
        rest = said[self._left :] if damage.resumes else b""
        return self._arrive(said[: self._left] + damage.inserted + rest)

    def _arrive(self, said: bytes) -> bytes:
        if said:
            self._pieces.append(said)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        return said


def _answers_in_pages(exchanges: Sequence[Exchange]) -> dict[bytes, list[list[bytes]]]:
    """Return what was said to each command, in turn and page by page."""
    answers: dict[bytes, list[list[bytes]]] = {}
    pages: list[bytes] = []
    for exchange in exchanges:
        if not _is_key(exchange.typed):
            pages = []
            answers.setdefault(exchange.typed, []).append(pages)
        pages.append(exchange.said)
    return answers


def _is_key(typed: bytes) -> bool:
    """Tell whether that is a pager's key: no platform has a command of one character."""
    return len(typed) == 1 and typed != b"\r"


def record(recording: Transcript) -> RecordedSession:
    """Return the session that NetRaven has with one of the laboratory's recorded devices."""
    platform = get_platform(MODELS[recording.model])
    assert platform is not None
    name = f"{recording.model}#{recording.variant}"

    async def talk() -> RecordedSession:
        return await record_stream(LabStream(recording), platform, name=name)

    return run_virtual(talk())


async def collect(stream: Stream, platform: Platform) -> list[Observation]:
    """Return what a device answers to its platform's commands."""
    session = Session(
        stream,
        platform,
        LIMITS,
        username=USERNAME,
        password=PASSWORD,
        enable_secret=ENABLE_SECRET,
    )
    await session.open()
    commands = [command for command in platform.commands if command.yields is not Yields.STARTUP]
    observations = [await session.run(command) for command in commands]
    await session.leave()
    return observations


async def collect_running(stream: Stream, platform: Platform) -> Observation:
    """Return the running configuration that a device answers with."""
    observations = await collect(stream, platform)
    return next(item for item in observations if item.yields is Yields.RUNNING)


async def record_stream(stream: Stream, platform: Platform, *, name: str) -> RecordedSession:
    """Return the session that NetRaven has with the device at the other end of a stream."""
    tap = _Tap(stream)
    observations = await collect(tap, platform)
    running = next(item for item in observations if item.yields is Yields.RUNNING)
    first, last = _places(running, platform, [exchange.typed for exchange in tap.exchanges])
    prompt = NEWLINE.split(tap.exchanges[last].said)[-1]
    start = sum(len(exchange.said) for exchange in tap.exchanges[:first])
    end = sum(len(exchange.said) for exchange in tap.exchanges[: last + 1])
    return RecordedSession(
        name=name,
        platform=platform,
        exchanges=tuple(tap.exchanges),
        running=running.text,
        prompt=prompt,
        config_span=(start, end - len(prompt)),
        config_exchanges=(first, last, _version_place(observations, tap.exchanges)),
    )


def _places(running: Observation, platform: Platform, typed: list[bytes]) -> tuple[int, int]:
    """Return in which exchanges the first reading of the configuration begins and ends.

    A pager's keys are exchanges of their own.
    """
    (command,) = platform.commands_for(Yields.RUNNING)
    texts = command.parts if running.command == "; ".join(command.parts) else (running.command,)
    first = typed.index(f"{texts[0]}\r".encode())
    last = typed.index(f"{texts[-1]}\r".encode(), first)
    while last + 1 < len(typed) and _is_key(typed[last + 1]):
        last += 1
    return first, last


def _version_place(
    observations: Sequence[Observation], exchanges: Sequence[Exchange]
) -> int | None:
    """Return in which exchange the version was asked for, None where it was not."""
    for observation in observations:
        if observation.yields is Yields.VERSION:
            typed = f"{observation.command}\r".encode()
            return next((n for n, each in enumerate(exchanges) if each.typed == typed), None)
    return None


class _Tap:
    """Passes a stream on and notes its exchanges."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.exchanges = [Exchange(b"", b"")]

    async def read(self) -> bytes:
        said = await self._stream.read()
        last = self.exchanges[-1]
        self.exchanges[-1] = Exchange(last.typed, last.said + said)
        return said

    async def write(self, data: bytes) -> None:
        self.exchanges.append(Exchange(data, b""))
        await self._stream.write(data)

    async def close(self) -> None:
        await self._stream.close()
