"""Transcripts: what was seen of the sessions that gave no backup to rely on."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from netraven.db.base import Base


class SealedTranscript(Base):
    """The sealed record of a failed or quarantined collection; it lives as long as its backup.

    `size` is the number of bytes before compression.
    """

    __tablename__ = "transcripts"

    backup_id: Mapped[UUID] = mapped_column(
        ForeignKey("backups.id", ondelete="CASCADE"), primary_key=True
    )
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
