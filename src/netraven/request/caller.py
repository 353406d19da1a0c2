"""Who asks: a user, by what means, from where, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Depends, Request

from netraven.admin.permissions import Permission
from netraven.db import Actor, ActorKind
from netraven.db.enums import Role
from netraven.errors import Forbidden

_MAX_CLIENT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated user, by a login's `session_id` or by an API token's `token_id`.

    `is_limited` of who sees only their own and tagged devices.
    """

    user_id: UUID
    username: str
    role: Role
    permissions: frozenset[Permission]
    actor: Actor
    session_id: UUID | None = None
    token_id: UUID | None = None
    is_limited: bool = False

    @property
    def viewer(self) -> UUID | None:
        """Whose eyes lists are limited to; None for administrators, who see everything."""
        return None if self.role is Role.ADMIN else self.user_id

    def may(self, permission: Permission) -> bool:
        """Tell whether the caller may do this."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise Forbidden unless the caller may do this."""
        if permission not in self.permissions:
            by_what = "role" if self.session_id is not None else "token"
            raise Forbidden(f"your {by_what} does not allow {permission}")


def get_caller(request: Request) -> Caller:
    """Return who asks; only on routes that ask for a permission."""
    caller: Caller = request.state.caller
    return caller


# How routes that ask for a permission take who asks.
Me: TypeAlias = Annotated[Caller, Depends(get_caller)]


def actor_of(request: Request, *, name: str = "nobody", user_id: UUID | None = None) -> Actor:
    """Return who acts in this request's units, with the address and client it came from."""
    client = request.headers.get("user-agent", "")[:_MAX_CLIENT]
    return Actor(
        kind=ActorKind.USER,
        name=name,
        user_id=user_id,
        ip_address=client_address(request),
        client=client.encode("ascii", "backslashreplace").decode()[:_MAX_CLIENT] or None,
        request_id=request.state.request_id,
    )


def client_address(request: Request) -> str | None:
    """Return the address that the request came from, behind the proxies that are believed."""
    address: str | None = request.state.client_address
    return address
