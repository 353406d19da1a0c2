"""Audit events as callers give and get them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from netraven.db.actor import ActorKind
from netraven.db.enums import EventStatus, EventType
from netraven.db.types import Id

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class AuditEventCreate(BaseModel):
    """An event to record; who acted comes from the unit of work."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    event_type: EventType
    event_name: str = Field(min_length=1, max_length=64)
    status: EventStatus = EventStatus.SUCCESS
    target_type: str | None = Field(default=None, max_length=64)
    target_id: str | None = Field(default=None, max_length=64)
    target_name: str | None = Field(default=None, max_length=255)
    description: str
    # Secrets are masked only when the event is recorded, so no repr shows what is given.
    changes: dict[str, JsonValue] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, given: object) -> object:
        """Replace what no database holds: the name of a refused login may be anything."""
        return storable(given)


class AuditEventFilter(BaseModel):
    """Which events to list; conditions are joined by AND, None and blanks mean none.

    Both dates are included; `search` looks into the description.
    """

    model_config = ConfigDict(extra="forbid")

    event_type: EventType | None = None
    event_name: str | None = None
    status: EventStatus | None = None
    actor_id: Id | None = None
    target_type: str | None = None
    target_id: Id | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    search: str | None = None


class AuditEventRead(BaseModel):
    """An event as doors show it; `seq` is its number in the chain."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    seq: int | None
    created_at: datetime
    event_type: EventType
    event_name: str
    status: EventStatus
    actor_kind: ActorKind
    actor_id: UUID | None
    actor_name: str
    target_type: str | None
    target_id: str | None
    target_name: str | None
    description: str
    ip_address: str | None
    client: str | None
    request_id: str | None
    changes: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class AuditChainReport:
    """What re-reading the chain found.

    `checked` counts events. `first_bad_seq` is the number of the first one that is changed,
    missing, or not ours; where the whole chain was computed anew, that of the first one read.
    """

    ok: bool
    checked: int
    first_bad_seq: int | None


def storable(value: object) -> object:
    """Return the value with a mark in the place of NUL and broken characters, at any depth."""
    match value:
        case str():
            # An enum's value is text too, and has no such character.
            return _UNSTORABLE.sub("\ufffd", value) if _UNSTORABLE.search(value) else value
        case dict():
            return {storable(key): storable(item) for key, item in value.items()}
        case list():
            return [storable(item) for item in value]
        case _:
            return value
