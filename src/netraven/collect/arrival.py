"""From a target to a session at its prompt, within a deadline and with a report of failures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from netraven.collect.bridge import BridgeConnection, Bridges, BridgeSession, open_bridge
from netraven.collect.conversation import Conversation
from netraven.collect.detect import detect
from netraven.collect.dialogue import Listener
from netraven.collect.entry import Circumstances, log_in
from netraven.collect.limits import Limits
from netraven.collect.privatekeys import PrivateKeys
from netraven.collect.session import Session
from netraven.collect.ssh import NOTHING, Attempt, Connection, open_connection, open_shell
from netraven.collect.stream import Stream
from netraven.collect.target import Login, Protocol
from netraven.collect.telnet_login import Terminal, finish_login, open_telnet
from netraven.collect.tunnels import Tunnels
from netraven.collect.walk import Walk
from netraven.errors import CollectError, DeviceTimeout, Negotiated
from netraven.platforms.bridge import is_bridged
from netraven.platforms.platform import Platform
from netraven.platforms.undetermined import UNDETERMINED

T = TypeVar("T")
Way: TypeAlias = Connection | Terminal | BridgeConnection


class Shared:
    """What the devices of a sweep share: opened private keys, jump hosts, Netmiko's threads."""

    def __init__(self) -> None:
        self.keys = PrivateKeys()
        self.tunnels = Tunnels()
        self.bridges = Bridges()

    async def close(self) -> None:
        """Close the jump hosts' connections, and let Netmiko's threads end."""
        self.bridges.close()
        await self.tunnels.close()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection that is logged in, and the login that the device took."""

    connection: Way
    login: Login

    @property
    def host_key(self) -> str:
        """The key that the device showed, nothing over telnet."""
        way = self._carrier
        return "" if way is None else way.host_key

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed on, nothing over telnet."""
        way = self._carrier
        return NOTHING if way is None else way.negotiated

    @property
    def _carrier(self) -> Connection | BridgeConnection | None:
        way = self.connection
        return way.connection if isinstance(way, Terminal) else way


async def reported(walking: Awaitable[T], walk: Walk, limits: Limits) -> T:
    """Bound a walk by its absolute deadline, and give every `CollectError` its report."""
    clock = asyncio.timeout(limits.deadline_s)
    try:
        async with clock:
            walk.deadline_at = clock.when()
            return await walking
    except CollectError as error:
        if walk.talk is not None:
            error.args = (f"{walk.name}: {error}",)
        error.report = walk.report(error)
        raise
    except TimeoutError:
        if not clock.expired():
            raise
        late = DeviceTimeout(
            f"{walk.name} was cut off after {limits.deadline_s:g} s while {walk.place()}",
            step=walk.place(),
            awaited=walk.awaits(),
        )
        late.report = walk.report(late)
        raise late from None


@contextlib.asynccontextmanager
async def arrived(
    walk: Walk, circumstances: Circumstances, tunnels: Tunnels, platform: Platform
) -> AsyncIterator[Arrival]:
    """Give the device's connection, past its jump hosts; closed at once when the block is left.

    By the prompt of its `platform` it is known that a login in words is over.
    """

    async def open_way(attempt: Attempt, walk: Walk) -> Way:
        if is_bridged(platform):
            return await open_bridge(attempt, walk, platform, circumstances.bridges)
        known = None if platform is UNDETERMINED else platform
        if walk.target.protocol is Protocol.TELNET:
            return await open_telnet(attempt, walk, known)
        connection = await open_connection(attempt, walk)
        if connection.has_seen_secret or any(command.file for command in platform.commands):
            return connection
        return await finish_login(connection, attempt, walk, known)

    async with tunnels.through(walk.target.jump, walk, circumstances) as tunnel:
        connection, login = await log_in(
            walk.target, walk.logins, walk, circumstances, tunnel=tunnel, open_way=open_way
        )
        try:
            yield Arrival(connection, login)
        finally:
            connection.close()


async def open_session(
    arrival: Arrival,
    platform: Platform,
    walk: Walk,
    limits: Limits,
    *,
    listener: Listener | None = None,
) -> Session | BridgeSession:
    """Return a session that has its prompt and its privileges and is not paged.

    Where the platform is not determined, it is found out first. A `listener` hears everything
    from here on.
    """
    connection, login = arrival.connection, arrival.login
    if isinstance(connection, BridgeConnection):
        walk.talk = bridge = BridgeSession(connection, platform, walk, limits)
        await bridge.open()
        return bridge
    stream: Stream
    if isinstance(connection, Terminal):
        stream, talk = connection.stream, connection.talk
    else:
        stream = await open_shell(connection, walk, limits)
        talk = Conversation(stream, limits, platform.pagers)
        talk.deadline_at = walk.deadline_at or talk.deadline_at
        walk.dialogue = talk.dialogue
    talk.dialogue.listener = listener
    if listener is not None:
        # Over telnet the prompt may have come with the login.
        listener.received(bytes(talk.received), at_s=asyncio.get_running_loop().time())
    if login.password:
        talk.dialogue.hide(login.password)
    if platform is UNDETERMINED:
        platform = await detect(talk, walk)
    session = Session(
        stream,
        platform,
        limits,
        username=login.username,
        password=login.password,
        enable_secret=login.enable_secret,
        deadline_at=walk.deadline_at,
        talk=talk,
    )
    walk.talk = session
    await session.open()
    return session
