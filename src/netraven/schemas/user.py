"""Users as callers give and get them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints

from netraven.db.enums import Role
from netraven.db.types import Id
from netraven.schemas.texts import PRINTABLE

MAX_USERNAME = 64
MAX_EMAIL = 254
MAX_FULL_NAME = 120


def _without_blank(value: object) -> object:
    """Return None for a text of blanks only, which says as much."""
    return None if isinstance(value, str) and not value.strip() else value


# Blanks are stripped around names only: within a password they may be meant.
Username = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_USERNAME,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$",
    ),
]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=MAX_EMAIL,
        pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$",
    ),
]
FullName = Annotated[
    Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=MAX_FULL_NAME, pattern=PRINTABLE)
    ]
    | None,
    BeforeValidator(_without_blank),
]


class NotificationFrequency(StrEnum):
    """How mails about jobs are gathered."""

    IMMEDIATE = "immediate"
    HOURLY = "hourly"
    DAILY = "daily"


class NotificationPreferences(BaseModel):
    """Which mails a user wants; in an update only the given keys change."""

    model_config = ConfigDict(extra="forbid")

    email_notifications: bool = True
    email_on_job_completion: bool = True
    email_on_job_failure: bool = True
    notification_frequency: NotificationFrequency = NotificationFrequency.IMMEDIATE


class UserCreate(BaseModel):
    """A user to make; the settings' policy decides which password is good enough."""

    # A refused password stands in no error text.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    username: Username
    email: Email
    password: SecretStr
    full_name: FullName = None
    role: Role = Role.VIEWER
    is_active: bool = True
    limited_to_tags: bool = False
    tag_ids: list[Id] = Field(default_factory=list)
    notification_preferences: NotificationPreferences = Field(
        default_factory=NotificationPreferences
    )


class UserSelfUpdate(BaseModel):
    """What users may change of themselves; fields left out stay."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    # The defaults stand for nothing: only fields that were given are looked at.
    email: Email = ""
    full_name: FullName = None
    notification_preferences: NotificationPreferences = Field(
        default_factory=NotificationPreferences
    )


class UserUpdate(UserSelfUpdate):
    """What administrators may change of a user; `tag_ids` replaces the tags."""

    username: Username = ""
    role: Role = Role.VIEWER
    is_active: bool = True
    limited_to_tags: bool = False
    tag_ids: list[Id] = Field(default_factory=list)


class UserRead(BaseModel):
    """A user as doors show it: nothing of the password."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    username: str
    email: str
    full_name: str | None
    role: Role
    is_active: bool
    limited_to_tags: bool
    last_login: datetime | None
    failed_logins: int
    locked_until: datetime | None
    notification_preferences: NotificationPreferences
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """Whether a password fits its hash; `needs_rehash` where today's parameters are others."""

    ok: bool
    needs_rehash: bool
