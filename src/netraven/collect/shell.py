"""A device's terminal over SSH, as the stream that a session reads and writes."""

from __future__ import annotations

import asyncssh
from typing_extensions import override

from netraven.collect.inbox import Inbox
from netraven.collect.walk import Step
from netraven.errors import SessionLost

TERM_TYPE = "vt100"
TERM_SIZE = (511, 1000)
"""Columns and rows: wide enough that no device wraps, high enough that few page."""


class Shell(asyncssh.SSHClientSession[bytes]):
    """A `Stream` on an SSH channel; stops reading from the network while nobody takes its bytes."""

    def __init__(self) -> None:
        self._channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._inbox = Inbox()

    async def read(self) -> bytes:
        """Return all bytes that have arrived; `b""` once the device has closed."""
        return await self._inbox.read()

    async def write(self, data: bytes) -> None:
        """Send bytes; raise `SessionLost` where the device has gone."""
        if self._channel is None or self._inbox.is_ended or self._channel.is_closing():
            raise SessionLost(
                "the device closed the session before it was asked to", step=Step.SHELL
            )
        self._channel.write(data)

    async def close(self) -> None:
        """Give the terminal up; what has not been sent or read is lost."""
        if self._channel is not None:
            self._channel.abort()
        self._inbox.end()

    @override
    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self._channel = chan
        self._inbox.bind(chan)

    @override
    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        self._inbox.put(data)

    @override
    def eof_received(self) -> bool:
        self._inbox.end()
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._inbox.end()
