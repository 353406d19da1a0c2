"""One real session, recorded whole: what was typed and what the device said, in turn."""

from __future__ import annotations

from dataclasses import dataclass

from netraven.collect.arrival import Shared, arrived, open_session, reported
from netraven.collect.entry import Circumstances
from netraven.collect.fetch import commands_for
from netraven.collect.limits import Limits
from netraven.collect.pacing import OpenGate
from netraven.collect.recording import Exchange
from netraven.collect.session import Session
from netraven.collect.target import Login, Target
from netraven.collect.walk import Pulse, Walk
from netraven.errors import DialogueFailed
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Command, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSession:
    """What was heard and what our engine made of it; the device's secrets are still in it."""

    exchanges: tuple[Exchange, ...]
    observations: tuple[Observation, ...]
    host_key: str


class Recorder:
    """Hears a session: one exchange after another."""

    def __init__(self) -> None:
        self._typed: str | None = None
        self._said = bytearray()
        self._begun_at_s: float | None = None
        self._last_at_s = 0.0
        self._done: list[Exchange] = []

    def received(self, data: bytes, *, at_s: float) -> None:
        """Add what the device sent."""
        self._said += data
        self._last_at_s = at_s
        if self._begun_at_s is None:
            self._begun_at_s = at_s

    def typed(self, text: str, *, at_s: float) -> None:
        """Begin the next exchange."""
        self._end()
        self._typed, self._begun_at_s = text, at_s

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return all that was heard so far."""
        self._end()
        self._typed = ""
        return tuple(self._done)

    def _end(self) -> None:
        begun_at_s = self._last_at_s if self._begun_at_s is None else self._begun_at_s
        took_s = max(0.0, self._last_at_s - begun_at_s)
        if self._typed is not None or self._said:
            said = bytes(self._said)
            self._done.append(Exchange(typed=self._typed, said=said, took_s=took_s))
        self._said.clear()


async def record(
    target: Target, logins: tuple[Login, ...], platform: Platform, limits: Limits
) -> RecordedSession:
    """Return a session in which all commands of the platform were asked, up to leaving.

    Raises a `CollectError` as a collection does.
    """
    shared, recorder = Shared(), Recorder()
    walk = Walk(target, logins, Pulse())
    circumstances = Circumstances(limits=limits, gate=OpenGate(), keys=shared.keys)

    async def talk() -> RecordedSession:
        async with arrived(walk, circumstances, shared.tunnels, platform) as arrival:
            session = await open_session(arrival, platform, walk, limits, listener=recorder)
            if not isinstance(session, Session):
                raise DialogueFailed(
                    "what Netmiko says to a device cannot be recorded", step=walk.place()
                )
            wanted = [each for each in commands_for(platform, Yields) if each.file is None]
            answers = [await _asked(session, command) for command in wanted]
            exchanges = recorder.exchanges()
            await session.leave()
        return RecordedSession(
            exchanges=exchanges,
            observations=tuple(filter(None, answers)),
            host_key=arrival.host_key,
        )

    try:
        return await reported(talk(), walk, limits)
    finally:
        await shared.close()


async def _asked(session: Session, command: Command) -> Observation | None:
    """Return the answer to a command; None where the device refuses what it can do without."""
    try:
        return await session.run(command)
    except DialogueFailed:
        if command.yields is Yields.RUNNING:
            raise
        return None
