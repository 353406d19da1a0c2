"""The secrets of credentials: sealed in their place, and the one way to their plain text."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.audit import record_audit_event
from netraven.db import Id, KeyRing, as_uuid, get_keyring, operation
from netraven.db.enums import EventType
from netraven.errors import Invalid, KeyUnavailable
from netraven.models import Credential
from netraven.schemas.audit import AuditEventCreate
from netraven.schemas.credential import CredentialSecrets
from netraven.seal import Place

SECRET_FIELDS = ("password", "private_key", "private_key_passphrase", "enable_secret")

MAX_PURPOSE = 500


@operation
def reveal_credential(db: Session, credential_id: Id, *, purpose: str) -> CredentialSecrets | None:
    """Return the credential with its secrets in clear; each call is an audit event.

    Raises Invalid("purpose") for a blank purpose, KeyUnavailable without the key, Corrupt where
    a sealed value was altered or moved.
    """
    reason = _checked_purpose(purpose)
    known = as_uuid(credential_id)
    wanted = select(Credential.id, Credential.name, Credential.username, Credential.aaa_domain)
    row = db.execute(wanted.where(Credential.id == known)).one_or_none()
    if row is None:
        return None
    opened = open_secrets(db, row.id)
    # Not `audit`: a secret that another operation takes is revealed all the same.
    record_audit_event(
        db,
        AuditEventCreate(
            event_type=EventType.KEY,
            event_name="credential_revealed",
            target_type="credential",
            target_id=str(row.id),
            target_name=row.name,
            description=f"revealed the credential {row.name} for {reason}",
            changes={"purpose": reason},
        ),
    )
    return CredentialSecrets(
        id=row.id,
        name=row.name,
        username=row.username,
        aaa_domain=row.aaa_domain,
        **{field: opened.get(field) for field in SECRET_FIELDS},
    )


@operation
def open_secrets(
    db: Session, credential_id: UUID, fields: Collection[str] = SECRET_FIELDS
) -> dict[str, SecretStr]:
    """Return those of these secrets that the credential has; a part of other operations."""
    keyring = require_keyring(db)
    columns = [getattr(Credential, field) for field in fields]
    sealed = db.execute(select(*columns).where(Credential.id == credential_id)).one()
    return {
        field: SecretStr(keyring.open(value, secret_place(credential_id, field)).decode())
        for field, value in zip(fields, sealed, strict=True)
        if value is not None
    }


@operation
def seal_secret(db: Session, credential_id: UUID, field: str, secret: SecretStr) -> bytes:
    """Return the secret sealed for its row and column; a part of other operations."""
    plain = secret.get_secret_value().encode()
    return require_keyring(db).seal(plain, secret_place(credential_id, field))


@operation
def require_keyring(db: Session) -> KeyRing:
    """Return the key ring of the session; raises KeyUnavailable where there is none."""
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be read or stored")
    return keyring


def secret_place(credential_id: UUID, field: str) -> Place:
    """Return the place that a credential's sealed value is bound to."""
    return Place(Credential.__tablename__, str(credential_id), field)


def _checked_purpose(purpose: str) -> str:
    reason = purpose.strip()
    if not reason:
        raise Invalid("purpose", "say what the secret is needed for")
    if len(reason) > MAX_PURPOSE:
        raise Invalid("purpose", f"must have at most {MAX_PURPOSE} characters")
    return reason
