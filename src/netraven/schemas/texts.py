"""Kinds of text that requests hold: none of them breaks a database, a terminal or a log line."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, StringConstraints

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
WITHOUT_NUL = r"^[^\x00]*$"

# More than any number here has; Python refuses to read some thousands of them.
_MOST_DIGITS = 18


def whole_number(text: str) -> int | None:
    """Return the number that these digits are; None for another text, or for too many of them."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


def _without_blank(value: object) -> object:
    """Return None for a text of blanks only, which says as much."""
    return None if isinstance(value, str) and not value.strip() else value


# One line, and None instead of blanks only.
ShortText: TypeAlias = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=100, pattern=PRINTABLE)]
    | None,
    BeforeValidator(_without_blank),
]

Description: TypeAlias = Annotated[str, StringConstraints(max_length=10_000, pattern=WITHOUT_NUL)]
Notes: TypeAlias = Annotated[str, StringConstraints(max_length=100_000, pattern=WITHOUT_NUL)]
