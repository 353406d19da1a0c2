"""What has arrived and nobody has read yet; beyond a bound, the sender is held back."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

_HIGH_WATER_BYTES: Final = 1024 * 1024


class Source(Protocol):
    """What bytes come from: a transport, or a channel, which has all that is used of one."""

    def pause_reading(self) -> None:
        """Take no more from the network."""
        ...

    def resume_reading(self) -> None:
        """Go on."""
        ...


class Inbox:
    """Bytes between an event of the network and whoever awaits them; there is one reader."""

    def __init__(self) -> None:
        self.is_ended = False
        self._source: Source | None = None
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._is_paused = False
        self._reader: asyncio.Future[None] | None = None

    def bind(self, source: Source) -> None:
        """Hold this one back while nobody reads."""
        self._source = source

    async def read(self) -> bytes:
        """Return all bytes that have arrived; `b""` once there will be no more."""
        while not self._chunks:
            if self.is_ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._is_paused and self._source is not None:
            self._is_paused = False
            self._source.resume_reading()
        return data

    def put(self, data: bytes) -> None:
        """Take what has arrived, if it is anything."""
        if not data:
            return
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        is_full = self._waiting_bytes > _HIGH_WATER_BYTES
        if is_full and not self._is_paused and self._source is not None:
            self._is_paused = True
            self._source.pause_reading()
        self._wake()

    def end(self) -> None:
        """Note that nothing more will come; what has come can still be read."""
        self.is_ended = True
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
