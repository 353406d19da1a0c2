"""Audit events as callers give them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from netraven.db.enums import EventStatus, EventType


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
    changes: dict[str, JsonValue] = Field(default_factory=dict)
