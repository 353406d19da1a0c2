"""The one table of who may call which route; a route that is not in it cannot be made."""

from __future__ import annotations

from types import MappingProxyType

from fastapi import APIRouter

from netraven.admin.permissions import Permission as May
from netraven.request.guard import AccessTable, Anyone, guarded_route

BASE = "/api/v1"

_BY_PATH: dict[str, AccessTable] = {
    "/openapi.json": {"GET": Anyone.DESCRIBING},
    "/setup": {"POST": Anyone.LOGGING_IN},
    "/auth/login": {"POST": Anyone.LOGGING_IN},
    "/auth/token": {"POST": Anyone.LOGGING_IN},
    "/auth/refresh": {"POST": Anyone.LOGGING_IN},
    "/auth/logout": {"POST": May.ACCOUNT},
    "/account": {"GET": May.ACCOUNT, "PATCH": May.ACCOUNT},
    "/account/password": {"POST": May.ACCOUNT},
    "/account/second-factor": {"POST": May.ACCOUNT, "DELETE": May.ACCOUNT},
    "/account/second-factor/confirm": {"POST": May.ACCOUNT},
    "/account/sessions": {"GET": May.ACCOUNT, "DELETE": May.ACCOUNT},
    "/account/sessions/{session_id}": {"DELETE": May.ACCOUNT},
    "/tokens": {"GET": May.TOKENS, "POST": May.TOKENS},
    "/tokens/scopes": {"GET": May.TOKENS},
    "/tokens/{token_id}": {"GET": May.TOKENS, "DELETE": May.TOKENS},
    "/users": {"GET": May.USERS_READ, "POST": May.USERS_WRITE},
    "/users/{user_id}": {
        "GET": May.USERS_READ,
        "PATCH": May.USERS_WRITE,
        "DELETE": May.USERS_WRITE,
    },
    "/users/{user_id}/password": {"POST": May.USERS_WRITE},
    "/users/{user_id}/second-factor": {"DELETE": May.USERS_WRITE},
    "/users/{user_id}/sessions": {"GET": May.USERS_READ, "DELETE": May.USERS_WRITE},
    "/users/{user_id}/tokens": {"GET": May.USERS_READ},
    "/users/{user_id}/tokens/{token_id}": {"DELETE": May.USERS_WRITE},
}

ACCESS: AccessTable = MappingProxyType(
    {"GET /healthz": Anyone.WATCHING, "GET /readyz": Anyone.WATCHING}
    | {
        f"{method} {BASE}{path}": access
        for path, by_method in _BY_PATH.items()
        for method, access in by_method.items()
    }
)

_GuardedRoute = guarded_route(ACCESS)


def guarded_router(prefix: str, tag: str, *, base: str = BASE) -> APIRouter:
    """Return a router below the API's base whose routes ask the table."""
    return APIRouter(prefix=f"{base}{prefix}", tags=[tag], route_class=_GuardedRoute)
