"""Routes that nobody passes without what the access table asks for, checked before all else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias, get_args, get_origin

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from typing_extensions import override

from netraven.admin.permissions import Permission
from netraven.errors import Invalid, UnsupportedMedia
from netraven.request.authentication import authenticate
from netraven.request.caller import Caller
from netraven.request.ground import get_ground


class Anyone(Enum):
    """Stands in the table for routes that need no login, with the reason."""

    LOGGING_IN = "who calls it has no login yet"
    RETURNING = "who calls it was sent here by a provider, with parameters of its own choice"
    WATCHING = "monitors ask it, and it tells no more than that the program lives"
    DESCRIBING = "it describes the API, which is public"


Access: TypeAlias = Permission | Anyone
AccessTable: TypeAlias = Mapping[str, Access]

_Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]
_MAX_SHOWN = 64
_PARAMETER = re.compile(r"{[^}]+}")


class AccessIncomplete(Exception):
    """A route and the access table do not fit, so the application does not start."""


def guarded_route(table: AccessTable) -> type[APIRoute]:
    """Return a class of routes that ask the table; one that is not in it cannot be made."""

    class GuardedRoute(APIRoute):
        """A route that lets in whom the table lets in, before it reads anything of the body."""

        @override
        def get_route_handler(self) -> _Handler:
            handler = super().get_route_handler()
            access = _access(table, self)
            takes_body = self.body_field is not None
            asked = _query(self.dependant)

            async def guarded(request: Request) -> Response:
                if isinstance(access, Permission):
                    caller: Caller = await authenticate(request)
                    request.state.caller = caller
                    _count(request, caller)
                    caller.require(access)
                _check_query(request, asked, is_ours=access is not Anyone.RETURNING)
                if takes_body:
                    _check_media(request)
                return await handler(request)

            return guarded

    return GuardedRoute


def _count(request: Request, caller: Caller) -> None:
    """Raise TooManyRequests where the caller's token or login sends more than is let in."""
    pace = get_ground(request).pace
    if pace is not None:
        pace.admit(caller.token_id or caller.session_id or caller.user_id, now_s=time.monotonic())


def check_access(table: AccessTable, routers: Iterable[APIRouter]) -> None:
    """Raise AccessIncomplete unless table and routes name the same, and none hides another."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    named = [entry for route in routes for entry in entries_of(route)]
    if missing := sorted(set(named) - table.keys()):
        raise AccessIncomplete(f"the access table lacks {', '.join(missing)}")
    if stale := sorted(table.keys() - set(named)):
        raise AccessIncomplete(f"the access table names routes that are not there: {stale}")
    for route in routes:
        for method in route.methods or ():
            first = next(other for other in routes if _answers(other, method, _sample(route)))
            if first is not route:
                raise AccessIncomplete(f"{first.path} hides {method} {route.path}")


def methods_at(routes: Iterable[BaseRoute], path: str) -> list[str]:
    """Return the methods that an address knows; each may be a route of its own."""
    at_path = (
        route
        for route in routes
        if isinstance(route, APIRoute) and route.path_regex.match(path) is not None
    )
    return sorted({method for route in at_path for method in route.methods or ()})


def entries_of(route: APIRoute) -> list[str]:
    """Return the route's names in the table: `METHOD path`, one for each method."""
    return [f"{method} {route.path}" for method in sorted(route.methods or ())]


def _access(table: AccessTable, route: APIRoute) -> Access:
    found = {table.get(entry) for entry in entries_of(route)}
    access = found.pop()
    if access is None or found:
        raise AccessIncomplete(f"the access table lacks {', '.join(entries_of(route))}")
    return access


def _query(dependant: Dependant) -> dict[str, bool]:
    """Return the names of what the address takes, and whether each may come several times."""
    asked = {field.alias: _is_list(field.field_info.annotation) for field in dependant.query_params}
    for inner in dependant.dependencies:
        asked |= _query(inner)
    return asked


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def _check_query(request: Request, asked: Mapping[str, bool], *, is_ours: bool) -> None:
    """Raise Invalid for a parameter that is unknown, which may be a mistyped one, or repeated.

    What providers add is passed over, as OAuth asks for (RFC 6749, 4.1.2).
    """
    for name in request.query_params:
        shown = name.encode("ascii", "backslashreplace").decode()[:_MAX_SHOWN]
        if name not in asked and is_ours:
            raise Invalid(shown, "is not a parameter of this address")
        if not asked.get(name, not is_ours) and len(request.query_params.getlist(name)) > 1:
            raise Invalid(shown, "is given more than once")


def _check_media(request: Request) -> None:
    """Raise UnsupportedMedia for a body of another type than JSON."""
    media, _, _ = request.headers.get("content-type", "application/json").partition(";")
    if media.strip().lower() != "application/json":
        raise UnsupportedMedia("the body must be of the type application/json")


def _sample(route: APIRoute) -> str:
    return _PARAMETER.sub("x", route.path)


def _answers(route: APIRoute, method: str, path: str) -> bool:
    return method in (route.methods or ()) and route.path_regex.match(path) is not None
