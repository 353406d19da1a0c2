"""API tokens: made and shown once, found by their secret, listed and revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session, contains_eager

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.bearer import bearer_hash, new_bearer
from netraven.admin.permissions import SCOPES, permissions_of
from netraven.db import Id, as_uuid, new_id, operation
from netraven.db.enums import EventType
from netraven.db.paging import check_page
from netraven.errors import Invalid
from netraven.models import ApiToken, User
from netraven.schemas.access import ApiTokenCreate, NewApiToken

API_TOKEN_PREFIX = "nrv_"  # noqa: S105  by which scanners find a token that leaked

_HINT_LENGTH = 10
# Noting each use would make every reading request a writing one.
_NOTED_EVERY = timedelta(minutes=1)


@operation
def create_api_token(
    db: Session, user_id: Id, token: ApiTokenCreate, *, now: datetime | None = None
) -> NewApiToken | None:
    """Make a token of this active user and return its secret, which is kept as a hash only.

    None without such a user. Raises Invalid("scopes") for a scope that does not exist or that the
    user's role lacks, Invalid("expires_at") for an instant that has passed.
    """
    moment = clock.moment(now)
    user = db.scalar(select(User).where(User.id == as_uuid(user_id), User.is_active.is_(True)))
    if user is None:
        return None
    scopes = sorted(set(token.scopes))
    _check_scopes(user, scopes)
    expires_at = None if token.expires_at is None else clock.as_utc(token.expires_at)
    if expires_at is not None and expires_at <= moment:
        raise Invalid("expires_at", "has passed already")
    secret = new_bearer(API_TOKEN_PREFIX)
    row = ApiToken(
        id=new_id(),
        user_id=user.id,
        name=token.name,
        hint=secret[:_HINT_LENGTH],
        secret_hash=bearer_hash(secret),
        scopes=scopes,
        expires_at=expires_at,
        created_at=moment,
    )
    db.add(row)
    db.flush()
    _audit(db, "api_token_created", row, owner=user)
    return NewApiToken(row_id=row.id, secret=SecretStr(secret))


@operation
def find_api_token(db: Session, secret: str, *, now: datetime | None = None) -> ApiToken | None:
    """Return the token with its user, or None where it expired, was revoked or never was."""
    has_secret = ApiToken.secret_hash == bearer_hash(secret)
    moment = clock.moment(now)
    living = or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > moment)
    return db.scalar(
        _tokens().where(has_secret, living, ApiToken.revoked_at.is_(None), User.is_active.is_(True))
    )


@operation
def note_api_token_use(db: Session, token_id: Id, *, now: datetime | None = None) -> None:
    """Record that the token was used, at most once a minute."""
    moment = clock.moment(now)
    stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= moment - _NOTED_EVERY)
    noted = update(ApiToken).where(ApiToken.id == as_uuid(token_id), stale)
    db.execute(noted.values(last_used_at=moment).execution_options(synchronize_session=False))


@operation
def get_api_token(db: Session, token_id: Id, *, user_id: Id | None = None) -> ApiToken | None:
    """Return the token with its user, of this user only where one is named, or None."""
    wanted = [ApiToken.id == as_uuid(token_id), *_of(user_id)]
    return db.scalar(_tokens().where(*wanted))


@operation
def get_api_tokens(
    db: Session, skip: int = 0, limit: int = 100, *, user_id: Id | None = None
) -> list[ApiToken]:
    """Return a page of tokens, newest first, those of this user only where one is named."""
    check_page(skip, limit)
    page = _tokens().where(*_of(user_id)).offset(skip).limit(limit)
    return list(db.scalars(page.order_by(ApiToken.created_at.desc(), ApiToken.id.desc())))


@operation
def count_api_tokens(db: Session, *, user_id: Id | None = None) -> int:
    """Return how many tokens `get_api_tokens` would list without paging."""
    return db.scalars(select(func.count()).select_from(ApiToken).where(*_of(user_id))).one()


@operation
def revoke_api_token(
    db: Session, token_id: Id, *, user_id: Id | None = None, now: datetime | None = None
) -> bool:
    """End a token for good; False if there is none, or none of this user where one is named."""
    row = get_api_token(db, token_id, user_id=user_id)
    if row is None:
        return False
    revoked = update(ApiToken).where(ApiToken.id == row.id, ApiToken.revoked_at.is_(None))
    ended = db.scalar(
        revoked.values(revoked_at=clock.moment(now))
        .returning(ApiToken.id)
        .execution_options(synchronize_session=False)
    )
    if ended is not None:
        _audit(db, "api_token_revoked", row, owner=row.user)
    return True


def is_token_use_noted(row: ApiToken, now: datetime) -> bool:
    """Tell whether the token's last use is noted closely enough."""
    return row.last_used_at is not None and row.last_used_at > now - _NOTED_EVERY


def _check_scopes(user: User, scopes: list[str]) -> None:
    known = {scope.value for scope in SCOPES}
    if unknown := [scope for scope in scopes if scope not in known]:
        raise Invalid("scopes", f"{unknown[0]!r} is not one of {', '.join(SCOPES)}")
    granted = permissions_of(user.role)
    if lacking := [scope for scope in scopes if scope not in granted]:
        raise Invalid("scopes", f"the role {user.role} does not have {', '.join(lacking)}")


def _tokens() -> Select[ApiToken]:
    joined = select(ApiToken).join(ApiToken.user).options(contains_eager(ApiToken.user))
    return joined.execution_options(populate_existing=True)


def _of(user_id: Id | None) -> list[ColumnElement[bool]]:
    return [] if user_id is None else [ApiToken.user_id == as_uuid(user_id)]


def _audit(db: Session, event_name: str, row: ApiToken, *, owner: User) -> None:
    verb = event_name.rpartition("_")[2]
    audit(
        db,
        event_type=EventType.AUTH,
        event_name=event_name,
        target_type="api_token",
        target_id=row.id,
        target_name=row.name,
        description=f"{verb} the API token {row.name} of {owner.username}",
        changes={"scopes": list(row.scopes), "owner": owner.username},
    )
