"""Tags, the rules that give them, and the links to devices."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasId, HasUpdated
from netraven.db.enums import LinkSource
from netraven.db.types import JsonColumn, JsonValue, enum_text, key_text


class Tag(HasId, HasUpdated, Base):
    """A label on devices, by which people, schedules and credentials find them."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("name_key", info={"field": "name"}),
        Index(
            "uq_tags_is_default",
            "is_default",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
            info={"field": "is_default"},
        ),
    )

    name: Mapped[str] = mapped_column(String(50))
    name_key: Mapped[str] = mapped_column(key_text(50))
    description: Mapped[str | None] = mapped_column(Text)
    color: Mapped[str] = mapped_column(String(7), default="#6366F1")
    is_default: Mapped[bool] = mapped_column(default=False)

    @property
    def device_count(self) -> int | None:
        """Return how many devices carry the tag where the operation counted, else None."""
        return self.__dict__.get("_device_count")

    @device_count.setter
    def device_count(self, count: int | None) -> None:
        self.__dict__["_device_count"] = count


class DeviceTag(Base):
    """One reason why a device carries a tag: by default, by hand, or by a rule."""

    __tablename__ = "device_tags"
    __table_args__ = (Index("ix_device_tags_tag_id", "tag_id", "device_id"),)

    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[UUID] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True
    )
    source: Mapped[LinkSource] = mapped_column(enum_text(LinkSource), primary_key=True)
    # The rule's id as text, or nothing: a null would count as different from a null.
    rule_key: Mapped[str] = mapped_column(String(36), primary_key=True, default="")
    rule_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tag_rules.id", ondelete="CASCADE"), index=True
    )


class TagRule(HasId, HasUpdated, Base):
    """A rule that gives a tag to the devices its criteria match."""

    __tablename__ = "tag_rules"
    __table_args__ = (UniqueConstraint("name_key", info={"field": "name"}),)

    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(key_text(100))
    description: Mapped[str | None] = mapped_column(Text)
    tag_id: Mapped[UUID] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"), index=True)
    rule_criteria: Mapped[dict[str, JsonValue]] = mapped_column(JsonColumn)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_error: Mapped[str | None] = mapped_column(Text)

    tag: Mapped[Tag] = relationship(lazy="raise", viewonly=True)
