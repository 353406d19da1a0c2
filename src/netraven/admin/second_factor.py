"""The second factor of a login: an authenticator's codes, and recovery codes in its place."""

from __future__ import annotations

import base64
import os
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.bearer import bearer_hash
from netraven.admin.settings import get_setting_value
from netraven.admin.totp import as_base32, matching_step, new_totp_secret, otpauth_uri
from netraven.db import Id, as_uuid, get_keyring, operation
from netraven.db.enums import EventType
from netraven.errors import Conflict, Invalid, KeyUnavailable
from netraven.models import RecoveryCode, SecondFactor, User
from netraven.schemas.access import Enrolment
from netraven.seal import KeyRing, Place

RECOVERY_CODES = 10

# 80 bits: nobody guesses that, so a fast hash keeps it well enough.
_RECOVERY_BYTES = 10


@operation
def begin_second_factor(
    db: Session, user_id: Id, *, now: datetime | None = None
) -> Enrolment | None:
    """Make an authenticator's secret for the user, in the place of one not yet confirmed.

    None without such a user. Raises Conflict("second_factor") where one is confirmed,
    KeyUnavailable without a key ring.
    """
    user = db.scalar(select(User).where(User.id == as_uuid(user_id)).with_for_update())
    if user is None:
        return None
    held = _factor(db, user.id)
    if held is not None and held.confirmed_at is not None:
        message = "a second factor is set up already; remove it first"
        raise Conflict("second_factor", message)
    secret = new_totp_secret()
    sealed = _keyring(db).seal(secret, _place(user.id))
    db.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    db.add(SecondFactor(user_id=user.id, secret=sealed, created_at=clock.moment(now)))
    db.flush()
    issuer = str(get_setting_value(db, "system.general.application_name"))
    uri = otpauth_uri(secret, account=user.username, issuer=issuer)
    return Enrolment(secret=SecretStr(as_base32(secret)), uri=SecretStr(uri))


@operation
def confirm_second_factor(
    db: Session, user_id: Id, code: str, *, now: datetime | None = None
) -> tuple[SecretStr, ...] | None:
    """Turn the second factor on by a first code, and return the recovery codes, shown once.

    None without one to confirm. Raises Invalid("code").
    """
    known = as_uuid(user_id)
    factor = None if known is None else _factor(db, known)
    if known is None or factor is None or factor.confirmed_at is not None:
        return None
    moment = clock.moment(now)
    if not _use_step(db, known, code, moment):
        raise Invalid("code", "is not the authenticator's present code; check its clock")
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == known))
    db.add_all(RecoveryCode(user_id=known, code_hash=_recovery_hash(code)) for code in codes)
    confirmed = update(SecondFactor).where(SecondFactor.user_id == known)
    db.execute(confirmed.values(confirmed_at=moment).execution_options(synchronize_session=False))
    db.flush()
    _audit(db, known, "second_factor_enabled", "turned the second factor on")
    return tuple(SecretStr(code) for code in codes)


@operation
def has_second_factor(db: Session, user_id: Id) -> bool:
    """Tell whether the user's logins need a second factor."""
    confirmed = select(SecondFactor.confirmed_at).where(SecondFactor.user_id == as_uuid(user_id))
    return db.scalar(confirmed) is not None


@operation
def use_second_factor(db: Session, user_id: Id, code: str, *, now: datetime | None = None) -> bool:
    """Use up a code of the authenticator, or a recovery code; each works once.

    Raises KeyUnavailable and Corrupt where the authenticator's secret cannot be opened.
    """
    known = as_uuid(user_id)
    if known is None:
        return False
    if _use_step(db, known, code.strip().replace(" ", ""), clock.moment(now)):
        return True
    spent = delete(RecoveryCode).where(
        RecoveryCode.user_id == known, RecoveryCode.code_hash == _recovery_hash(code)
    )
    if db.scalar(spent.returning(RecoveryCode.user_id)) is None:
        return False
    _audit(db, known, "recovery_code_used", "used up a recovery code")
    return True


@operation
def remove_second_factor(db: Session, user_id: Id) -> bool:
    """Turn the user's second factor off, with its recovery codes; False if there is none."""
    known = as_uuid(user_id)
    removed = delete(SecondFactor).where(SecondFactor.user_id == known)
    if known is None or db.scalar(removed.returning(SecondFactor.user_id)) is None:
        return False
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == known))
    _audit(db, known, "second_factor_removed", "turned the second factor off")
    return True


def _factor(db: Session, user_id: UUID) -> SecondFactor | None:
    found = select(SecondFactor).where(SecondFactor.user_id == user_id)
    return db.scalar(found.execution_options(populate_existing=True))


def _use_step(db: Session, user_id: UUID, code: str, moment: datetime) -> bool:
    """Tell whether this is a code of the present steps that was not used before."""
    sealed = db.scalar(select(SecondFactor.secret).where(SecondFactor.user_id == user_id))
    if sealed is None:
        return False
    step = matching_step(_keyring(db).open(sealed, _place(user_id)), code, now=moment)
    if step is None:
        return False
    # Of two logins with one code at the same time one is late.
    fresh = (SecondFactor.user_id == user_id, SecondFactor.last_step < step)
    used = update(SecondFactor).where(*fresh).values(last_step=step)
    returned = used.returning(SecondFactor.user_id)
    return db.scalar(returned.execution_options(synchronize_session=False)) is not None


def _new_recovery_code() -> str:
    text = base64.b32encode(os.urandom(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _recovery_hash(code: str) -> str:
    return bearer_hash("".join(code.split()).replace("-", "").lower())


def _keyring(db: Session) -> KeyRing:
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; no second factor can be used")
    return keyring


def _place(user_id: UUID) -> Place:
    return Place(SecondFactor.__tablename__, str(user_id), "secret")


def _audit(db: Session, user_id: UUID, event_name: str, sentence: str) -> None:
    username = db.scalars(select(User.username).where(User.id == user_id)).one()
    audit(
        db,
        event_type=EventType.AUTH,
        event_name=event_name,
        target_type="user",
        target_id=user_id,
        target_name=username,
        description=f"{sentence} of {username}",
    )
