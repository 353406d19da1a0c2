"""Connections to jump hosts, each shared by all devices behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from netraven.collect.entry import Circumstances, log_in
from netraven.collect.ssh import Connection, open_connection
from netraven.collect.target import Jump
from netraven.collect.walk import Step, Walk
from netraven.errors import CollectError

_LINGER_S: Final = 5.0


class Tunnels:
    """Opens each chain of jump hosts once, and closes it when nobody has used it for a while.

    SSH servers drop connections when many log in at the same moment (OpenSSH's `MaxStartups`),
    so a site behind one jump host could not be swept with a connection for each device.
    """

    def __init__(self) -> None:
        self._tunnels: dict[tuple[Jump, ...], _Tunnel] = {}

    @contextlib.asynccontextmanager
    async def through(
        self, jumps: tuple[Jump, ...], walk: Walk, circumstances: Circumstances
    ) -> AsyncIterator[Connection | None]:
        """Give the connection to the last jump host, None where there is none to pass.

        Who comes while it is being opened waits for it, and fails as it fails.
        """
        if not jumps:
            yield None
            return
        tunnel = self._find(jumps, walk, circumstances)
        tunnel.users += 1
        try:
            yield await tunnel.connection(walk)
        finally:
            tunnel.users -= 1
            self._expire(jumps, tunnel)

    async def close(self) -> None:
        """Close everything at once."""
        keepers = [tunnel.keeper for tunnel in self._tunnels.values()]
        self._tunnels.clear()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    def _find(self, jumps: tuple[Jump, ...], walk: Walk, circumstances: Circumstances) -> _Tunnel:
        found = self._tunnels.get(jumps)
        if found is None or not found.is_usable:
            found = self._tunnels[jumps] = _Tunnel(self, jumps, walk, circumstances)
        return found

    def _expire(self, jumps: tuple[Jump, ...], tunnel: _Tunnel) -> None:
        if tunnel.users == 0 and self._tunnels.get(jumps) is tunnel:
            loop = asyncio.get_running_loop()
            loop.call_later(_LINGER_S, self._drop_unused, jumps, tunnel)

    def _drop_unused(self, jumps: tuple[Jump, ...], tunnel: _Tunnel) -> None:
        if tunnel.users == 0 and self._tunnels.get(jumps) is tunnel:
            del self._tunnels[jumps]
            tunnel.keeper.cancel()


class _Tunnel:
    """A connection kept by a task of its own, so that no user's end is the others' end."""

    def __init__(
        self, tunnels: Tunnels, jumps: tuple[Jump, ...], walk: Walk, circumstances: Circumstances
    ) -> None:
        self.users = 0
        self._jumps = jumps
        self._host_keys: dict[str, str] = {}
        self._opened: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._opened.add_done_callback(_see)
        self.keeper = asyncio.create_task(self._keep(tunnels, walk, circumstances))

    @property
    def is_usable(self) -> bool:
        if not self._opened.done():
            return True
        is_open = not self._opened.cancelled() and self._opened.exception() is None
        return is_open and not self._opened.result().is_closed()

    async def connection(self, walk: Walk) -> Connection:
        if not self._opened.done():
            walk.begin(Step.CONNECT, f"a connection to {self._jumps[-1].hostname}")
        try:
            connection = await asyncio.shield(self._opened)
        except CollectError as error:
            raise _retold(error) from None
        finally:
            walk.jump_host_keys.update(self._host_keys)
        return connection

    async def _keep(self, tunnels: Tunnels, walk: Walk, circumstances: Circumstances) -> None:
        *before, last = self._jumps
        try:
            async with tunnels.through(tuple(before), walk, circumstances) as below:
                connection, _ = await log_in(
                    last, last.logins, walk, circumstances, tunnel=below, open_way=open_connection
                )
                try:
                    self._host_keys.update(walk.jump_host_keys)
                    self._opened.set_result(connection)
                    await connection.wait_closed()
                finally:
                    connection.close()
        except CollectError as error:
            self._host_keys.update(walk.jump_host_keys)
            self._opened.set_exception(error)
        finally:
            self._opened.cancel()


def _see(opened: asyncio.Future[Connection]) -> None:
    """An error that no user has waited for is no fault of the program."""
    if not opened.cancelled():
        opened.exception()


def _retold(error: CollectError) -> CollectError:
    """Each device gets an error of its own, since each adds its own report."""
    twin = type(error).__new__(type(error))
    twin.args = error.args
    vars(twin).update(vars(error))
    return twin
