"""From a target to a session at its prompt, within a deadline and with a report of failures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import TypeVar

from netraven.collect.entry import Circumstances, log_in
from netraven.collect.limits import Limits
from netraven.collect.privatekeys import PrivateKeys
from netraven.collect.session import Session
from netraven.collect.ssh import NOTHING, Attempt, Connection, open_connection, open_shell
from netraven.collect.stream import Stream
from netraven.collect.target import Login, Protocol
from netraven.collect.telnet_login import TelnetConnection, open_telnet
from netraven.collect.tunnels import Tunnels
from netraven.collect.walk import Walk
from netraven.errors import CollectError, DeviceTimeout, Negotiated
from netraven.platforms.platform import Platform

T = TypeVar("T")


class Shared:
    """What the devices of a sweep share: private keys opened once, and the ways past jump hosts."""

    def __init__(self) -> None:
        self.keys = PrivateKeys()
        self.tunnels = Tunnels()

    async def close(self) -> None:
        """Close the jump hosts' connections."""
        await self.tunnels.close()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection that is logged in, and the login that the device took."""

    connection: Connection | TelnetConnection
    login: Login

    @property
    def host_key(self) -> str:
        """The key that the device showed, nothing over telnet."""
        return self.connection.host_key if isinstance(self.connection, Connection) else ""

    @property
    def negotiated(self) -> Negotiated:
        """What was agreed on, nothing over telnet."""
        return self.connection.negotiated if isinstance(self.connection, Connection) else NOTHING


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
    walk: Walk, circumstances: Circumstances, tunnels: Tunnels, platform: Platform | None
) -> AsyncIterator[Arrival]:
    """Give the device's connection, past its jump hosts; closed at once when the block is left.

    `platform` is what a login in words is known by, None where that is to be found out.
    """

    async def open_way(attempt: Attempt, walk: Walk) -> Connection | TelnetConnection:
        if walk.target.protocol is Protocol.TELNET:
            return await open_telnet(attempt, walk, platform)
        return await open_connection(attempt, walk)

    async with tunnels.through(walk.target.jump, walk, circumstances) as tunnel:
        connection, login = await log_in(
            walk.target, walk.logins, walk, circumstances, tunnel=tunnel, open_way=open_way
        )
        try:
            yield Arrival(connection, login)
        finally:
            connection.close()


async def open_session(arrival: Arrival, platform: Platform, walk: Walk, limits: Limits) -> Session:
    """Return a session that has its prompt and its privileges and is not paged."""
    connection, login = arrival.connection, arrival.login
    stream: Stream
    if isinstance(connection, TelnetConnection):
        stream, talk = connection.line, connection.talk
    else:
        stream, talk = await open_shell(connection, walk, limits), None
    session = Session(
        stream,
        platform,
        limits,
        enable_secret=login.enable_secret,
        deadline_at=walk.deadline_at,
        talk=talk,
    )
    walk.talk = session
    if login.password:
        session.dialogue.hide(login.password)
    await session.open()
    return session
