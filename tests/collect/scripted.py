"""A device made of a few lines: what it says to what is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from netraven.errors import SessionLost

HANG_UP = b"<hang up>"
"""A piece of an answer that stands for the device's closing the session."""


class ScriptedDevice:
    """A `Stream` to a device that answers as written, a key being what was typed.

    An answer is bytes, or pieces that arrive one by one with a second between them. Answers of a
    list are given in turn. What is not in the script is met with silence.
    """

    def __init__(
        self, greeting: bytes, answers: Mapping[str, bytes | tuple[bytes, ...] | list[bytes]]
    ) -> None:
        self.typed: list[str] = []
        self._answers = dict(answers)
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_ended = False
        self._say((greeting,))

    async def read(self) -> bytes:
        """Return the next piece; b"" once the device has closed."""
        if self._is_ended:
            return b""
        piece = await self._arrived.get()
        self._is_ended = piece == HANG_UP
        return b"" if self._is_ended else piece

    async def write(self, data: bytes) -> None:
        """Take what is typed and answer it."""
        if self._is_ended:
            raise SessionLost("the device has gone", step="test")
        self.typed.append(data.decode())
        answer = self._answers.get(data.decode().removesuffix("\r"), b"")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        self._say((answer,) if isinstance(answer, bytes) else answer)

    async def close(self) -> None:
        """Hang up."""
        self._is_ended = True

    def _say(self, pieces: Sequence[bytes]) -> None:
        loop = asyncio.get_running_loop()
        for seconds, piece in enumerate(pieces):
            if piece and seconds:
                loop.call_later(seconds, self._arrived.put_nowait, piece)
            elif piece:
                self._arrived.put_nowait(piece)
