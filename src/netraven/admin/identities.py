"""Users whom a provider or a directory proves: linked, made at their first login, followed."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr, ValidationError
from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.sessions import revoke_sessions
from netraven.admin.users import NO_PASSWORD, add_user_without_password, get_user, update_user
from netraven.db import Id, as_uuid, guarded, operation
from netraven.db.enums import EventType, IdentityKind, Role
from netraven.db.types import JsonValue
from netraven.errors import Conflict, Forbidden, Invalid
from netraven.models import User, UserIdentity
from netraven.schemas.sso import IdentityLink, Person, plain_dn
from netraven.schemas.user import UserCreate, UserUpdate

# A domain that no mail ever reaches (RFC 2606), for people whose provider tells no address.
_NO_ADDRESS = "no-address.invalid"


@operation
def get_identity(db: Session, user_id: Id) -> UserIdentity | None:
    """Return who the user is to a provider or directory, None for who has a password here."""
    return db.scalar(select(UserIdentity).where(UserIdentity.user_id == as_uuid(user_id)))


@operation
def link_identity(
    db: Session, user_id: Id, link: IdentityLink, *, now: datetime | None = None
) -> UserIdentity | None:
    """Have a provider or directory prove the user from now on, in the password's place.

    Their logins end, and their password fits no more. None without such a user. Raises
    Conflict("identity") where another user is linked to it, Invalid("issuer") for a provider
    without issuer, or a directory with one.
    """
    user = db.scalar(_locked(user_id))
    if user is None:
        return None
    if (link.kind is IdentityKind.OIDC) != bool(link.issuer):
        reason = "is needed for oidc" if link.kind is IdentityKind.OIDC else "is for oidc only"
        raise Invalid("issuer", reason)
    row = _linked(db, user.id, link, clock.moment(now))
    user.password_hash = NO_PASSWORD
    user.session_epoch += 1
    db.flush()
    changes: dict[str, JsonValue] = {"identity": _told(link.kind, link.issuer, link.subject)}
    _audit(db, "user_linked", user, f"linked {user.username} to {link.kind}", changes=changes)
    return row


@operation
def unlink_identity(db: Session, user_id: Id) -> bool:
    """Have nobody prove the user any more, which ends their logins; False if nobody did.

    They need a password then: `reset_password`.
    """
    user = db.scalar(_locked(user_id))
    row = None if user is None else get_identity(db, user.id)
    if user is None or row is None:
        return False
    changes: dict[str, JsonValue] = {"identity": _told(row.kind, row.issuer, row.subject)}
    db.delete(row)
    user.session_epoch += 1
    db.flush()
    _audit(db, "user_unlinked", user, f"unlinked {user.username} from {row.kind}", changes=changes)
    return True


@operation
def admit_person(db: Session, person: Person, *, now: datetime | None = None) -> User:
    """Return the user whom this person is, with the role of their groups; made now if new.

    Nobody is matched by name or address: a user who has these already is another. Raises
    Forbidden for a person without a role and for a user who is disabled, Conflict("username") and
    Conflict("email") for what another user has, Invalid for a name that no user can have, InUse
    where the role of the last active administrator would go.
    """
    if person.role is None:
        message = "none of your groups has a role in NetRaven; ask an administrator"
        raise Forbidden(message)
    user = _user_of(db, person)
    if user is None:
        try:
            return _newcomer(db, person, person.role, clock.moment(now))
        except Conflict:  # perhaps this person's other login, a moment ago
            user = _user_of(db, person)
            if user is None:
                raise
    if not user.is_active:
        message = "your account in NetRaven is disabled; ask an administrator"
        raise Forbidden(message)
    return user if user.role is person.role else _follow_role(db, user, person.role)


@operation
def end_logins_of(db: Session, person: Person) -> int:
    """End the logins of the user whom this person is, if there is one; return how many lived."""
    user = _user_of(db, person)
    return 0 if user is None else revoke_sessions(db, user.id)


def _user_of(db: Session, person: Person) -> User | None:
    digest = _digest(person.kind, person.issuer, person.subject)
    found = db.scalar(select(UserIdentity.user_id).where(UserIdentity.digest == digest))
    return None if found is None else get_user(db, found)


def _newcomer(db: Session, person: Person, role: Role, moment: datetime) -> User:
    facts, link = _facts(person, role)
    with guarded(db):
        try:
            user = add_user_without_password(db, facts, now=moment)
        except Conflict as error:
            message = (
                f"another account here has your {error.field}; ask an administrator to link it "
                "to your sign-on"
            )
            raise Conflict(error.field, message) from None
        _linked(db, user.id, link, moment)
    changes: dict[str, JsonValue] = {
        "role": role.value,
        "email": user.email,
        "identity": _told(person.kind, person.issuer, person.subject),
    }
    sentence = f"made the user {user.username}, whom {person.kind} proved"
    _audit(db, "user_created", user, sentence, changes=changes)
    return user


def _facts(person: Person, role: Role) -> tuple[UserCreate, IdentityLink]:
    address = person.email or person.username
    try:
        facts = UserCreate(
            username=person.username,
            email=address if "@" in address else f"{address}@{_NO_ADDRESS}",
            full_name=person.full_name,
            role=role,
            password=SecretStr(""),
        )
        return facts, IdentityLink(kind=person.kind, issuer=person.issuer, subject=person.subject)
    except ValidationError as error:
        field = str(error.errors(include_input=False)[0]["loc"][0])
        reason = f"of your sign-on cannot be that of a user here, for its form or length: {field}"
        raise Invalid(field, reason) from None


def _follow_role(db: Session, user: User, role: Role) -> User:
    before = user.role
    followed = update_user(db, user.id, UserUpdate(role=role)) or user
    changes: dict[str, JsonValue] = {"role": {"before": before.value, "after": role.value}}
    sentence = f"changed the role of {user.username} as their groups say"
    _audit(db, "user_role_followed", user, sentence, changes=changes)
    return followed


def _linked(db: Session, user_id: UUID, link: IdentityLink, moment: datetime) -> UserIdentity:
    subject = plain_dn(link.subject) if link.kind is IdentityKind.LDAP else link.subject
    row = UserIdentity(
        user_id=user_id,
        kind=link.kind,
        issuer=link.issuer,
        subject=subject,
        digest=_digest(link.kind, link.issuer, subject),
        created_at=moment,
    )
    with guarded(db):
        db.execute(delete(UserIdentity).where(UserIdentity.user_id == user_id))
        db.add(row)
        db.flush()
    return row


def _digest(kind: IdentityKind, issuer: str, subject: str) -> str:
    return hashlib.sha256(
        # What others call somebody may hold half a character.
        f"{kind.value}\x00{issuer}\x00{subject}".encode("utf-8", "surrogatepass")
    ).hexdigest()


def _locked(user_id: Id) -> Select[User]:
    found = select(User).where(User.id == as_uuid(user_id)).with_for_update(key_share=True)
    return found.execution_options(populate_existing=True)


def _told(kind: IdentityKind, issuer: str, subject: str) -> str:
    return " ".join(part for part in (kind.value, issuer, subject) if part)


def _audit(
    db: Session, event_name: str, user: User, sentence: str, *, changes: dict[str, JsonValue]
) -> None:
    audit(
        db,
        event_type=EventType.ADMIN,
        event_name=event_name,
        target_type="user",
        target_id=user.id,
        target_name=user.username,
        description=sentence,
        changes=changes,
    )
