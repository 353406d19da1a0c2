"""What replies have in common: absent rows, and what the OpenAPI document says of refusals."""

from __future__ import annotations

from typing import Any, TypeVar

from netraven.errors import NotFound
from netraven.request.problems import MEDIA_TYPE, Problem

T = TypeVar("T")

# What may be wrong with each kind of request; those with a body are read, and may be too large.
READ = (401, 403)
WITH_BODY = (400, 401, 403, 413, 415, 422)

_FORBIDDEN, _TOO_MANY = 403, 429
_MEANINGS = {
    400: "The request cannot be read.",
    401: "No valid login or token came along.",
    403: "The role or the token's scopes do not allow it.",
    404: "There is no such row, or the caller may not see it.",
    409: "The value is taken, or the present state does not allow it.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "A field is not acceptable; `field` names it.",
    429: "Too many of these; `Retry-After` says how long to wait.",
    503: "The database or a key is not available now.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of these statuses; each is a problem document.

    Whoever must say who they are may also ask too often.
    """
    if _FORBIDDEN in statuses:
        statuses = tuple(sorted({*statuses, _TOO_MANY}))
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def found(row: T | None, what: str) -> T:
    """Return the row; raises NotFound where there is none, or none that the caller may see."""
    if row is None:
        message = f"there is no {what} of this id, or you may not see it"
        raise NotFound(message)
    return row


def require_found(is_found: bool, what: str) -> None:  # noqa: FBT001  it is the one thing asked
    """Raise NotFound where nothing was found."""
    found(is_found or None, what)


def whole(value: object) -> Any:  # noqa: ANN401  what comes out is what goes in
    r"""Return the value with `\xe9` for a byte that is no UTF-8, which JSON cannot hold."""
    match value:
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        case dict():
            return {name: whole(inner) for name, inner in value.items()}
        case list() | tuple():
            return [whole(inner) for inner in value]
        case _:
            return value
