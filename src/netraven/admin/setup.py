"""The first administrator: a one-time token, good while there is no user at all."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, literal, select
from sqlalchemy.orm import Session

from netraven import clock
from netraven.admin.audit import audit
from netraven.admin.bearer import bearer_hash, new_bearer
from netraven.admin.users import create_user
from netraven.db import guarded, operation
from netraven.db.enums import EventType, Role
from netraven.errors import NotAuthenticated
from netraven.models import SetupToken, User
from netraven.schemas.user import UserCreate

SETUP_PREFIX = "nri_"
SETUP_HOURS = 24


@operation
def make_setup_token(db: Session, *, now: datetime | None = None) -> str | None:
    """Return a new one-time token, which voids the one before; None where there are users."""
    if _has_users(db):
        return None
    moment = clock.moment(now)
    secret = new_bearer(SETUP_PREFIX)
    db.execute(delete(SetupToken))
    db.add(
        SetupToken(
            only=1,
            secret_hash=bearer_hash(secret),
            expires_at=moment + timedelta(hours=SETUP_HOURS),
            created_at=moment,
        )
    )
    db.flush()
    return secret


@operation
def set_up(db: Session, token: str, user: UserCreate, *, now: datetime | None = None) -> User:
    """Make the first administrator and use the token up.

    Raises NotAuthenticated for a token that is wrong, used or too old, and where there are users;
    else as `create_user` does, which leaves the token as it is.
    """
    spent = delete(SetupToken).where(
        SetupToken.secret_hash == bearer_hash(token), SetupToken.expires_at > clock.moment(now)
    )
    with guarded(db):
        if _has_users(db) or db.scalar(spent.returning(SetupToken.only)) is None:
            message = "this set-up token is not valid any more; `netraven init` makes another"
            raise NotAuthenticated(message)
        admin = user.model_copy(update={"role": Role.ADMIN, "is_active": True})
        row = create_user(db, admin)
    audit(
        db,
        event_type=EventType.ADMIN,
        event_name="set_up",
        target_type="user",
        target_id=row.id,
        target_name=row.username,
        description=f"made the first administrator {row.username}",
    )
    return row


def _has_users(db: Session) -> bool:
    return db.scalar(select(literal(1)).select_from(User).limit(1)) is not None
