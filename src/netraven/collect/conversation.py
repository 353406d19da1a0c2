"""Typing to a device and waiting for what it says, within limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Final, TypeVar

from netraven.collect.dialogue import Dialogue
from netraven.collect.footprint import Footprint
from netraven.collect.limits import Limits
from netraven.collect.pagers import learn_pager
from netraven.collect.stream import Stream
from netraven.collect.terminal import find_queries, resolve, visible_line
from netraven.errors import DeviceTimeout, OutputTooLarge, SessionLost
from netraven.platforms.platform import Pager

T = TypeVar("T")

ENTER: Final = "\r"
_TAIL_BYTES: Final = 4096
_NUDGE_S: Final = 4.0
_LONGEST_QUERY: Final = 16
_NUMBER: Final = re.compile(r"\d+")
# ECMA-48's NEL, with which some switches end a line; as long as what it does.
_NEXT_LINE: Final = b"\x1bE"
_ESCAPE: Final = b"\x1b"


class Step(StrEnum):
    """How far a session came; failure messages call it so."""

    LOGIN = "waiting for the first prompt"
    ENABLE = "enabling privileges"
    PREPARE = "preparing the terminal"
    COMMAND = "running a command"
    LEAVE = "leaving"


class Conversation:
    """One exchange after another over a stream; answers pagers while it waits.

    `received` holds the present exchange from the prompt it was typed at; `pages` the offsets
    in it at which a pager's prompt ended: one of `pagers`, or one of those `guessed` when the
    device stood still at it. `answers_queries`: what a device asks the terminal is answered; it
    asks before its first prompt, later the text of a configuration could.
    """

    def __init__(self, stream: Stream, limits: Limits, pagers: tuple[Pager, ...]) -> None:
        self.dialogue = Dialogue()
        self.trail: list[Footprint] = []
        self._step = Step.LOGIN
        self.awaited = ""
        self.deadline_at = float("inf")
        self.received = bytearray()
        self.pages: list[int] = []
        self.pagers = pagers
        self.answers_queries = True
        self.guessed: tuple[Pager, ...] = ()
        self._nudged: tuple[str, int] | None = None
        self._stream = stream
        self._limits = limits
        self._floor = 0

    @property
    def step(self) -> Step:
        """How far the session came; setting it leaves a footprint."""
        return self._step

    @step.setter
    def step(self, step: Step) -> None:
        self._step = step
        self.trail.append(Footprint(step, asyncio.get_running_loop().time()))

    def begin(self) -> None:
        """Start an exchange: forget all but the line that the cursor stands in."""
        del self.received[: self.received.rfind(b"\n") + 1]
        self.pages.clear()
        self._floor = 0
        self._nudged = None

    def consume(self) -> None:
        """Take what has been received as dealt with: it is no longer part of the last line."""
        self._floor = len(self.received)

    def last_line(self) -> str:
        """Return what is seen of the unfinished last line, without blanks around it.

        Only the end of what was received is looked at, however much it is.
        """
        length = len(self.received)
        start = max(self._floor, length - _TAIL_BYTES)
        start = max(start, self.received.rfind(b"\n", start) + 1)
        return visible_line(bytes(self.received[start:]))

    def line_before_nudge(self) -> str | None:
        """Return what the last line was when Enter was pressed at it, once another has begun."""
        if self._nudged is None:
            return None
        line, offset = self._nudged
        return line if self.received.find(b"\n", offset) >= 0 else None

    def line_above(self) -> str:
        """Return the last line with text, "" where the cursor stands behind text itself."""
        if self.last_line():
            return ""
        lines = self.lines_above().split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def lines_above(self) -> str:
        """Return the end of what was received before the last line, control sequences resolved."""
        end = self.received.rfind(b"\n") + 1
        return resolve(bytes(self.received[max(0, end - _TAIL_BYTES) : end])).text

    async def type(self, text: str) -> None:
        """Send text and Enter."""
        self.dialogue.typed(text, at_s=_now_s())
        await self._stream.write((text + ENTER).encode())

    async def type_secret(self, secret: str) -> None:
        """Send a secret and Enter; the record never shows it, not even if it is echoed."""
        self.dialogue.typed_secret(secret, at_s=_now_s())
        await self._stream.write((secret + ENTER).encode())

    async def until(
        self,
        find: Callable[[], T | None],
        awaited: str,
        *,
        nudge: bool = False,
        wake: Callable[[], str] = str,
    ) -> T:
        """Return what `find` finds after some piece of output; it is tried after each one.

        With `nudge`, Enter is pressed once after a few silent seconds, behind what `wake` says:
        a device that is waiting for a key, or whose prompt was pushed up by a log message, then
        shows its prompt. One that has said nothing yet is given more time. It is pressed again
        before giving up on one that stands at something else by then.
        Raises `DeviceTimeout`, `SessionLost` or `OutputTooLarge`.
        """
        self.awaited = awaited
        idle_s = self._limits.idle_s
        nudge = nudge and idle_s > _NUDGE_S
        nudged_at: str | None = None
        while (found := find()) is None:
            await self._answer_pager()
            if nudge:
                nudge = await self.receive(within_s=_NUDGE_S if self.received else idle_s / 2)
                if not nudge:
                    nudged_at = await self._nudge(wake())
                continue
            if await self.receive(within_s=idle_s) or self._learn_pager():
                continue
            if nudged_at not in {None, self._place()}:
                nudged_at = await self._nudge(wake())
            else:
                raise DeviceTimeout(
                    f"the device was silent for {self._limits.idle_s:g} s while {self.step}",
                    step=self.step,
                    awaited=awaited,
                )
        return found

    async def receive(self, *, within_s: float) -> bool:
        """Add the next piece of output; False after that many silent seconds."""
        loop = asyncio.get_running_loop()
        silent_at = loop.time() + within_s
        try:
            async with asyncio.timeout_at(min(silent_at, self.deadline_at)):
                piece = await self._stream.read()
        except TimeoutError:
            if loop.time() < self.deadline_at:
                return False
            raise DeviceTimeout(
                f"the deadline of {self._limits.deadline_s:g} s passed while {self.step}",
                step=self.step,
                awaited=self.awaited,
            ) from None
        self._take(piece)
        if self.answers_queries:
            await self._answer_queries(len(piece))
        return True

    async def turn_pages(self, *, within_s: float) -> bool:
        """Add the next piece of output and turn a page that it ends with; False after silence."""
        if not await self.receive(within_s=within_s) and not self._learn_pager():
            return False
        await self._answer_pager()
        return True

    async def farewell(self, texts: tuple[str, ...]) -> None:
        """Type texts and close; to wait for what the device makes of them helps nobody."""
        with suppress(SessionLost):
            for text in texts:
                await self.type(text)
        await self._stream.close()

    async def _nudge(self, text: str) -> str:
        """Press Enter behind a text; return where the device stood."""
        place = self._place()
        self._nudged = self.last_line(), len(self.received)
        await self.type(text)
        return place

    def _place(self) -> str:
        """Return the last text that the device said, whatever the numbers in it."""
        return _NUMBER.sub("0", self.last_line() or self.line_above())

    def _take(self, piece: bytes) -> None:
        if not piece:
            raise SessionLost(
                f"the device closed the session while {self.step}",
                step=self.step,
                awaited=self.awaited,
            )
        self.dialogue.received(piece, at_s=_now_s())
        seam = max(0, len(self.received) - 1)
        self.received += piece
        if self.received.find(_ESCAPE, seam) >= 0:
            self.received[seam:] = self.received[seam:].replace(_NEXT_LINE, b"\r\n")
        if len(self.received) > self._limits.max_bytes:
            raise OutputTooLarge(
                f"the device sent more than {self._limits.max_bytes} bytes while {self.step}",
                step=self.step,
                awaited=self.awaited,
            )

    async def _answer_queries(self, size: int) -> None:
        """Answer the questions to the terminal that the last piece, of that size, completed."""
        start = max(0, len(self.received) - size - _LONGEST_QUERY)
        for query in find_queries(bytes(self.received[start:])):
            if start + query.ends_at > len(self.received) - size:
                await self._stream.write(query.answer)

    async def _answer_pager(self) -> None:
        line = self.last_line()
        for pager in (*self.pagers, *self.guessed):
            if line and pager.pattern.search(line):
                self.consume()
                self.pages.append(len(self.received))
                self.dialogue.typed(pager.key, at_s=_now_s())
                await self._stream.write(pager.key.encode())
                return

    def _learn_pager(self) -> bool:
        """Take the last line for a pager if most are worded so; from now on it is known as one.

        Asked only after a silence in which anything else would have gone on.
        """
        pager = learn_pager(self.last_line())
        if pager is None:
            return False
        self.guessed += (pager,)
        return True


def _now_s() -> float:
    return asyncio.get_running_loop().time()
