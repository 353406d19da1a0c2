"""Logins that last: opened, found again, renewed, listed and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session, contains_eager

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.bearer import bearer_hash, new_bearer
from netraven.admin.settings import get_number
from netraven.db import Id, as_uuid, get_actor, new_id, operation
from netraven.db.enums import EventType, LoginKind
from netraven.db.paging import check_page
from netraven.models import LoginSession, User

BROWSER_PREFIX = "nrs_"

_MAX_CLIENT = 255
# Noting each use would make every reading request a writing one.
_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A login just opened; `secret` is the browser's cookie, None for a client."""

    row: LoginSession
    secret: str | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of a refresh token: a login that goes on, or None; a replayed one ended it."""

    row: LoginSession | None
    was_replayed: bool = False


@operation
def open_session(
    db: Session, user_id: Id, *, kind: LoginKind, now: datetime | None = None
) -> OpenedSession | None:
    """Open a login of an active user, from the address and client of who acts.

    It ends after the settings' days for refresh tokens. None without such a user.
    """
    moment = clock.moment(now)
    user = db.scalar(select(User).where(User.id == as_uuid(user_id), User.is_active.is_(True)))
    if user is None:
        return None
    db.execute(
        delete(LoginSession).where(
            LoginSession.user_id == user.id, LoginSession.expires_at <= moment
        )
    )
    days = get_number(db, "security.token.refresh_token_expire_days")
    actor = get_actor(db)
    secret = new_bearer(BROWSER_PREFIX) if kind is LoginKind.BROWSER else None
    row = LoginSession(
        id=new_id(),
        user_id=user.id,
        kind=kind,
        secret_hash=None if secret is None else bearer_hash(secret),
        generation=0,
        epoch=user.session_epoch,
        created_at=moment,
        last_used_at=moment,
        expires_at=moment + timedelta(days=days),
        ip_address=actor.ip_address,
        client=None if actor.client is None else actor.client[:_MAX_CLIENT],
    )
    db.add(row)
    db.flush()
    return OpenedSession(row, secret)


@operation
def find_session(db: Session, secret: str, *, now: datetime | None = None) -> LoginSession | None:
    """Return the browser's login with its user, or None where it is over or never was."""
    has_secret = LoginSession.secret_hash == bearer_hash(secret)
    return db.scalar(_live(clock.moment(now)).where(has_secret))


@operation
def get_session(db: Session, session_id: Id, *, now: datetime | None = None) -> LoginSession | None:
    """Return the login with its user, or None where it is over or never was."""
    return db.scalar(_live(clock.moment(now)).where(LoginSession.id == as_uuid(session_id)))


@operation
def get_sessions(
    db: Session, user_id: Id, skip: int = 0, limit: int = 100, *, now: datetime | None = None
) -> list[LoginSession]:
    """Return a page of the user's logins that are not over, newest first."""
    check_page(skip, limit)
    page = _live(clock.moment(now)).where(LoginSession.user_id == as_uuid(user_id))
    ordered = page.order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
    return list(db.scalars(ordered.offset(skip).limit(limit)))


@operation
def count_sessions(db: Session, user_id: Id, *, now: datetime | None = None) -> int:
    """Return how many logins `get_sessions` would list without paging."""
    live = _live(clock.moment(now)).where(LoginSession.user_id == as_uuid(user_id))
    return db.scalars(select(func.count()).select_from(live.subquery())).one()


@operation
def renew_session(
    db: Session, session_id: Id, generation: int, *, now: datetime | None = None
) -> Renewal:
    """Raise the generation of a client's login if the refresh token is its newest one.

    An older one was copied, so the login ends: whoever else has tokens of it is out too.
    """
    moment = clock.moment(now)
    known = as_uuid(session_id)
    newest = (LoginSession.id == known, LoginSession.generation == generation)
    raised = (
        update(LoginSession)
        .where(*newest, LoginSession.kind == LoginKind.CLIENT, *_is_live(moment))
        .values(generation=generation + 1, last_used_at=moment)
        .returning(LoginSession.id)
        .execution_options(synchronize_session=False)
    )
    if db.scalar(raised) is not None:
        row = db.scalar(_live(moment).where(LoginSession.id == known))
        return Renewal(row)
    row = db.scalar(_live(moment).where(LoginSession.id == known))
    if row is None or generation >= row.generation:
        return Renewal(None)
    _end(db, [LoginSession.id == row.id], moment)
    audit(
        db,
        event_type=EventType.AUTH,
        event_name="refresh_replayed",
        target_type="user",
        target_id=row.user_id,
        target_name=row.user.username,
        description=f"ended a login of {row.user.username}: a used refresh token came back",
    )
    return Renewal(None, was_replayed=True)


@operation
def note_session_use(db: Session, session_id: Id, *, now: datetime | None = None) -> None:
    """Record that the login was used, at most every five minutes."""
    moment = clock.moment(now)
    noted = update(LoginSession).where(
        LoginSession.id == as_uuid(session_id), LoginSession.last_used_at <= moment - _NOTED_EVERY
    )
    db.execute(noted.values(last_used_at=moment).execution_options(synchronize_session=False))


@operation
def revoke_session(
    db: Session, session_id: Id, *, user_id: Id | None = None, now: datetime | None = None
) -> bool:
    """End a login, of this user only where one is named; False if there is none that lives."""
    moment = clock.moment(now)
    found = _live(moment).where(LoginSession.id == as_uuid(session_id))
    if user_id is not None:
        found = found.where(LoginSession.user_id == as_uuid(user_id))
    row = db.scalar(found)
    if row is None or not _end(db, [LoginSession.id == row.id], moment):
        return False
    _audit_end(db, row.user, 1)
    return True


@operation
def revoke_sessions(
    db: Session, user_id: Id, *, keep: Id | None = None, now: datetime | None = None
) -> int:
    """End the user's logins, all but `keep`, and return how many lived."""
    moment = clock.moment(now)
    user = db.scalar(select(User).where(User.id == as_uuid(user_id)))
    if user is None:
        return 0
    wanted = [LoginSession.user_id == user.id]
    if keep is not None:
        wanted.append(LoginSession.id != as_uuid(keep))
    ended = _end(db, wanted, moment)
    if ended:
        _audit_end(db, user, ended)
    return ended


def is_use_noted(row: LoginSession, now: datetime) -> bool:
    """Tell whether the login's last use is noted closely enough."""
    return row.last_used_at > now - _NOTED_EVERY


def _live(moment: datetime) -> Select[LoginSession]:
    joined = select(LoginSession).join(LoginSession.user)
    living = joined.where(
        *_is_live(moment), User.is_active.is_(True), User.session_epoch == LoginSession.epoch
    )
    return living.options(contains_eager(LoginSession.user)).execution_options(
        populate_existing=True
    )


def _is_live(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return LoginSession.revoked_at.is_(None), LoginSession.expires_at > moment


def _end(db: Session, wanted: list[ColumnElement[bool]], moment: datetime) -> int:
    ended = update(LoginSession).where(*wanted, *_is_live(moment)).values(revoked_at=moment)
    ids: list[UUID] = list(
        db.scalars(ended.returning(LoginSession.id).execution_options(synchronize_session=False))
    )
    return len(ids)


def _audit_end(db: Session, user: User, count: int) -> None:
    audit(
        db,
        event_type=EventType.AUTH,
        event_name="logins_ended",
        target_type="user",
        target_id=user.id,
        target_name=user.username,
        description=f"ended {count} login(s) of {user.username}",
        changes={"logins": count},
    )
