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
from netraven.collect.ssh import Connection, open_shell
from netraven.collect.target import Login
from netraven.collect.tunnels import Tunnels
from netraven.collect.walk import Walk
from netraven.errors import CollectError, DeviceTimeout
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

    connection: Connection
    login: Login


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
    walk: Walk, circumstances: Circumstances, tunnels: Tunnels
) -> AsyncIterator[Arrival]:
    """Give the device's connection, past its jump hosts; closed at once when the block is left."""
    async with tunnels.through(walk.target.jump, walk, circumstances) as tunnel:
        connection, login = await log_in(
            walk.target, walk.logins, walk, circumstances, tunnel=tunnel
        )
        try:
            yield Arrival(connection, login)
        finally:
            connection.close()


async def open_session(arrival: Arrival, platform: Platform, walk: Walk, limits: Limits) -> Session:
    """Return a session that has its prompt and its privileges and is not paged."""
    shell = await open_shell(arrival.connection, walk, limits)
    login = arrival.login
    session = Session(
        shell,
        platform,
        limits,
        enable_secret=login.enable_secret,
        deadline_at=walk.deadline_at,
    )
    walk.talk = session
    if login.password:
        session.dialogue.hide(login.password)
    await session.open()
    return session
