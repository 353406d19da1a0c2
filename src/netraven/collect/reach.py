"""Whether devices answer, without logging in: a TCP connection, and the SSH version behind it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import asyncssh

from netraven.collect.arrival import Shared
from netraven.collect.entry import Circumstances
from netraven.collect.faults import explain_dial, explain_silence, place_of
from netraven.collect.limits import Limits
from netraven.collect.pacing import LoginGate, OpenGate
from netraven.collect.ping import ping
from netraven.collect.target import Protocol as Transport
from netraven.collect.target import Target
from netraven.collect.walk import Pulse, Step, Walk
from netraven.errors import CollectError, Unreachable

_VERSION: Final = b"SSH-"
_BEFORE_VERSION: Final = 8_192
_EYEBALLS_S: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachLimits:
    """How long each step of a knock may take, and how many devices are knocked at at once."""

    connect_s: float = 5.0
    banner_s: float = 5.0
    ping_s: float = 1.0
    at_once: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocked:
    """What came of knocking at one device: it answers, or the error says why it does not.

    `is_pinged` tells of a device that does not answer whether its host does; None where nobody
    was asked.
    """

    device_id: str
    error: CollectError | None = None
    is_pinged: bool | None = None
    took_s: float = 0.0

    @property
    def is_reachable(self) -> bool:
        """The device answered as a device does that could be logged in to."""
        return self.error is None


async def knock_at(
    targets: Iterable[Target],
    limits: ReachLimits,
    *,
    gate: LoginGate | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncGenerator[Knocked, None]:
    """Yield what came of each device, as they answer or their time is over.

    Nobody is logged in to but the jump hosts on the way, past `gate`. Devices that were not done
    when `stop` was set are left out. Whoever leaves the iteration early closes it.
    """
    knocker = _Knocker(limits, gate or OpenGate())
    done: asyncio.Queue[Knocked | None] = asyncio.Queue()
    conductor = asyncio.create_task(knocker.conduct(targets, done, stop or asyncio.Event()))
    conductor.add_done_callback(lambda _task: done.put_nowait(None))
    try:
        while (knocked := await done.get()) is not None:
            yield knocked
    finally:
        conductor.cancel()
        await asyncio.wait((conductor,))
    await conductor


class _Reader(Protocol):
    async def read(self, n: int, /) -> bytes: ...


class _Knocker:
    def __init__(self, limits: ReachLimits, gate: LoginGate) -> None:
        self._limits = limits
        self._shared = Shared()
        self._circumstances = Circumstances(limits=Limits(), gate=gate, keys=self._shared.keys)

    async def conduct(
        self, targets: Iterable[Target], done: asyncio.Queue[Knocked | None], stop: asyncio.Event
    ) -> None:
        """Knock at all of them, so many at a time, up to the stop."""
        stopping = asyncio.create_task(_stopped(stop))
        under_way: set[asyncio.Task[None]] = set()

        async def knock(target: Target) -> None:
            done.put_nowait(await self._knock(target))

        async def wait() -> None:
            await asyncio.wait((*under_way, stopping), return_when=asyncio.FIRST_COMPLETED)

        try:
            for target in targets:
                while len(under_way) >= self._limits.at_once and not stop.is_set():
                    await wait()
                if stop.is_set():
                    break
                task = asyncio.create_task(knock(target))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            while under_way and not stop.is_set():
                await wait()
        finally:
            for task in (*under_way, stopping):
                task.cancel()
            await asyncio.gather(*under_way, stopping, return_exceptions=True)
            await self._shared.close()

    async def _knock(self, target: Target) -> Knocked:
        walk = Walk(target, (), Pulse())
        error: CollectError | None = None
        try:
            await self._reach(target, walk)
        except CollectError as fault:
            error = fault
        took_s = walk.took_s()
        is_pinged = None
        if error is not None and not target.jump:
            is_pinged = await ping(target.address, within_s=self._limits.ping_s)
        return Knocked(device_id=target.device_id, error=error, is_pinged=is_pinged, took_s=took_s)

    async def _reach(self, target: Target, walk: Walk) -> None:
        """Return where the device answers; raise the error that says how far it came."""
        limits = self._limits
        async with self._connected(target, walk) as reader:
            if target.protocol is not Transport.SSH:
                return
            walk.begin(Step.BANNER, "an SSH version line")
            try:
                async with asyncio.timeout(limits.banner_s):
                    await _read_version(reader, target, walk)
            except TimeoutError:
                raise explain_silence(target, walk, limits.banner_s) from None

    @contextlib.asynccontextmanager
    async def _connected(self, target: Target, walk: Walk) -> AsyncIterator[_Reader]:
        """Give what the device says over a new connection, past its jump hosts."""
        tunnels = self._shared.tunnels
        async with tunnels.through(target.jump, walk, self._circumstances) as tunnel:
            walk.begin(Step.CONNECT, "a TCP connection")
            try:
                async with asyncio.timeout(self._limits.connect_s):
                    reader, writer = (
                        await asyncio.open_connection(
                            target.address,
                            target.port,
                            happy_eyeballs_delay=_eyeballs_s(target.address),
                        )
                        if tunnel is None
                        else await tunnel.open_connection(
                            target.address, target.port, encoding=None
                        )
                    )
            except TimeoutError:
                raise explain_silence(target, walk, self._limits.connect_s) from None
            except (OSError, UnicodeError, asyncssh.Error) as error:
                via = tunnel.peer_name if tunnel else None
                raise explain_dial(target, error, via=via, service=target.protocol.value) from None
            try:
                yield reader
            finally:
                writer.close()


def _eyeballs_s(address: str) -> float | None:
    """Return how long one address of a name is waited for alone; None for an address itself."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return _EYEBALLS_S
    return None


async def _stopped(stop: asyncio.Event) -> None:
    await stop.wait()


async def _read_version(reader: _Reader, target: Target, walk: Walk) -> None:
    """Return once the SSH version has come, which lines of a greeting may precede (RFC 4253)."""
    said = b""
    try:
        while not any(line.startswith(_VERSION) for line in said.splitlines()):
            piece = await reader.read(1_024)
            said = walk.first_bytes = said + piece
            if not piece or len(said) > _BEFORE_VERSION:
                break
        else:
            return
    except (OSError, asyncssh.Error):
        said = b""
    if said:
        raise explain_silence(target, walk, 0.0)
    raise Unreachable(
        f"{place_of(target)} ended the connection before it sent an SSH version;"
        " it may limit the number of sessions or the addresses that may log in",
        step=Step.BANNER,
    )
