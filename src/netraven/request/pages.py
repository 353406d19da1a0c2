"""Pages of lists: skip and limit, or an opaque cursor that goes on where a page ended."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, JsonValue

from netraven.db.paging import MAX_LIMIT
from netraven.errors import Invalid
from netraven.request.ground import get_ground

T = TypeVar("T")
Shown = TypeVar("Shown", bound=BaseModel)

MAX_SKIP = 10_000_000

_MAC_BYTES = 16
_MAX_CURSOR = 1024


class Page(BaseModel, Generic[T]):
    """One page of a list; `total` counts all that fit, `next` leads to the following page."""

    model_config = ConfigDict(from_attributes=True)

    items: list[T]
    total: int
    next: str | None = None


class Paging(BaseModel):
    """Which page is asked for."""

    skip: int
    limit: int
    # What a cursor carries besides the place.
    mark: dict[str, JsonValue]


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
        return Paging(skip=skip, limit=limit, mark={})
    if skip:
        raise Invalid("cursor", "stands in the place of skip; give one of them")
    mark = _read_cursor(get_ground(request).keys.cursor, cursor, _list_of(request))
    place = mark.pop("skip", 0)
    return Paging(skip=place if isinstance(place, int) else 0, limit=limit, mark=mark)


PageAsked = Annotated[Paging, Depends(_paging)]


def next_page(request: Request, paging: Paging, *, shown: int, total: int) -> str | None:
    """Return the cursor of the next page, or None where nothing is left."""
    reached = paging.skip + shown
    return make_cursor(request, {"skip": reached}) if shown and reached < total else None


def page_of(
    request: Request, paging: Paging, read: type[Shown], rows: Sequence[object], *, total: int
) -> Page[Shown]:
    """Return rows as doors show them, with the way to the next page."""
    items = [read.model_validate(row) for row in rows]
    following = next_page(request, paging, shown=len(items), total=total)
    return Page(items=items, total=total, next=following)


def make_cursor(request: Request, mark: dict[str, JsonValue]) -> str:
    """Return an opaque text for a place in the list that this request asks for."""
    body = json.dumps(mark, separators=(",", ":")).encode()
    mac = _mac(get_ground(request).keys.cursor, body, _list_of(request))
    return base64.urlsafe_b64encode(mac + body).decode().rstrip("=")


def _read_cursor(key: bytes, cursor: str, of_list: str) -> dict[str, JsonValue]:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError:
        raw = b""
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body, of_list)):
        raise Invalid("cursor", "is not `next` of a page of this list")
    mark: dict[str, JsonValue] = json.loads(body)
    return mark


def _list_of(request: Request) -> str:
    return request.url.path


def _mac(key: bytes, body: bytes, of_list: str) -> bytes:
    return hmac.new(key, of_list.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]
