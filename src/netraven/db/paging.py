"""Bounds of lists, their order and places in it, and literal substring search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, String, cast, false, func, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from netraven.db.types import is_storable
from netraven.errors import Invalid

Row = TypeVar("Row")

# Where a row stands in a list: the values of all that the list goes by, the total one last.
Place: TypeAlias = tuple[str | int | datetime | UUID, ...]

MAX_LIMIT = 1000

_BY_CODE_POINT = String().with_variant(String(collation="C"), "postgresql")


def check_page(skip: int, limit: int) -> None:
    """Raise Invalid("skip") below 0 and Invalid("limit") outside 1 to 1000."""
    if skip < 0:
        raise Invalid("skip", f"must be 0 or more, not {skip}")
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid("limit", f"must be from 1 to {MAX_LIMIT}, not {limit}")


@dataclass(frozen=True, slots=True)
class Order(Generic[Row]):
    """What a list goes by, of which the last makes the order total, and a row's place in it."""

    keys: tuple[SQLColumnExpression[object], ...]
    place_of: Callable[[Row], Place]
    is_descending: bool = False

    def page(
        self, wanted: Select[Row], *, skip: int, limit: int, after: Place | None = None
    ) -> Select[Row]:
        """Return the rows of one page in order; `after` costs the same however deep it lies."""
        if after is not None:
            wanted = wanted.where(self.beyond(after))
        keys = [key.desc() if self.is_descending else key.asc() for key in self.keys]
        return wanted.order_by(*keys).offset(skip).limit(limit)

    def beyond(self, place: Place) -> ColumnElement[bool]:
        """Return the condition that a row comes after this place."""
        row = tuple_(*self.keys)
        return row < place if self.is_descending else row > place


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
