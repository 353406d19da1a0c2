"""How credentials do on devices: counted, and frozen before they lock an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Update, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, operation
from netraven.errors import Invalid
from netraven.models import Credential, CredentialTag


@operation
def update_credential_status(
    db: Session,
    credential_id: Id,
    tag_id: Id | None = None,
    success: bool = True,  # noqa: FBT001, FBT002  the contract's signature
    *,
    now: datetime | None = None,
) -> bool:
    """Count one login with the credential and, given a tag, on its link; False if absent.

    The counting is done in SQL, so that none is lost among concurrent calls.
    """
    known = as_uuid(credential_id)
    moment = now or clock.now()
    on_credential = update(Credential).where(Credential.id == known).returning(Credential.id)
    counted = _counted(on_credential, Credential, is_success=success, moment=moment)
    if db.execute(counted).one_or_none() is None:
        return False
    if tag_id is not None:
        on_link = update(CredentialTag).where(
            CredentialTag.credential_id == known, CredentialTag.tag_id == as_uuid(tag_id)
        )
        db.execute(_counted(on_link, CredentialTag, is_success=success, moment=moment))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTally:
    """How many devices took and refused a credential, and when each was last so."""

    successes: int = 0
    failures: int = 0
    last_success: datetime | None = None
    last_failure: datetime | None = None


@operation
def record_logins(db: Session, tallies: Mapping[UUID, LoginTally]) -> None:
    """Count many logins, by one statement for each credential, in id order."""
    for credential_id, tally in sorted(tallies.items()):
        moments = {"last_success": tally.last_success, "last_failure": tally.last_failure}
        known = {name: moment for name, moment in moments.items() if moment is not None}
        if not known:
            continue
        counted = (
            update(Credential)
            .where(Credential.id == credential_id)
            .values(
                success_count=Credential.success_count + tally.successes,
                failure_count=Credential.failure_count + tally.failures,
                last_used=max(known.values()),
                **known,
            )
        )
        db.execute(counted.execution_options(synchronize_session=False))


@operation
def freeze_credential(
    db: Session, credential_id: Id, *, reason: str, now: datetime | None = None
) -> bool:
    """Take the credential out of use until it gets a new secret or an operator thaws it.

    False where there is none or it was frozen before; the first reason stays. Raises
    Invalid("reason") for a blank reason, which is shown and must hold no secret.
    """
    told = reason.strip()
    if not told:
        raise Invalid("reason", "say why the credential is frozen")
    moment = now or clock.now()
    frozen = (
        update(Credential)
        .where(Credential.id == as_uuid(credential_id), Credential.frozen_at.is_(None))
        .values(frozen_at=moment, frozen_reason=told)
        .returning(Credential.id, Credential.name)
        .execution_options(synchronize_session=False)
    )
    row = db.execute(frozen).one_or_none()
    if row is None:
        return False
    audit(
        db,
        event_name="credential_frozen",
        target_type="credential",
        target_id=row.id,
        target_name=row.name,
        description=f"froze the credential {row.name}: {told}",
        changes={"frozen": {"before": False, "after": True}, "reason": told},
    )
    return True


def _counted(
    statement: Update,
    table: type[Credential | CredentialTag],
    *,
    is_success: bool,
    moment: datetime,
) -> Update:
    if is_success:
        values = {"success_count": table.success_count + 1, "last_success": moment}
    else:
        values = {"failure_count": table.failure_count + 1, "last_failure": moment}
    # Rows in hand keep what they showed; reading them again shows the counts.
    return statement.values(last_used=moment, **values).execution_options(synchronize_session=False)
