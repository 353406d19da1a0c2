"""The HTTP server of `netraven serve` by itself: it answers, shows the time, and ends when told."""

from __future__ import annotations

import asyncio
import socket
from email.utils import parsedate_to_datetime

import httpx
import uvicorn
from starlette.applications import Starlette

from netraven.cli.http_server import HttpServer


def _server() -> HttpServer:
    config = uvicorn.Config(Starlette(), log_level="warning", lifespan="off")
    return HttpServer(config)


async def test_answer_carries_the_time_and_the_server_ends_when_told() -> None:
    server = _server()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        async with httpx.AsyncClient() as client:
            host, port = listening.getsockname()
            answer = await client.get(f"http://{host}:{port}/")
        server.end()
        await serving

    assert answer.status_code == 404
    assert parsedate_to_datetime(answer.headers["date"]).year > 2000


async def test_server_that_is_told_before_it_begins_does_not_begin() -> None:
    server = _server()
    server.end()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        await server.serve([listening])

    assert not server.server_state.total_requests
