"""The way to a device's terminal, whatever carries it."""

from __future__ import annotations

from typing import Protocol


class Stream(Protocol):
    """Bytes from and to a device; the caller sets deadlines, the stream has none."""

    async def read(self) -> bytes:
        """Return the next bytes, as many as have arrived; `b""` once the device has closed."""

    async def write(self, data: bytes) -> None:
        """Send bytes; raise `SessionLost` where the device has gone."""

    async def close(self) -> None:
        """Give the connection up; harmless when it is closed already."""
