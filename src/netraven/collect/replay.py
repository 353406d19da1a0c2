"""A recorded session at the other end of a stream: it says again what it was recorded to say."""

from __future__ import annotations

import asyncio

from netraven.collect.conversation import ENTER
from netraven.collect.recording import Exchange, Recording


class Replay:
    """A `Stream` that answers what is typed with what was recorded for it, in turn.

    `strays` lists what was typed and is not in the recording; it is echoed, and the prompt comes
    again. `passed_over` lists what was recorded and not typed.
    """

    def __init__(self, recording: Recording) -> None:
        self.strays: list[str] = []
        self.passed_over: list[str] = []
        self._exchanges = recording.exchanges
        self._next = 0
        self._pieces: list[bytes] = []
        self._last_line = b""
        self._is_ended = False
        self._has_more = asyncio.Event()
        if recording.exchanges[0].typed is None:
            self._say(recording.exchanges[0])
            self._next = 1

    async def read(self) -> bytes:
        """Return what has been said; b"" once the session is closed."""
        while not self._pieces:
            if self._is_ended:
                return b""
            self._has_more.clear()
            await self._has_more.wait()
        said = b"".join(self._pieces)
        self._pieces.clear()
        return said

    async def write(self, data: bytes) -> None:
        """Answer what is typed."""
        typed = data.decode("utf-8", "replace")
        text = typed.removesuffix(ENTER)
        number = self._find(text)
        if number is None:
            self._stray(text, is_line=typed != text)
            return
        self.passed_over += [one.typed for one in self._exchanges[self._next : number] if one.typed]
        self._next = number + 1
        self._say(self._exchanges[number])

    async def close(self) -> None:
        """Hang up."""
        self._is_ended = True
        self._has_more.set()

    def _find(self, text: str) -> int | None:
        """Return the exchange that was begun with this text: the next one, else the last one."""
        upcoming = range(self._next, len(self._exchanges))
        if not text:
            # Enter is pressed wherever nothing comes; only here was it recorded to be.
            upcoming = upcoming[:1]
        ahead = (number for number in upcoming if self._exchanges[number].typed == text)
        behind = (
            number
            for number in reversed(range(self._next))
            if len(text) > 1 and self._exchanges[number].typed == text
        )
        return next(ahead, None) or next(behind, None)

    def _stray(self, text: str, *, is_line: bool) -> None:
        if text:
            self.strays.append(text)
        if is_line:
            self._arrive(text.encode() + b"\r\n" + self._last_line)

    def _say(self, exchange: Exchange) -> None:
        self._arrive(exchange.said)

    def _arrive(self, said: bytes) -> None:
        self._last_line = said.rpartition(b"\n")[2] or self._last_line
        if said:
            self._pieces.append(said)
        self._has_more.set()
