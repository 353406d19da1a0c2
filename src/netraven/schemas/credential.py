"""Credentials as callers give and get them; each secret is a `SecretStr` on its way in and out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from typing_extensions import TypedDict

from netraven.db.types import Id
from netraven.schemas.texts import PRINTABLE, Description

DEFAULT_PRIORITY = 100
MAX_PRIORITY = 10_000
MAX_NAME = 255
MAX_SECRET = 1024
MAX_PRIVATE_KEY = 65_536

# Blanks are stripped around names only: within a secret they may be meant.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME, pattern=PRINTABLE),
]
Domain = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PRINTABLE),
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=MAX_SECRET)]
PrivateKey = Annotated[SecretStr, Field(min_length=1, max_length=MAX_PRIVATE_KEY)]
Priority = Annotated[int, Field(ge=0, le=MAX_PRIORITY)]


class CredentialTagLink(BaseModel):
    """A tag whose devices get the credential; lower priorities are tried first."""

    model_config = ConfigDict(extra="forbid")

    tag_id: Id
    priority: Priority = DEFAULT_PRIORITY


class CredentialTagCreate(CredentialTagLink):
    """A link to make, or whose priority to change."""

    credential_id: Id


class CredentialCreate(BaseModel):
    """A login to keep; it needs a password or a private key."""

    # A refused secret stands in no error text.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Name
    username: Name
    password: Secret | None = None
    private_key: PrivateKey | None = None
    private_key_passphrase: Secret | None = None
    enable_secret: Secret | None = None
    description: Description | None = None
    aaa_domain: Domain | None = None
    tags: list[CredentialTagLink] = Field(default_factory=list)


class CredentialUpdate(BaseModel):
    """What may change of a credential; fields left out stay, null clears a secret or a text.

    `frozen` False thaws the credential, True takes it out of use; None leaves it. `tags`
    replaces the links.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Name = ""
    username: Name = ""
    password: Secret | None = None
    private_key: PrivateKey | None = None
    private_key_passphrase: Secret | None = None
    enable_secret: Secret | None = None
    description: Description | None = None
    aaa_domain: Domain | None = None
    frozen: bool | None = None
    tags: list[CredentialTagLink] = Field(default_factory=list)


class CredentialLinkTag(BaseModel):
    """The tag of a link, as far as lists of credentials show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    color: str


class CredentialTagRead(BaseModel):
    """A link of a credential to a tag, with how well the credential did there."""

    model_config = ConfigDict(from_attributes=True)

    tag_id: UUID
    tag: CredentialLinkTag
    priority: int
    success_count: int
    failure_count: int
    last_used: datetime | None
    last_success: datetime | None
    last_failure: datetime | None


class CredentialRead(BaseModel):
    """A credential as doors show it: which secrets it has, never one of them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    username: str
    description: str | None
    aaa_domain: str | None
    has_password: bool
    has_private_key: bool
    has_private_key_passphrase: bool
    has_enable_secret: bool
    success_count: int
    failure_count: int
    last_used: datetime | None
    last_success: datetime | None
    last_failure: datetime | None
    frozen_at: datetime | None
    frozen_reason: str | None
    tags: list[CredentialTagRead] = Field(validation_alias="tag_links")
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSecrets:
    """One credential, opened; `get_secret_value()` is the only way to each plain text."""

    id: UUID
    name: str
    username: str
    password: SecretStr | None
    private_key: SecretStr | None
    private_key_passphrase: SecretStr | None
    enable_secret: SecretStr | None
    aaa_domain: str | None


class BulkCredentialFailure(TypedDict):
    """One absent id that a bulk call could not serve; the other id is None."""

    credential_id: UUID | None
    tag_id: UUID | None
    reason: str


class BulkCredentialCounts(TypedDict):
    """What became of the pairs of credentials and tags of a bulk call."""

    success: bool
    credential_count: int
    tag_count: int
    successful_operations: int
    failed_operations: int
    failures: list[BulkCredentialFailure]


class BulkCredentialResult(BulkCredentialCounts):
    """What a bulk call did to the pairs of credentials and tags."""

    already_present: int


class BulkUncredentialResult(BulkCredentialCounts):
    """What a bulk removal did to the pairs of credentials and tags."""

    not_present: int


class CredentialStanding(TypedDict):
    """How well one credential did; `success_rate` is from 0 to 1."""

    credential_id: UUID
    name: str
    successes: int
    failures: int
    success_rate: float


class CredentialStats(TypedDict):
    """How well credentials do; `success_rate` is None where none was tried.

    `best` and `worst` hold at most five each, of those with five attempts or more.
    """

    total: int
    unused: int
    successes: int
    failures: int
    success_rate: float | None
    best: list[CredentialStanding]
    worst: list[CredentialStanding]
