"""How an operation becomes a request: the few shapes that nearly all of them have.

What an operation was called with arrives by the names of its parameters, which are those of the
API; what only tells whose view is wanted is the server's own matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from netraven.cli.remote.server import Server, is_not_found
from netraven.db import as_uuid
from netraven.db.paging import MAX_LIMIT
from netraven.errors import Invalid, NetRavenError, ServerFailed

T = TypeVar("T")

Asked: TypeAlias = Mapping[str, object]
Performer: TypeAlias = Callable[[Server, Asked], object]
Table: TypeAlias = Mapping[Callable[..., object], Performer]

# The server knows who asks; counts come with every page; a clock is the server's.
_NOT_SENT = frozenset({"visible_to", "include_device_count", "now", "after"})


def listed(path: str, read: type[T], **renamed: str) -> Performer:
    """Return what fetches a page of rows; `renamed` gives the API's names for parameters."""

    def perform(server: Server, asked: Asked) -> list[T]:
        place, query = _place_and_query(path, asked, renamed)
        return _page(server, place, query, read)[0]

    return perform


def counted(path: str, **renamed: str) -> Performer:
    """Return what counts rows."""

    def perform(server: Server, asked: Asked) -> int:
        place, query = _place_and_query(path, asked, renamed)
        return _page(server, place, {**query, "limit": 1}, dict)[1]

    return perform


def shown(path: str, read: type[T]) -> Performer:
    """Return what fetches one row by its id, None where there is none."""

    def perform(server: Server, asked: Asked) -> T | None:
        (given,) = (value for name, value in asked.items() if name not in _NOT_SENT)
        if as_uuid(str(given)) is None:
            return None
        return one(server, path, given, read)

    return perform


def one(server: Server, path: str, key: object, read: type[T]) -> T | None:
    """Return what stands at this place of a list, or None."""
    told = or_none(lambda: server.get(f"{path}/{quote(str(key), safe='')}"))
    return None if told is None else server.read(read, told)


def made(path: str, read: type[T]) -> Performer:
    """Return what makes a row out of the one schema that is given."""

    def perform(server: Server, asked: Asked) -> T:
        return server.read(read, server.send("POST", path, body=_schema(asked)))

    return perform


def changed(path: str, read: type[T]) -> Performer:
    """Return what changes a row, None where there is none."""

    def perform(server: Server, asked: Asked) -> T | None:
        place = f"{path}/{_id(asked)}"
        told = or_none(lambda: server.send("PATCH", place, body=_schema(asked)))
        return None if told is None else server.read(read, told)

    return perform


def deleted(path: str) -> Performer:
    """Return what deletes a row, False where there was none."""

    def perform(server: Server, asked: Asked) -> bool:
        query = {name: value for name, value in asked.items() if name == "reassign_to"}
        place = f"{path}/{_id(asked)}"
        return or_none(lambda: server.send("DELETE", place, query=query) or True) is not None

    return perform


def found_by(
    path: str, read: type[T], fits: Callable[[T, str], bool], *, search: str | None = "search"
) -> Performer:
    """Return what finds the row of a name: `search` is the parameter that narrows the list."""

    def perform(server: Server, asked: Asked) -> T | None:
        (name,) = asked.values()
        query = {} if search is None else {search: name}
        try:
            rows = every(server, path, query, read)
        except Invalid:  # nothing can be called so
            return None
        return next((row for row in rows if fits(row, str(name))), None)

    return perform


def every(server: Server, path: str, query: Asked, read: type[T]) -> list[T]:
    """Return all rows of a list."""
    rows: list[T] = []
    while True:
        asked = {**query, "skip": len(rows), "limit": MAX_LIMIT}
        found, total = _page(server, path, asked, read)
        rows += found
        if not found or len(rows) >= total:
            return rows


def or_none(ask: Callable[[], T]) -> T | None:
    """Return what is asked for, None where the server knows no such thing."""
    try:
        return ask()
    except NetRavenError as error:
        if is_not_found(error):
            return None
        raise


def _page(server: Server, path: str, query: Asked, read: type[T]) -> tuple[list[T], int]:
    told = server.get(path, query)
    if not isinstance(told, dict) or "items" not in told:
        message = f"{server.address.url} gives no list at {path}; use the version that it has"
        raise ServerFailed(message)
    items = [server.read(read, item) for item in told["items"]]
    return items, server.read(int, told["total"])


def _place_and_query(
    path: str, asked: Asked, renamed: Mapping[str, str]
) -> tuple[str, dict[str, object]]:
    """Return the path with its ids, and the rest of what was asked, filters taken apart."""
    query: dict[str, object] = {}
    for name, value in asked.items():
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
        elif isinstance(value, BaseModel):
            query |= {inner: getattr(value, inner) for inner in type(value).model_fields}
        elif name not in _NOT_SENT:
            query[renamed.get(name, name)] = value
    return path, {name: value for name, value in query.items() if name not in _NOT_SENT}


def _schema(asked: Asked) -> BaseModel:
    return next(value for value in asked.values() if isinstance(value, BaseModel))


def _id(asked: Asked) -> str:
    return quote(str(next(iter(asked.values()))), safe="")
