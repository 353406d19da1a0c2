"""How credentials do on devices: counted, and frozen before they lock an account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.db import Id, as_uuid, operation
from netraven.errors import Invalid
from netraven.models import Credential, CredentialTag, Device, DeviceTag


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
    moment = clock.moment(now)
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
class DeviceLogin:
    """One login on a device, or on a jump host, and what came of it."""

    device_id: UUID
    credential_id: UUID
    is_success: bool
    at: datetime


@operation
def record_logins(db: Session, logins: Sequence[DeviceLogin]) -> None:
    """Do `update_credential_status` for many logins, by one statement for each credential or link.

    The link that counts is the one by which the credential reaches the device: that of its tag
    with the lowest priority number; none where the credential is pinned to it.
    """
    links = _links_of(db, logins)
    on_credentials = _tallied((login.credential_id, None, login) for login in logins)
    on_links = _tallied(
        (login.credential_id, links[login.device_id, login.credential_id], login)
        for login in logins
        if (login.device_id, login.credential_id) in links
    )
    for (credential_id, _), tally in sorted(on_credentials.items()):
        of_credential = update(Credential).where(Credential.id == credential_id)
        db.execute(tally.added_to(of_credential, Credential))
    for (credential_id, tag_id), tally in sorted(on_links.items()):
        of_link = update(CredentialTag).where(
            CredentialTag.credential_id == credential_id, CredentialTag.tag_id == tag_id
        )
        db.execute(tally.added_to(of_link, CredentialTag))


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
    moment = clock.moment(now)
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


@dataclass(slots=True)
class _Tally:
    """Counted logins: how many of each kind, and the last of each."""

    successes: int = 0
    failures: int = 0
    last: dict[str, datetime] = field(default_factory=dict)

    def add(self, login: DeviceLogin) -> None:
        self.successes += login.is_success
        self.failures += not login.is_success
        kind = "last_success" if login.is_success else "last_failure"
        self.last[kind] = max(login.at, self.last.get(kind, login.at))

    def added_to(self, statement: Update, table: type[Credential | CredentialTag]) -> Update:
        counted = statement.values(
            success_count=table.success_count + self.successes,
            failure_count=table.failure_count + self.failures,
            last_used=max(self.last.values()),
            **self.last,
        )
        return counted.execution_options(synchronize_session=False)


def _tallied(
    logins: Iterable[tuple[UUID, UUID | None, DeviceLogin]],
) -> dict[tuple[UUID, UUID | None], _Tally]:
    tallies: defaultdict[tuple[UUID, UUID | None], _Tally] = defaultdict(_Tally)
    for credential_id, tag_id, login in logins:
        tallies[credential_id, tag_id].add(login)
    return tallies


def _links_of(db: Session, logins: Sequence[DeviceLogin]) -> dict[tuple[UUID, UUID], UUID]:
    """Return the tag by which each credential reaches each device."""
    if not logins:
        return {}
    reaching = (
        select(DeviceTag.device_id, CredentialTag.credential_id, CredentialTag.tag_id)
        .join(CredentialTag, CredentialTag.tag_id == DeviceTag.tag_id)
        .join(Device, Device.id == DeviceTag.device_id)
        .where(
            Device.credential_id.is_(None),
            DeviceTag.device_id.in_({login.device_id for login in logins}),
            CredentialTag.credential_id.in_({login.credential_id for login in logins}),
        )
        .order_by(CredentialTag.priority.desc(), CredentialTag.tag_id.desc())
    )
    # Of several the last one stays: the lowest priority number.
    return {(row[0], row[1]): row[2] for row in db.execute(reaching)}


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
