"""Settings that administrators edit, and the audit log with the head of its chain."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from netraven.db.actor import ActorKind
from netraven.db.base import Base, HasCreated, HasId, HasUpdated
from netraven.db.enums import EventStatus, EventType, ValueType
from netraven.db.types import JsonColumn, JsonValue, enum_text, key_text


class AdminSetting(HasId, HasUpdated, Base):
    """A value that administrators edit while NetRaven runs.

    `value` of a sensitive one is a mask, or empty; what it hides is `sealed_value`.
    """

    __tablename__ = "admin_settings"
    __table_args__ = (UniqueConstraint("key", info={"field": "key"}),)

    key: Mapped[str] = mapped_column(key_text(255))
    value: Mapped[JsonValue] = mapped_column(JsonColumn)
    sealed_value: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    value_type: Mapped[ValueType] = mapped_column(enum_text(ValueType))
    category: Mapped[str] = mapped_column(key_text(64))
    description: Mapped[str | None] = mapped_column(Text)
    is_required: Mapped[bool] = mapped_column(default=True)
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    display_order: Mapped[int] = mapped_column(default=0)
    is_builtin: Mapped[bool] = mapped_column(default=False)


class AuditEvent(HasId, HasCreated, Base):
    """One thing that somebody did; rows never change and never go singly."""

    __tablename__ = "audit_events"
    __table_args__ = (
        UniqueConstraint("seq", info={"field": "seq"}),
        Index("ix_audit_events_created_at", "created_at"),
        Index("ix_audit_events_target", "target_type", "target_id"),
    )

    event_type: Mapped[EventType] = mapped_column(enum_text(EventType))
    event_name: Mapped[str] = mapped_column(String(64))
    status: Mapped[EventStatus] = mapped_column(enum_text(EventStatus))
    actor_kind: Mapped[ActorKind] = mapped_column(enum_text(ActorKind))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(120))
    target_type: Mapped[str | None] = mapped_column(String(64))
    target_id: Mapped[str | None] = mapped_column(String(64))
    target_name: Mapped[str | None] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text)
    ip_address: Mapped[str | None] = mapped_column(String(64))
    client: Mapped[str | None] = mapped_column(String(255))
    request_id: Mapped[str | None] = mapped_column(String(64))
    changes: Mapped[dict[str, JsonValue]] = mapped_column(JsonColumn, default=dict)
    # Null only until the commit, when the chain gives the event its place.
    seq: Mapped[int | None] = mapped_column(BigInteger)
    prev_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str | None] = mapped_column(String(64))


class AuditHead(Base):
    """The one row that ends the audit chain and anchors what was deleted from its start."""

    __tablename__ = "audit_head"

    # Always 1, so that the table holds one row at most.
    only: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    last_hash: Mapped[str] = mapped_column(String(64))
    anchor_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    anchor_hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[bytes | None] = mapped_column(LargeBinary)
