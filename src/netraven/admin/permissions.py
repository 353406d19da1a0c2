"""Who may do what: the one table of roles, permissions and the scopes of tokens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from netraven.db.enums import Role


class Permission(StrEnum):
    """One thing that a caller may be allowed to do; a token's scopes are such names."""

    ACCOUNT = "account"
    TOKENS = "tokens"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    TAGS_READ = "tags:read"
    TAGS_WRITE = "tags:write"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    CREDENTIALS_READ = "credentials:read"
    CREDENTIALS_WRITE = "credentials:write"
    CREDENTIALS_REVEAL = "credentials:reveal"
    BACKUPS_READ = "backups:read"
    BACKUPS_WRITE = "backups:write"
    BACKUPS_UNSEAL = "backups:unseal"
    BACKUPS_DELETE = "backups:delete"
    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    RUNS_DELETE = "runs:delete"
    SCHEDULES_READ = "schedules:read"
    SCHEDULES_WRITE = "schedules:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    AUDIT_READ = "audit:read"
    STATISTICS_READ = "statistics:read"
    METRICS_READ = "metrics:read"


_VIEWER = frozenset(
    {
        Permission.ACCOUNT,
        Permission.TOKENS,
        Permission.DEVICES_READ,
        Permission.TAGS_READ,
        Permission.RULES_READ,
        Permission.BACKUPS_READ,
        Permission.RUNS_READ,
        Permission.SCHEDULES_READ,
        Permission.STATISTICS_READ,
    }
)
_OPERATOR = _VIEWER | {
    Permission.DEVICES_WRITE,
    Permission.TAGS_WRITE,
    Permission.RULES_WRITE,
    Permission.CREDENTIALS_READ,
    Permission.CREDENTIALS_WRITE,
    Permission.BACKUPS_WRITE,
    Permission.BACKUPS_UNSEAL,
    Permission.RUNS_WRITE,
    Permission.SCHEDULES_WRITE,
    Permission.METRICS_READ,
}

ROLES: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {Role.VIEWER: _VIEWER, Role.OPERATOR: _OPERATOR, Role.ADMIN: frozenset(Permission)}
)

# A token that leaked must not make others, or change the password of who owns it.
ONLY_BY_LOGIN = frozenset({Permission.ACCOUNT, Permission.TOKENS})

SCOPES: tuple[Permission, ...] = tuple(
    permission for permission in Permission if permission not in ONLY_BY_LOGIN
)


def permissions_of(role: Role, scopes: Collection[str] | None = None) -> frozenset[Permission]:
    """Return what a user of this role may do; by a token only what its scopes name besides."""
    granted = ROLES[role]
    if scopes is None:
        return granted
    return frozenset(permission for permission in granted & set(SCOPES) if permission in scopes)
