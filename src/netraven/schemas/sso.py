"""Single sign-on: how it is set up, who it proves, and the identities that users are linked to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr, StringConstraints

from netraven.db.enums import IdentityKind, Role
from netraven.schemas.texts import PRINTABLE

MAX_IDENTITY = 1000
# Where a provider sends people back to; what stands before it is the installation's own address.
CALLBACK_PATH = "/api/v1/auth/oidc/callback"

# A comma that no backslash makes a part of a value.
_SEPARATOR = re.compile(r"(?<!\\),")

_Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_IDENTITY, pattern=PRINTABLE)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSetup:
    """A provider of OpenID Connect and what its claims mean; `acr_values` empty: any will do."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None
    redirect_uri: str
    scopes: str
    username_claim: str
    groups_claim: str
    acr_values: tuple[str, ...]
    roles: Mapping[str, Role]
    ca_certificates: str = field(repr=False)
    allows_link_local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSetup:
    """A directory's servers, in the order in which they are tried, and what its entries mean."""

    urls: tuple[str, ...]
    allows_cleartext: bool
    bind_dn: str
    bind_password: SecretStr | None
    user_base: str
    user_filter: str
    username_attribute: str
    email_attribute: str
    name_attribute: str
    group_attribute: str
    group_base: str
    group_filter: str
    member_attribute: str
    roles: Mapping[str, Role]
    ca_certificates: str = field(repr=False)
    allows_link_local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom a provider or a directory proved; without a role they may not come in."""

    kind: IdentityKind
    issuer: str
    subject: str
    username: str
    email: str | None
    full_name: str | None
    groups: tuple[str, ...]
    role: Role | None


class IdentityLink(BaseModel):
    """Who a user is to the provider (issuer and subject) or to the directory (the entry's DN)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "oidc", "issuer": "https://id.example.com", "subject": "248289761001"},
                {"kind": "ldap", "subject": "uid=ana,ou=people,dc=example,dc=com"},
            ]
        },
    )

    kind: IdentityKind
    issuer: _Text = ""
    subject: Annotated[_Text, StringConstraints(min_length=1)]


class UserIdentityRead(BaseModel):
    """Who proves a user in the password's place, and who the user is there."""

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    kind: IdentityKind
    issuer: str
    subject: str
    created_at: datetime


def plain_dn(name: str) -> str:
    """Return a distinguished name as names are compared: in small letters, no idle blanks."""
    return ",".join(_plain_rdn(part) for part in _SEPARATOR.split(name))


def why_unsafe(address: str) -> str | None:
    """Return why secrets may not go to this web address, None where they may.

    They go by https; by http only to this machine itself.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no web address"
    if not address.isascii() or not address.isprintable() or " " in address or not host:
        return "is no web address"
    if port == 0 or parts.fragment or parts.username is not None or parts.password is not None:
        return "is no web address that can be used here"
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))
    return None if is_safe else "must begin with https://"


def _plain_rdn(part: str) -> str:
    attribute, equals, value = part.partition("=")
    return f"{attribute.strip()}{equals}{value.strip()}".lower()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
