"""Backups, the contents they refer to, and their version counters."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasCreated, HasId
from netraven.db.enums import BackupStatus, Grade
from netraven.db.types import JsonColumn, JsonValue, enum_text, key_text
from netraven.models.device import Device


class Content(HasCreated, Base):
    """The exact bytes of a configuration, stored once, addressed by their SHA-256."""

    __tablename__ = "contents"
    __table_args__ = (Index("ix_contents_base_hash", "base_hash", postgresql_using="hash"),)

    hash: Mapped[str] = mapped_column(key_text(64), primary_key=True)
    size: Mapped[int]
    base_hash: Mapped[str | None] = mapped_column(key_text(64), ForeignKey("contents.hash"))
    depth: Mapped[int] = mapped_column(default=0)
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Backup(HasId, HasCreated, Base):
    """One stored, graded configuration of one device."""

    __tablename__ = "backups"
    __table_args__ = (
        UniqueConstraint("device_id", "config_type", "version", info={"field": "version"}),
        # The id that ends the order of lists is not in it: few backups share an instant.
        Index("ix_backups_created_at", "created_at"),
        Index("ix_backups_status", "status", "created_at"),
        Index(
            "ix_backups_pinned",
            "created_at",
            sqlite_where=text("pinned IS 1"),
            postgresql_where=text("pinned IS true"),
        ),
        # Asked for equality only, by what removes contents: a quarter of a tree's size.
        Index("ix_backups_content_hash", "content_hash", postgresql_using="hash"),
    )

    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id"))
    status: Mapped[BackupStatus] = mapped_column(enum_text(BackupStatus))
    config_type: Mapped[str] = mapped_column(String(32), default="running")
    device_type: Mapped[str] = mapped_column(String(64))
    content_hash: Mapped[str | None] = mapped_column(key_text(64), ForeignKey("contents.hash"))
    normal_hash: Mapped[str | None] = mapped_column(String(80))
    size: Mapped[int | None]
    version: Mapped[int | None]
    grade: Mapped[Grade | None] = mapped_column(enum_text(Grade))
    evidence: Mapped[dict[str, JsonValue] | None] = mapped_column(JsonColumn)
    last_seen_at: Mapped[datetime]
    author: Mapped[str | None] = mapped_column(String(255))
    comment: Mapped[str | None] = mapped_column(Text)
    is_automatic: Mapped[bool] = mapped_column(default=True)
    job_log_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("job_logs.id", ondelete="SET NULL"), index=True
    )
    serial_number: Mapped[str | None] = mapped_column(String(100))
    pinned: Mapped[bool] = mapped_column(default=False)

    device: Mapped[Device] = relationship(lazy="raise", viewonly=True)


class BackupCounter(Base):
    """The last version of a series; its row lock makes storing exclusive."""

    __tablename__ = "backup_counters"

    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    config_type: Mapped[str] = mapped_column(String(32), primary_key=True)
    last_version: Mapped[int] = mapped_column(default=0)
