"""Black-outs: when the devices of a tag are left alone, and who waits until that is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasCreated, HasId, HasUpdated
from netraven.db.enums import HoldBack
from netraven.db.types import enum_text, key_text
from netraven.models.tag import Tag


class Blackout(HasId, HasUpdated, Base):
    """A time in which schedules leave a tag's devices alone: each day or week, or once.

    Either `from_time` and `until_time` are set, wall times of `timezone`, or `starts_at` and
    `ends_at`.
    """

    __tablename__ = "blackouts"
    __table_args__ = (UniqueConstraint("name_key", info={"field": "name"}),)

    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(key_text(100))
    description: Mapped[str | None] = mapped_column(Text)
    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), index=True)
    hold_back: Mapped[HoldBack] = mapped_column(enum_text(HoldBack), default=HoldBack.WAIT)
    from_time: Mapped[str | None] = mapped_column(String(5))
    until_time: Mapped[str | None] = mapped_column(String(5))
    weekdays: Mapped[str | None] = mapped_column(String(20))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    timezone: Mapped[str] = mapped_column(String(64))
    created_by_name: Mapped[str] = mapped_column(String(120))

    tag: Mapped[Tag] = relationship(lazy="raise", viewonly=True)


class ScheduleWait(HasCreated, Base):
    """A device that a schedule wanted in a black-out, and that it gets when that is over."""

    __tablename__ = "schedule_waits"
    __table_args__ = (Index("ix_schedule_waits_until", "scheduled_job_id", "until"),)

    scheduled_job_id: Mapped[UUID] = mapped_column(
        ForeignKey("scheduled_jobs.id", ondelete="CASCADE"), primary_key=True
    )
    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    until: Mapped[datetime]
