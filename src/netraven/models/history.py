"""What is derived from the versions of a series: its weave, and the shapes of its changes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from netraven.db.base import Base


class History(Base):
    """The sealed weave of a series: every line its completed versions ever had.

    What has become too large lies in `history_past` for the most part.
    `last_version` is the newest one woven in, `view_rev` names the rules that hid the secrets,
    `format` says how the bytes are to be read.
    """

    __tablename__ = "history"

    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    config_type: Mapped[str] = mapped_column(String(32), primary_key=True)
    last_version: Mapped[int]
    view_rev: Mapped[str] = mapped_column(String(32))
    format: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class HistoryPast(Base):
    """A sealed part of the past of a series whose weave had become too large.

    It has the texts of the versions up to `last_version` that no part before it has; the weave in
    `history` goes on with the lines that stood still then. `format` is as there.
    """

    __tablename__ = "history_past"

    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    config_type: Mapped[str] = mapped_column(String(32), primary_key=True)
    last_version: Mapped[int] = mapped_column(primary_key=True)
    format: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class BackupChange(Base):
    """What a version changed, as keyed hashes: of its lines, and of what they look like.

    `exact` is that of the changed lines, `shape` that of the same with numbers, addresses, tokens
    and names blanked. What else stories tell of the version never changes and stands here too, so
    that they are told without its row: joined, ten thousand rows take longer than all the rest.
    """

    __tablename__ = "backup_change"
    __table_args__ = (Index("ix_backup_change_at", "at"),)

    backup_id: Mapped[UUID] = mapped_column(
        ForeignKey("backups.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime]
    shape: Mapped[bytes] = mapped_column(LargeBinary(16))
    exact: Mapped[bytes] = mapped_column(LargeBinary(16))
    added: Mapped[int]
    removed: Mapped[int]
    device_id: Mapped[UUID]
    config_type: Mapped[str] = mapped_column(String(32))
    device_type: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    author: Mapped[str | None] = mapped_column(String(255))
