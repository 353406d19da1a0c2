"""Attempts to log in are counted before they are tried, by user, by unknown name, by address."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import and_, case, delete, literal, select, update
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.settings import get_number
from netraven.admin.users import get_user_by_username, record_failed_login, update_user_last_login
from netraven.db import Id, UtcDateTime, as_uuid, insert_into, name_key, operation
from netraven.errors import TooManyAttempts
from netraven.models import LoginThrottle, SecondFactor, User, UserIdentity
from netraven.schemas.access import LoginAttempt

# Behind one address there may be a whole office.
ADDRESS_FACTOR = 10
# So long a name that no user has is counted, as the names of users are until they log in.
_REMEMBERED = timedelta(days=1)
_IPV6_SITE = 64


@operation
def begin_login(
    db: Session, username: str, *, address: str | None = None, now: datetime | None = None
) -> LoginAttempt:
    """Count an attempt as failed before it is tried, and return what to try the password against.

    So attempts at the same time cannot be more than the settings allow. `complete_login` and
    `forgive_login` take the count back. Raises TooManyAttempts, alike for names that nobody has.
    """
    moment = clock.moment(now)
    user = _locked_user(db, username)
    subjects = _subjects(username if user is None else None, address)
    _check_waiting(db, user, subjects, moment)
    if user is not None:
        record_failed_login(db, user.id, now=moment)
    _count_all(db, subjects, moment)
    if user is None or not user.is_active:
        return LoginAttempt(user_id=None, username=username, is_known=user is not None)
    confirmed = select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user.id)
    proved_by = select(UserIdentity.kind).where(UserIdentity.user_id == user.id)
    return LoginAttempt(
        user_id=user.id,
        username=user.username,
        is_known=True,
        password_hash=user.password_hash,
        has_second_factor=db.scalar(confirmed) is not None,
        proved_by=db.scalar(proved_by),
    )


@operation
def begin_sign_on(db: Session, *, address: str | None = None, now: datetime | None = None) -> None:
    """Count an attempt of nobody known yet, by address, before a provider is asked about it.

    `complete_login` takes the count back. Raises TooManyAttempts.
    """
    moment = clock.moment(now)
    subjects = _subjects(None, address)
    _check_waiting(db, None, subjects, moment)
    _count_all(db, subjects, moment)


@operation
def complete_login(
    db: Session,
    user_id: Id,
    *,
    address: str | None = None,
    password_hash: str | None = None,
    now: datetime | None = None,
) -> User | None:
    """Record that an attempt succeeded: the user's count is cleared, the address's less by one."""
    # First the user, then the address: in this order attempts are counted too.
    user = update_user_last_login(db, user_id, password_hash=password_hash, now=now)
    _uncount(db, address)
    return user


@operation
def forgive_login(db: Session, user_id: Id, *, address: str | None = None) -> None:
    """Take back the count of an attempt whose password was right, but which is not complete."""
    fewer = case((User.failed_logins > 0, User.failed_logins - 1), else_=0)
    limit = get_number(db, "security.login.max_failed_attempts")
    still = case((fewer >= limit, User.locked_until), else_=None)
    values = {"failed_logins": fewer, "locked_until": still, "updated_at": User.updated_at}
    forgiven = update(User).where(User.id == as_uuid(user_id)).values(values)
    db.execute(forgiven.execution_options(synchronize_session=False))
    _uncount(db, address)


def _locked_user(db: Session, username: str) -> User | None:
    """Return the user, whose attempts come one after another from here on."""
    user = get_user_by_username(db, username)
    if user is None:
        return None
    locked = select(User).where(User.id == user.id).with_for_update(key_share=True)
    return db.scalar(locked.execution_options(populate_existing=True))


def _subjects(unknown_name: str | None, address: str | None) -> dict[str, int]:
    """Return what is counted besides the user, with the factor on the settings' limit."""
    subjects = {}
    if unknown_name is not None:
        subjects[_digest("name", name_key(unknown_name.strip()))] = 1
    if address is not None:
        subjects[_digest("address", _site(address))] = ADDRESS_FACTOR
    # In one order, so that two attempts never wait for each other.
    return dict(sorted(subjects.items()))


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind} {text}".encode("utf-8", "surrogatepass")).hexdigest()


def _site(address: str) -> str:
    """Return the address, of IPv6 the network, of which one subscriber has all addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _IPV6_SITE), strict=False))
    return str(parsed)


def _check_waiting(
    db: Session, user: User | None, subjects: dict[str, int], moment: datetime
) -> None:
    limit = get_number(db, "security.login.max_failed_attempts")
    until = [user.locked_until] if user is not None and user.locked_until is not None else []
    counted = select(LoginThrottle.subject, LoginThrottle.failures, LoginThrottle.counted_until)
    until += (
        row.counted_until
        for row in db.execute(counted.where(LoginThrottle.subject.in_(subjects)))
        if row.failures >= limit * subjects[row.subject]
    )
    wait_s = max(((end - moment).total_seconds() for end in until), default=0)
    if wait_s > 0:
        raise TooManyAttempts(retry_after_s=int(wait_s) + 1)


def _count_all(db: Session, subjects: dict[str, int], moment: datetime) -> None:
    """Count an attempt of each, after what was counted long enough ago is forgotten."""
    db.execute(delete(LoginThrottle).where(LoginThrottle.counted_until <= moment))
    for subject, factor in subjects.items():
        _count(db, subject, factor=factor, moment=moment)


def _count(db: Session, subject: str, *, factor: int, moment: datetime) -> None:
    most = get_number(db, "security.login.max_failed_attempts") * factor
    lock = timedelta(minutes=get_number(db, "security.login.lockout_minutes"))
    locked = literal(moment + lock, UtcDateTime())
    # Addresses are many people's, so theirs are forgotten as soon as a lock would be.
    remembered = literal(moment + (_REMEMBERED if factor == 1 else lock), UtcDateTime())
    failures = LoginThrottle.failures + 1
    first = {
        "subject": subject,
        "failures": 1,
        "counted_until": locked if most == 1 else remembered,
    }
    counted = insert_into(db, LoginThrottle).values(first)
    db.execute(
        counted.on_conflict_do_update(
            index_elements=[LoginThrottle.subject],
            set_={
                "failures": failures,
                "counted_until": case((failures >= most, locked), else_=remembered),
            },
        )
    )


def _uncount(db: Session, address: str | None) -> None:
    if address is None:
        return
    subject = _digest("address", _site(address))
    counted = and_(LoginThrottle.subject == subject, LoginThrottle.failures > 0)
    fewer = update(LoginThrottle).where(counted).values(failures=LoginThrottle.failures - 1)
    db.execute(fewer.execution_options(synchronize_session=False))
