"""People who use NetRaven."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from netraven.db.base import Base, HasId, HasUpdated
from netraven.db.enums import Role
from netraven.db.types import JsonColumn, JsonValue, enum_text, key_text


class User(HasId, HasUpdated, Base):
    """A person or service that logs in."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("username_key", info={"field": "username"}),
        UniqueConstraint("email_key", info={"field": "email"}),
    )

    username: Mapped[str] = mapped_column(String(64))
    username_key: Mapped[str] = mapped_column(key_text(64))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(key_text(254))
    full_name: Mapped[str | None] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(enum_text(Role))
    is_active: Mapped[bool] = mapped_column(default=True)
    limited_to_tags: Mapped[bool] = mapped_column(default=False)
    last_login: Mapped[datetime | None]
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    session_epoch: Mapped[int] = mapped_column(default=0)
    notification_preferences: Mapped[dict[str, JsonValue]] = mapped_column(JsonColumn, default=dict)


class UserTag(Base):
    """A tag whose devices a limited user may see."""

    __tablename__ = "user_tags"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[UUID] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True
    )
