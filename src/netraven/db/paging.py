"""Bounds of lists, and literal substring search."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, false, func
from sqlalchemy.orm import InstrumentedAttribute

from netraven.db.types import is_storable
from netraven.errors import Invalid

MAX_LIMIT = 1000

_BY_CODE_POINT = String().with_variant(String(collation="C"), "postgresql")


def check_page(skip: int, limit: int) -> None:
    """Raise Invalid("skip") below 0 and Invalid("limit") outside 1 to 1000."""
    if skip < 0:
        raise Invalid("skip", f"must be 0 or more, not {skip}")
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("limit", f"must be from 1 to {MAX_LIMIT}, not {limit}")


def contains(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], search: str
) -> ColumnElement[bool]:
    r"""Return the condition that `search` stands in the column: ASCII case ignored.

    `%`, `_` and `\` match only themselves; a text that no database can hold is found nowhere.
    """
    if not is_storable(search):
        return false()
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # PostgreSQL's own collation would change the case of other letters, which SQLite leaves.
    return func.lower(cast(column, _BY_CODE_POINT)).like(f"%{_ascii_lower(escaped)}%", escape="\\")


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
