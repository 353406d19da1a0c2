"""The HTTP server of `netraven serve`: uvicorn, that rests where nothing is asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from typing_extensions import override

_TICK_S = 1.0


class HttpServer(uvicorn.Server):
    """A server that its process ends by `end`: signals are for the worker beside it, too."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Take no more requests; `serve` returns once those under way are answered."""
        self.should_exit = True
        self._ending.set()

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def main_loop(self) -> None:
        # All that a tick does once a second: its own loop would wake up ten times for it.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._ending.wait()
