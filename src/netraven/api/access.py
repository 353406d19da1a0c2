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
    "/auth/methods": {"GET": Anyone.LOGGING_IN},
    "/auth/oidc/login": {"GET": Anyone.LOGGING_IN},
    "/auth/oidc/callback": {"GET": Anyone.RETURNING},
    "/auth/oidc/logout": {"POST": May.ACCOUNT},
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
    "/users/{user_id}/identity": {
        "GET": May.USERS_READ,
        "PUT": May.USERS_WRITE,
        "DELETE": May.USERS_WRITE,
    },
    "/users/{user_id}/second-factor": {"DELETE": May.USERS_WRITE},
    "/users/{user_id}/sessions": {"GET": May.USERS_READ, "DELETE": May.USERS_WRITE},
    "/users/{user_id}/tokens": {"GET": May.USERS_READ},
    "/users/{user_id}/tokens/{token_id}": {"DELETE": May.USERS_WRITE},
    "/devices": {"GET": May.DEVICES_READ, "POST": May.DEVICES_WRITE},
    "/devices/import": {"POST": May.DEVICES_WRITE},
    "/devices/bulk": {"POST": May.DEVICES_WRITE},
    "/devices/{device_id}": {
        "GET": May.DEVICES_READ,
        "PATCH": May.DEVICES_WRITE,
        # A device takes its backups along.
        "DELETE": May.BACKUPS_DELETE,
    },
    "/devices/{device_id}/tags/{tag_id}": {"PUT": May.DEVICES_WRITE, "DELETE": May.DEVICES_WRITE},
    "/devices/{device_id}/credentials": {"GET": May.CREDENTIALS_READ},
    "/devices/{device_id}/host-keys": {"GET": May.DEVICES_READ},
    "/devices/{device_id}/host-keys/{key_id}/accept": {"POST": May.DEVICES_WRITE},
    "/tags": {"GET": May.TAGS_READ, "POST": May.TAGS_WRITE},
    "/tags/attach": {"POST": May.DEVICES_WRITE},
    "/tags/detach": {"POST": May.DEVICES_WRITE},
    "/tags/{tag_id}": {"GET": May.TAGS_READ, "PATCH": May.TAGS_WRITE, "DELETE": May.TAGS_WRITE},
    "/tags/{tag_id}/devices": {"GET": May.DEVICES_READ},
    "/rules": {"GET": May.RULES_READ, "POST": May.RULES_WRITE},
    "/rules/test": {"POST": May.RULES_WRITE},
    "/rules/{rule_id}": {
        "GET": May.RULES_READ,
        "PATCH": May.RULES_WRITE,
        "DELETE": May.RULES_WRITE,
    },
    "/rules/{rule_id}/apply": {"POST": May.RULES_WRITE},
    "/credentials": {"GET": May.CREDENTIALS_READ, "POST": May.CREDENTIALS_WRITE},
    "/credentials/statistics": {"GET": May.CREDENTIALS_READ},
    "/credentials/{credential_id}": {
        "GET": May.CREDENTIALS_READ,
        "PATCH": May.CREDENTIALS_WRITE,
        "DELETE": May.CREDENTIALS_WRITE,
    },
    "/credentials/{credential_id}/reveal": {"POST": May.CREDENTIALS_REVEAL},
    "/credentials/{credential_id}/tags/{tag_id}": {
        "PUT": May.CREDENTIALS_WRITE,
        "DELETE": May.CREDENTIALS_WRITE,
    },
    "/backups": {"GET": May.BACKUPS_READ},
    "/backups/{backup_id}": {
        "GET": May.BACKUPS_READ,
        "PATCH": May.BACKUPS_WRITE,
        "DELETE": May.BACKUPS_DELETE,
    },
    "/backups/{backup_id}/content": {"GET": May.BACKUPS_READ},
    "/backups/{backup_id}/transcript": {"GET": May.BACKUPS_READ},
    "/backups/{backup_id}/unseal": {"POST": May.BACKUPS_UNSEAL},
    "/backups/{backup_id}/diff/{other_id}": {"GET": May.BACKUPS_READ},
    "/search": {"GET": May.BACKUPS_READ},
    "/biography": {"GET": May.BACKUPS_READ},
    "/devices/{device_id}/annotation": {"GET": May.BACKUPS_READ},
    "/stories": {"GET": May.BACKUPS_READ},
    "/history": {"GET": May.METRICS_READ},
    "/runs": {"GET": May.RUNS_READ, "POST": May.RUNS_WRITE},
    "/runs/{run_id}": {"GET": May.RUNS_READ, "DELETE": May.RUNS_DELETE},
    "/runs/{run_id}/cancel": {"POST": May.RUNS_WRITE},
    "/runs/{run_id}/results": {"GET": May.RUNS_READ},
    "/runs/{run_id}/entries": {"GET": May.RUNS_READ},
    "/runs/{run_id}/events": {"GET": May.RUNS_READ},
    "/schedules": {"GET": May.SCHEDULES_READ, "POST": May.SCHEDULES_WRITE},
    "/schedules/next-times": {"POST": May.SCHEDULES_READ},
    "/schedules/{schedule_id}": {
        "GET": May.SCHEDULES_READ,
        "PATCH": May.SCHEDULES_WRITE,
        "DELETE": May.SCHEDULES_WRITE,
    },
    "/schedules/{schedule_id}/next-times": {"GET": May.SCHEDULES_READ},
    "/schedules/{schedule_id}/explanation": {"GET": May.SCHEDULES_READ},
    "/schedules/{schedule_id}/run": {"POST": May.RUNS_WRITE},
    "/blackouts": {"GET": May.SCHEDULES_READ, "POST": May.SCHEDULES_WRITE},
    "/blackouts/held-back": {"POST": May.SCHEDULES_READ},
    "/blackouts/{blackout_id}": {"GET": May.SCHEDULES_READ, "DELETE": May.SCHEDULES_WRITE},
    "/settings": {"GET": May.SETTINGS_READ, "POST": May.SETTINGS_WRITE},
    "/settings/reset": {"POST": May.SETTINGS_WRITE},
    "/settings/{key}": {
        "GET": May.SETTINGS_READ,
        "PUT": May.SETTINGS_WRITE,
        "DELETE": May.SETTINGS_WRITE,
    },
    "/audit-events": {"GET": May.AUDIT_READ},
    "/audit-events/verification": {"GET": May.AUDIT_READ},
    "/audit-events/{event_id}": {"GET": May.AUDIT_READ},
    "/platforms": {"GET": May.DEVICES_READ},
    "/platforms/{name}": {"GET": May.DEVICES_READ},
    "/statistics": {"GET": May.STATISTICS_READ},
    "/status": {"GET": May.METRICS_READ},
}

_BESIDE_THE_BASE: AccessTable = {
    "GET /healthz": Anyone.WATCHING,
    "GET /readyz": Anyone.WATCHING,
    "GET /metrics": May.METRICS_READ,
}

ACCESS: AccessTable = MappingProxyType(
    dict(_BESIDE_THE_BASE)
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
