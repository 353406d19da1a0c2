"""What a server keeps of its clients, to break them all off."""

from __future__ import annotations

from typing import Protocol


class Breakable(Protocol):
    """A connection that can be broken off."""

    def abort(self) -> None:
        """Close at once, without a word."""
