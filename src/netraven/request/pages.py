"""Pages of lists: skip and limit, or an opaque cursor that goes on where a page ended."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, JsonValue

from netraven.db.paging import MAX_LIMIT, Place
from netraven.errors import Invalid
from netraven.request.ground import get_ground

T = TypeVar("T")
Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=BaseModel)

MAX_SKIP = 10_000_000

_MAC_BYTES = 16
_MAX_CURSOR = 1024
_WRONG = "is not `next` of a page of this list"


class Page(BaseModel, Generic[T]):
    """One page of a list; `total` counts all that fit, `next` leads to the following page."""

    model_config = ConfigDict(from_attributes=True)

    items: list[T]
    total: int
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which page is asked for: so many rows from the list's beginning, or from behind a place."""

    skip: int
    limit: int
    after: Place | None = None

    async def count(self, rows: Sequence[object], count: Callable[[], Awaitable[int]]) -> int:
        """Return how many rows the list has in all; where these tell, nothing is asked."""
        reached = self.skip + len(rows)
        is_told = len(rows) < self.limit and self.after is None and (rows or not self.skip)
        return reached if is_told else await count()


def _paging(
    request: Request,
    skip: Annotated[
        int, Query(ge=0, le=MAX_SKIP, description="How many rows to leave out first.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most rows to return.")] = 100,
    cursor: Annotated[
        str | None,
        Query(
            max_length=_MAX_CURSOR,
            description="`next` of the page before, with the same filters; instead of `skip`.",
        ),
    ] = None,
) -> Paging:
    if cursor is None:
        return Paging(skip=skip, limit=limit)
    if skip:
        raise Invalid("cursor", "stands in the place of skip; give one of them")
    mark = _read_cursor(get_ground(request).keys.cursor, cursor, _list_of(request))
    if isinstance(mark, int):
        return Paging(skip=mark, limit=limit)
    return Paging(skip=0, limit=limit, after=tuple(map(_key_of, mark)))


PageAsked = Annotated[Paging, Depends(_paging)]


def page_of(
    request: Request,
    paging: Paging,
    read: type[Shown],
    rows: Sequence[Row],
    *,
    total: int,
    place_of: Callable[[Row], Place] | None = None,
) -> Page[Shown]:
    """Return rows as doors show them, with the way to the next page.

    A list that grows without bound tells the places of its rows, so that no page costs more than
    the first; the others count from their beginning.
    """
    items = [read.model_validate(row) for row in rows]
    reached = paging.skip + len(items)
    is_last = len(items) < paging.limit or (paging.after is None and reached >= total)
    mark = None if is_last else reached if place_of is None else _mark_of(place_of(rows[-1]))
    return Page(items=items, total=total, next=None if mark is None else _cursor(request, mark))


def _mark_of(place: Place) -> list[JsonValue]:
    """Return the place in JSON, times and ids named as what they are."""
    mark: list[JsonValue] = []
    for key in place:
        match key:
            case datetime():
                mark.append({"at": key.isoformat()})
            case UUID():
                mark.append({"id": key.hex})
            case _:
                mark.append(key)
    return mark


def _key_of(key: JsonValue) -> str | int | datetime | UUID:
    match key:
        case {"at": str() as moment}:
            return datetime.fromisoformat(moment)
        case {"id": str() as digits}:
            return UUID(hex=digits)
        case str() | int():
            return key
        case _:
            raise Invalid("cursor", _WRONG)


def _cursor(request: Request, mark: int | list[JsonValue]) -> str:
    """Return an opaque text for a place in the list that this request asks for."""
    body = json.dumps(mark, separators=(",", ":")).encode()
    mac = _mac(get_ground(request).keys.cursor, body, _list_of(request))
    return base64.urlsafe_b64encode(mac + body).decode().rstrip("=")


def _read_cursor(key: bytes, cursor: str, of_list: str) -> int | list[JsonValue]:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raw = b""
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body, of_list)):
        raise Invalid("cursor", _WRONG)
    mark: int | list[JsonValue] = json.loads(body)
    return mark


def _list_of(request: Request) -> str:
    return request.url.path


def _mac(key: bytes, body: bytes, of_list: str) -> bytes:
    return hmac.new(key, of_list.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]
