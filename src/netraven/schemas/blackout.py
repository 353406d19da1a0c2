"""Black-outs as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from netraven.db.enums import HoldBack
from netraven.db.types import Id
from netraven.schemas.schedule import Line, TagTarget, WallTime
from netraven.schemas.texts import PRINTABLE, Description

MAX_BLACKOUT_NAME = 100

BlackoutName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MAX_BLACKOUT_NAME, pattern=PRINTABLE
    ),
]


class BlackoutCreate(BaseModel):
    """A black-out to keep: by its wall times, or by one beginning and one end.

    `weekdays` are those on which it begins, as in schedules; without it, every day. An
    `until_time` that is not after `from_time` is that of the next day. Without `timezone` the
    setting decides.
    """

    model_config = ConfigDict(extra="forbid")

    name: BlackoutName
    description: Description | None = None
    tag_id: Id
    hold_back: HoldBack = HoldBack.WAIT
    from_time: WallTime | None = None
    until_time: WallTime | None = None
    weekdays: Line | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    timezone: Line | None = None


class BlackoutRead(BaseModel):
    """A black-out as doors show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    description: str | None
    tag: TagTarget
    hold_back: HoldBack
    from_time: str | None
    until_time: str | None
    weekdays: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    timezone: str
    created_by_name: str
    created_at: datetime
