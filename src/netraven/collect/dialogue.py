"""The record of a session, bounded: its first and its last part, without typed secrets."""

from __future__ import annotations

from collections import deque
from typing import Final

_HEAD_BYTES: Final = 16 * 1024
_TAIL_BYTES: Final = 32 * 1024
_HIDDEN: Final = "‹typed secret›"
_MIN_SECRET: Final = 3


class Dialogue:
    """What a device said, echoes included, kept as evidence for a failure.

    What is typed is not recorded (a device echoes it), so a password never enters by typing;
    where a device echoes one all the same, it is taken out when the record is read.
    """

    def __init__(self) -> None:
        self._head: list[bytes] = []
        self._head_bytes = 0
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._total = 0
        self._secrets: list[str] = []

    def received(self, data: bytes) -> None:
        """Add what the device sent."""
        self._total += len(data)
        if self._head_bytes < _HEAD_BYTES:
            self._head.append(data[: _HEAD_BYTES - self._head_bytes])
            self._head_bytes += len(self._head[-1])
            data = data[len(self._head[-1]) :]
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= _TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

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
        head = b"".join(self._head)
        tail = b"".join(self._tail)[-_TAIL_BYTES:]
        gap = self._total - len(head) - len(tail)
        if gap > 0:
            tail = b"\n[... %d bytes left out ...]\n" % gap + tail.partition(b"\n")[2]
        return self._masked((head + tail).decode("utf-8", "replace"))

    def last(self, size: int = 200) -> str:
        """Return the last characters received, control characters escaped."""
        recent = b"".join([*self._head[-64:], *self._tail])[-4 * size :]
        shown = self._masked(recent.decode("utf-8", "replace"))[-size:]
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text
