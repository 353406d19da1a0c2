"""Bounds of lists, and literal substring search."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute

from netraven.errors import Invalid

MAX_LIMIT = 1000


def check_page(skip: int, limit: int) -> None:
    """Raise Invalid("skip") below 0 and Invalid("limit") outside 1 to 1000."""
    if skip < 0:
        raise Invalid("skip", f"must be 0 or more, not {skip}")
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("limit", f"must be from 1 to {MAX_LIMIT}, not {limit}")


def contains(column: InstrumentedAttribute[str], search: str) -> ColumnElement[bool]:
    r"""Return the condition that `search` stands in the column: ASCII case ignored.

    `%`, `_` and `\` match only themselves.
    """
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return func.lower(column).like(f"%{escaped.lower()}%", escape="\\")
