"""How people and programs get in: logins, tokens, second factors, and what slows guessing down."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasCreated, HasId
from netraven.db.enums import IdentityKind, LoginKind
from netraven.db.types import JsonColumn, enum_text, key_text
from netraven.models.user import User


class LoginSession(HasId, HasCreated, Base):
    """One login that lasts: a browser's cookie, or a client's family of refresh tokens.

    `secret_hash` is the SHA-256 of the browser's secret. A client's refresh token carries its
    `generation`; an older one that comes back was stolen or copied. A login whose `epoch` is not
    the user's any more is over.
    """

    __tablename__ = "login_sessions"
    __table_args__ = (
        Index("ix_login_sessions_user_id", "user_id", "created_at"),
        Index("ix_login_sessions_expires_at", "expires_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[LoginKind] = mapped_column(enum_text(LoginKind))
    secret_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    epoch: Mapped[int]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    ip_address: Mapped[str | None] = mapped_column(String(64))
    client: Mapped[str | None] = mapped_column(String(255))

    user: Mapped[User] = relationship(lazy="raise", viewonly=True)


class ApiToken(HasId, HasCreated, Base):
    """A token for programs, shown once and kept as its SHA-256; it does what its scopes name."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index("ix_api_tokens_user_id", "user_id", "created_at"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    # The first characters, by which people tell their tokens apart.
    hint: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), index=True)
    scopes: Mapped[list[str]] = mapped_column(JsonColumn)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise", viewonly=True)


class UserIdentity(HasCreated, Base):
    """Who a user is to a provider or a directory, which then prove it in the password's place.

    `subject` is the provider's for this user, or the entry's distinguished name. `digest` is the
    SHA-256 of kind, issuer and subject, since together these are too long for an index.
    """

    __tablename__ = "user_identities"
    __table_args__ = (UniqueConstraint("digest", info={"field": "identity"}),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[IdentityKind] = mapped_column(enum_text(IdentityKind))
    issuer: Mapped[str] = mapped_column(String(1000))
    subject: Mapped[str] = mapped_column(String(1000))
    digest: Mapped[str] = mapped_column(key_text(64))


class SecondFactor(HasCreated, Base):
    """A user's authenticator: its sealed secret, and the last time step that was used up."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)


class RecoveryCode(Base):
    """A code that stands in for the authenticator once, kept as its SHA-256."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class LoginThrottle(Base):
    """How often an address, or a name that no user has, failed to log in lately.

    `subject` is the SHA-256 of what is counted, so that no mistyped password stays here.
    """

    __tablename__ = "login_throttles"
    __table_args__ = (Index("ix_login_throttles_counted_until", "counted_until"),)

    subject: Mapped[str] = mapped_column(key_text(64), primary_key=True)
    failures: Mapped[int]
    counted_until: Mapped[datetime]


class SetupToken(HasCreated, Base):
    """The one-time token by which the first administrator is made, kept as its SHA-256."""

    __tablename__ = "setup_tokens"

    # Always 1, so that a new token voids the one before.
    only: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    secret_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
