"""Settings that administrators edit, as callers give and get them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from netraven.db.enums import ValueType
from netraven.schemas.texts import Description

MAX_ORDER = 1_000_000

Key = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=255, pattern=r"^[a-z0-9_]{1,64}(\.[a-z0-9_]+)+$"
    ),
]
# A value may be a secret, so no repr shows it.
Value = Annotated[JsonValue, Field(repr=False)]
Order = Annotated[int, Field(ge=0, le=MAX_ORDER)]


class AdminSettingCreate(BaseModel):
    """A setting to keep beside the built-in ones; its category is the first part of the key."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    key: Key
    value: Value
    value_type: ValueType = ValueType.STRING
    description: Description | None = None
    is_required: bool = False
    is_sensitive: bool = False
    display_order: Order = 0


class AdminSettingUpdate(BaseModel):
    """What changes of a setting; fields left out stay.

    The mask as value of a sensitive setting keeps what is stored.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    # The defaults stand for nothing: only fields that were given are looked at.
    value: Value = None
    description: Description | None = None
    is_required: bool = False
    is_sensitive: bool = False
    display_order: Order = 0


class AdminSettingRead(BaseModel):
    """A setting as doors show it: a sensitive value is a mask, or empty."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    key: str
    value: JsonValue
    value_type: ValueType
    category: str
    description: str | None
    is_required: bool
    is_sensitive: bool
    display_order: int
    is_builtin: bool
    created_at: datetime
    updated_at: datetime
