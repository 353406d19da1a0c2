"""The record of a session, bounded: its first and its last part, without typed secrets."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol

from netraven.errors import Typed

TYPED_SECRET: Final = "‹typed secret›"  # noqa: S105  says that one was there
"""What stands in a record where a password was typed or echoed."""

_HEAD_BYTES: Final = 16 * 1024
_TAIL_BYTES: Final = 32 * 1024
_MIN_SECRET: Final = 3
_TYPED: Final = 80
_TYPED_CHARACTERS: Final = 120


class Listener(Protocol):
    """Somebody who hears all of a session, as long as it is."""

    def received(self, data: bytes, *, at_s: float) -> None:
        """Hear what the device sent."""

    def typed(self, text: str, *, at_s: float) -> None:
        """Hear what was typed; of a secret, words that say so."""


@dataclass(slots=True)
class _Mark:
    """Something typed: how much the device had said until then, and when it had answered."""

    text: str
    offset: int
    at_s: float
    answered_at_s: float


class Dialogue:
    """What a device said, echoes included, kept as evidence for a failure.

    What is typed stands beside it, bounded too, but no secret: where a device echoes one, it is
    taken out when the record is read. Times are in seconds of any one clock.
    """

    def __init__(self) -> None:
        self._head: list[bytes] = []
        self._head_bytes = 0
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._total = 0
        self._secrets: list[str] = []
        self._marks: list[_Mark] = []
        self._begun_at_s: float | None = None
        self.listener: Listener | None = None
        """Who hears it all, besides this record; nobody as a rule."""

    def received(self, data: bytes, *, at_s: float = 0.0) -> None:
        """Add what the device sent."""
        self._begin(at_s)
        if self.listener is not None:
            self.listener.received(data, at_s=at_s)
        if self._marks:
            self._marks[-1].answered_at_s = at_s
        self._total += len(data)
        if self._head_bytes < _HEAD_BYTES:
            self._head.append(data[: _HEAD_BYTES - self._head_bytes])
            self._head_bytes += len(self._head[-1])
            data = data[len(self._head[-1]) :]
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= _TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

    def typed(self, text: str, *, at_s: float = 0.0) -> None:
        """Note what was typed; of very many things the first and the last."""
        self._begin(at_s)
        if self.listener is not None:
            self.listener.typed(text, at_s=at_s)
        self._marks.append(_Mark(text[:_TYPED_CHARACTERS], self._total, at_s, at_s))
        if len(self._marks) > _TYPED:
            del self._marks[_TYPED // 2]

    def typed_secret(self, secret: str, *, at_s: float = 0.0) -> None:
        """Note that a secret was typed, and never show it, wherever it may turn up."""
        self.hide(secret)
        self.typed(TYPED_SECRET, at_s=at_s)

    def hide(self, secret: str) -> None:
        """Never show this text, wherever it may turn up."""
        if len(secret) >= _MIN_SECRET:
            self._secrets.append(secret)

    @property
    def received_bytes(self) -> int:
        """How much the device has sent."""
        return self._total

    def text(self) -> str:
        """Return the record, at most about 48 KiB; what was left out is said in its place."""
        head, mark, tail = self._parts()
        return self._masked((head + mark + tail).decode("utf-8", "replace"))

    def marks(self) -> tuple[Typed, ...]:
        """Return what was typed, at its places in `text()`."""
        parts = self._parts()
        begun_at_s = self._begun_at_s or 0.0
        return tuple(
            Typed(
                text=mark.text,
                offset=self._place_of(mark.offset, parts),
                at_s=round(mark.at_s - begun_at_s, 3),
                answered_s=round(mark.answered_at_s - mark.at_s, 3),
            )
            for mark in self._marks
        )

    def last(self, size: int = 200) -> str:
        """Return the last characters received, control characters escaped."""
        recent = b"".join([*self._head[-64:], *self._tail])[-4 * size :]
        shown = self._masked(recent.decode("utf-8", "replace"))[-size:]
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)

    def _begin(self, at_s: float) -> None:
        if self._begun_at_s is None:
            self._begun_at_s = at_s

    def _parts(self) -> tuple[bytes, bytes, bytes]:
        """Return what is kept of the beginning, what says how much is missing, and the end."""
        head = b"".join(self._head)
        tail = b"".join(self._tail)[-_TAIL_BYTES:]
        gap = self._total - len(head) - len(tail)
        if gap <= 0:
            return head, b"", tail
        tail = tail.partition(b"\n")[2]
        return head, b"\n[... %d bytes left out ...]\n" % gap, tail

    def _place_of(self, offset: int, parts: tuple[bytes, bytes, bytes]) -> int:
        """Return where in the text something was typed after that many bytes."""
        head, mark, tail = parts
        in_tail = offset - (self._total - len(tail))
        before = head[:offset]
        if offset > len(head):
            before = head + mark + tail[: max(0, in_tail)]
        return len(self._masked(before.decode("utf-8", "replace")))

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, TYPED_SECRET)
        return text
