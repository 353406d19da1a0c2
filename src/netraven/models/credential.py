"""Credentials: sealed secrets and how well they did."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasCreated, HasId, HasUpdated
from netraven.db.types import JsonColumn, JsonValue, key_text
from netraven.models.tag import Tag


class Credential(HasId, HasUpdated, Base):
    """A login for devices; its secrets are sealed and deferred."""

    __tablename__ = "credentials"
    __table_args__ = (UniqueConstraint("name_key", info={"field": "name"}),)

    name: Mapped[str] = mapped_column(String(255))
    name_key: Mapped[str] = mapped_column(key_text(255))
    username: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    aaa_domain: Mapped[str | None] = mapped_column(String(100), index=True)
    password: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    private_key: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    private_key_passphrase: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    enable_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    has_password: Mapped[bool] = mapped_column(default=False)
    has_private_key: Mapped[bool] = mapped_column(default=False)
    has_private_key_passphrase: Mapped[bool] = mapped_column(default=False)
    has_enable_secret: Mapped[bool] = mapped_column(default=False)
    success_count: Mapped[int] = mapped_column(default=0)
    failure_count: Mapped[int] = mapped_column(default=0)
    last_used: Mapped[datetime | None]
    last_success: Mapped[datetime | None]
    last_failure: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    frozen_reason: Mapped[str | None] = mapped_column(Text)

    tag_links: Mapped[list[CredentialTag]] = relationship(
        back_populates="credential",
        order_by="(CredentialTag.priority, CredentialTag.tag_id)",
        viewonly=True,
        lazy="raise",
    )


class CredentialTag(HasCreated, Base):
    """A credential offered to the devices of a tag, lower priority numbers first."""

    __tablename__ = "credential_tags"

    credential_id: Mapped[UUID] = mapped_column(
        ForeignKey("credentials.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[UUID] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    priority: Mapped[int] = mapped_column(default=100)
    success_count: Mapped[int] = mapped_column(default=0)
    failure_count: Mapped[int] = mapped_column(default=0)
    last_used: Mapped[datetime | None]
    last_success: Mapped[datetime | None]
    last_failure: Mapped[datetime | None]

    credential: Mapped[Credential] = relationship(
        back_populates="tag_links", lazy="raise", viewonly=True
    )
    tag: Mapped[Tag] = relationship(lazy="raise", viewonly=True)


class KeyCanary(HasId, HasCreated, Base):
    """One sealed row: it proves that the key ring fits, and keeps the installation key."""

    __tablename__ = "key_canary"
    __table_args__ = (UniqueConstraint("only", info={"field": "only"}),)

    # Always 1, so that the database holds one such row at most.
    only: Mapped[int] = mapped_column(default=1)
    installation_key: Mapped[bytes] = mapped_column(LargeBinary)
    # Where a rotation of keys goes on: `key`, `table` and `after`; null where none is under way.
    rotation: Mapped[dict[str, JsonValue] | None] = mapped_column(JsonColumn)
