"""Tags as callers give and get them."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class TagCreate(BaseModel):
    """A tag to make."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=50)
    description: str | None = None
    color: str = Field(default="#6366F1", pattern=r"^#[0-9A-Fa-f]{6}$")


class TagUpdate(BaseModel):
    """What changes of a tag; fields left out stay."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(default="", min_length=1, max_length=50)
    description: str | None = None
    color: str = Field(default="", pattern=r"^#[0-9A-Fa-f]{6}$")


class TagRead(BaseModel):
    """A tag as doors show it; `device_count` is None where it was not counted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    description: str | None
    color: str
    is_default: bool
    device_count: int | None = None
