"""Logins, API tokens and second factors as callers give and get them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from netraven.db.enums import IdentityKind, LoginKind
from netraven.schemas.texts import PRINTABLE

TokenName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PRINTABLE),
]


class ApiTokenCreate(BaseModel):
    """A token to make; it does no more than its scopes name and its owner's role allows."""

    model_config = ConfigDict(extra="forbid")

    name: TokenName
    scopes: Annotated[list[str], Field(min_length=1, max_length=50)]
    expires_at: datetime | None = None


class ApiTokenRead(BaseModel):
    """A token as doors show it: its first characters, never the whole."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID
    name: str
    hint: str
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class LoginSessionRead(BaseModel):
    """A login as its user sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: LoginKind
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip_address: str | None
    client: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiToken:
    """A token just made; `secret` is shown once and kept nowhere."""

    row_id: UUID
    secret: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """A try to log in that was counted; without a user the name belongs to nobody active.

    `is_known` where the name is a user's, be they active or not; `proved_by` who proves them in
    the password's place.
    """

    user_id: UUID | None
    username: str
    is_known: bool
    password_hash: str | None = field(default=None, repr=False)
    has_second_factor: bool = False
    proved_by: IdentityKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A second factor to confirm: the secret in base 32, and as authenticators read it."""

    secret: SecretStr
    uri: SecretStr
