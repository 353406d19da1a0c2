"""Numbers in the sentences that runs and commands end with."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 device`, `1 200 devices`."""
    digits = f"{number:,}".replace(",", " ")
    return f"{digits} {noun if number == 1 else plural or noun + 's'}"
