"""Who acts in a unit of work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """What kind of party caused a change."""

    USER = "user"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """The party that audit events and runs name; `client` is the door it came through."""

    kind: ActorKind = ActorKind.SYSTEM
    name: str = "system"
    user_id: UUID | None = None
    ip_address: str | None = None
    client: str | None = None
    request_id: str | None = None


SYSTEM = Actor()
