"""Real programs on a real pseudo-terminal, as a session's stream."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Mapping, Sequence

from netraven.errors import SessionLost


class PtyStream:
    """A `Stream` to a program that runs on a pseudo-terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_ended = False
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    async def read(self) -> bytes:
        """Return what the program wrote, b"" once it has ended."""
        return b"" if self._is_ended else await self._arrived.get()

    async def write(self, data: bytes) -> None:
        """Type on the terminal."""
        if self._is_ended:
            raise SessionLost("the program has ended", step="test")
        os.write(self._descriptor, data)

    async def close(self) -> None:
        """Stop listening."""
        self._stop()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:
            data = b""
        if not data:
            self._stop()
        self._arrived.put_nowait(data)

    def _stop(self) -> None:
        self._is_ended = True
        asyncio.get_running_loop().remove_reader(self._descriptor)


@contextlib.asynccontextmanager
async def on_terminal(
    program: Sequence[str], environment: Mapping[str, str], *, columns: int = 511
) -> AsyncIterator[PtyStream]:
    """Run a program on a terminal of that width until the block ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 1000, columns, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *program,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "TERM": "vt100", **environment},
    )
    os.close(theirs)
    stream = PtyStream(ours)
    try:
        yield stream
    finally:
        await stream.close()
        process.kill()
        await process.wait()
        os.close(ours)
