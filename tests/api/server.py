"""The application behind a real server, in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import uvicorn
from sqlalchemy import Engine
from typing_extensions import override

from netraven.app import create_app
from netraven.db import make_sessions
from netraven.platforms.catalogue import NATIVE
from netraven.request.ground import Bounds, Ground
from netraven.request.opening import opened_ground
from tests.conftest import Database


class Running:
    """A server that answers; `ground` is that of its application."""

    def __init__(self, database: Database, bounds: Bounds) -> None:
        self._database = database
        self._bounds = bounds
        self._answers = threading.Event()
        self._server: uvicorn.Server | None = None
        self.ground: Ground | None = None
        self.url = ""

    def run(self) -> None:
        """Serve until `stop`."""
        asyncio.run(self._serve())

    def wait(self) -> None:
        """Return when it answers."""
        assert self._answers.wait(60)

    def stop(self) -> None:
        assert self._server is not None
        self._server.should_exit = True

    async def _serve(self) -> None:
        url, keyring = self._database.url, self._database.keyring
        sessions = make_sessions(url, keyring)
        opening = opened_ground(url, sessions, keyring, platforms=NATIVE, bounds=self._bounds)
        async with opening as ground:
            self.ground = ground
            app = create_app(_ready, ground)
            config = uvicorn.Config(
                app, port=0, log_level="critical", lifespan="off", proxy_headers=False
            )
            self._server = _Server(config, self._listens)
            await self._server.serve()
        cast("Engine", sessions.kw["bind"]).dispose()

    def _listens(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._answers.set()


class _Server(uvicorn.Server):
    """A server that says on which port it listens."""

    def __init__(self, config: uvicorn.Config, listens: Callable[[int], None]) -> None:
        super().__init__(config)
        self._listens = listens

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens(self.servers[0].sockets[0].getsockname()[1])

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals belong to the tests' own thread


@contextmanager
def running(database: Database, bounds: Bounds | None = None) -> Iterator[Running]:
    """Yield a server over this database, and end it after."""
    server = Running(database, bounds or Bounds())
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        server.wait()
        yield server
    finally:
        server.stop()
        thread.join()


async def _ready() -> str | None:
    return None
