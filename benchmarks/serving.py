"""The application behind its server in a process of its own, for who asks it over a socket.

Beside it, at `BARE`, answers a FastAPI application of one route with the bytes that it was sent.
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import multiprocessing
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from benchmarks.cores import raise_file_limit
from netraven.app import create_app
from netraven.db import KeyRing, make_sessions
from netraven.log import configure_logging
from netraven.platforms.catalogue import NATIVE
from netraven.request.ground import Bounds
from netraven.request.opening import opened_ground

HOST = "127.0.0.1"
BARE = "/bare"

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Serving:
    """A server's port and process."""

    port: int
    pid: int

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that serves for many requests."""
        return http.client.HTTPConnection(HOST, self.port, timeout=60)

    def cpu_s(self) -> float:
        """Return the seconds of processor that the server has used (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return sum(map(int, fields.rpartition(")")[2].split()[11:13])) / _TICKS

    def memory_mb(self) -> float:
        """Return how much memory the server holds now (Linux)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def serving(url: str, keyring: KeyRing) -> Iterator[Serving]:
    """Give a server over this database, and end it after."""
    apart = multiprocessing.get_context("spawn")
    ours, its = apart.Pipe()
    process = apart.Process(target=_serve, args=(url, keyring.to_text(), its), daemon=True)
    process.start()
    try:
        yield Serving(ours.recv(), process.pid or 0)
    finally:
        ours.send(None)
        process.join()


def _serve(url: str, keyring: str, line: Connection) -> None:
    raise_file_limit()
    configure_logging(level="error", log_format="json")
    asyncio.run(_served(url, KeyRing.from_text(keyring), line))


class _Server(uvicorn.Server):
    """A server that says on which port it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.port.set_result(self.servers[0].sockets[0].getsockname()[1])


async def _served(url: str, keyring: KeyRing, line: Connection) -> None:
    sessions = make_sessions(url, keyring)
    opening = opened_ground(url, sessions, keyring, platforms=NATIVE, bounds=Bounds())
    async with opening as ground:
        app, bare = create_app(_ready, ground), _bare()

        async def both(scope: Scope, receive: Receive, send: Send) -> None:
            await (bare if scope["path"] == BARE else app)(scope, receive, send)

        config = uvicorn.Config(
            both,
            host=HOST,
            port=0,
            log_level="critical",
            lifespan="off",
            timeout_keep_alive=600,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config)
        gc.collect()
        gc.freeze()
        answering = asyncio.create_task(server.serve())
        line.send(await server.port)
        await asyncio.to_thread(line.recv)
        server.should_exit = True
        await answering


def _bare() -> FastAPI:
    bare = FastAPI()
    bare.state.kept = b""

    @bare.put(BARE)
    async def keep(request: Request) -> None:
        bare.state.kept = await request.body()

    @bare.get(BARE)
    async def same() -> Response:
        return Response(bare.state.kept, media_type="application/json")

    return bare


async def _ready() -> str | None:
    return None
