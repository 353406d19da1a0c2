"""A device's terminal over SSH, as the stream that a session reads and writes."""

from __future__ import annotations

import asyncio

import asyncssh
from typing_extensions import override

from netraven.collect.walk import Step
from netraven.errors import SessionLost

_HIGH_WATER_BYTES = 1024 * 1024

TERM_TYPE = "vt100"
TERM_SIZE = (511, 1000)
"""Columns and rows: wide enough that no device wraps, high enough that few page."""


class Shell(asyncssh.SSHClientSession[bytes]):
    """A `Stream` on an SSH channel; stops reading from the network while nobody takes its bytes."""

    def __init__(self) -> None:
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._chunks: list[bytes] = []
        self._waiting_bytes = 0
        self._is_paused = False
        self._is_ended = False
        self._reader: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """Return all bytes that have arrived; `b""` once the device has closed."""
        while not self._chunks:
            if self._is_ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._waiting_bytes = 0
        if self._is_paused and self._channel is not None:
            self._is_paused = False
            self._channel.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes; raise `SessionLost` where the device has gone."""
        if self._channel is None or self._is_ended or self._channel.is_closing():
            raise SessionLost(
                "the device closed the session before it was asked to", step=Step.SHELL
            )
        self._channel.write(data)

    async def close(self) -> None:
        """Give the terminal up; what has not been sent or read is lost."""
        if self._channel is not None:
            self._channel.abort()
        self._end()

    @override
    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan

    @override
    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._chunks.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _HIGH_WATER_BYTES and not self._is_paused:
            self._is_paused = True
            if self._channel is not None:
                self._channel.pause_reading()
        self._wake()

    @override
    def eof_received(self) -> bool:
        self._end()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        self._is_ended = True
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
