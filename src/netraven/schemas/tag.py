"""Tags as callers give and get them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from netraven.schemas.texts import PRINTABLE, Description

MAX_TAG_NAME = 50

TagName = Annotated[str, Field(min_length=1, max_length=MAX_TAG_NAME, pattern=PRINTABLE)]
Color = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class TagCreate(BaseModel):
    """A tag to make."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: TagName
    description: Description | None = None
    color: Color = "#6366F1"


class TagUpdate(BaseModel):
    """What changes of a tag; fields left out stay."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    # The defaults stand for nothing: only fields that were given are looked at.
    name: TagName = ""
    description: Description | None = None
    color: Color = ""


class TagRead(BaseModel):
    """A tag as doors show it; `device_count` is None where it was not counted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    description: str | None
    color: str
    is_default: bool
    device_count: int | None = None


class BulkFailure(TypedDict):
    """One pair, or one absent id, that a bulk call could not serve."""

    device_id: UUID | None
    tag_id: UUID | None
    reason: str


class BulkTagCounts(TypedDict):
    """What became of the pairs of devices and tags of a bulk call."""

    success: bool
    device_count: int
    tag_count: int
    successful_operations: int
    failed_operations: int
    failures: list[BulkFailure]


class BulkTagResult(BulkTagCounts):
    """What a bulk call did to the pairs of devices and tags."""

    already_present: int


class BulkUntagResult(BulkTagCounts):
    """What a bulk removal did to the pairs of devices and tags."""

    not_present: int
