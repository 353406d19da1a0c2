"""Numbers in the sentences that runs end with."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 device`, `12 devices`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
