"""Devices and the host keys they showed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from netraven.db.base import Base, HasCreated, HasId, HasUpdated
from netraven.db.enums import BackupStatus, HostKeyPolicy, HostKeyState, Protocol
from netraven.db.types import enum_text, key_text
from netraven.models.credential import Credential
from netraven.models.tag import Tag
from netraven.models.user import User


class Device(HasId, HasUpdated, Base):
    """A network device whose configurations are kept; it holds no credential itself."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("hostname_key", info={"field": "hostname"}),
        Index(
            "uq_devices_address",
            "jump_key",
            "ip_address",
            "port",
            unique=True,
            info={"field": "ip_address"},
        ),
    )

    hostname: Mapped[str] = mapped_column(String(255))
    hostname_key: Mapped[str] = mapped_column(key_text(255))
    ip_address: Mapped[str] = mapped_column(key_text(255))
    port: Mapped[int] = mapped_column(Integer, default=22)
    device_type: Mapped[str] = mapped_column(String(64), index=True)
    protocol: Mapped[Protocol] = mapped_column(enum_text(Protocol), default=Protocol.SSH)
    legacy_ssh: Mapped[bool] = mapped_column(default=False)
    host_key_policy: Mapped[HostKeyPolicy | None] = mapped_column(enum_text(HostKeyPolicy))
    jump_device_id: Mapped[UUID | None] = mapped_column(ForeignKey("devices.id"), index=True)
    # The jump device's id as text, or nothing: a null would count as different from a null.
    jump_key: Mapped[str] = mapped_column(String(36), default="")
    description: Mapped[str | None] = mapped_column(Text)
    serial_number: Mapped[str | None] = mapped_column(String(100))
    model: Mapped[str | None] = mapped_column(String(100))
    site: Mapped[str | None] = mapped_column(String(100), index=True)
    notes: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)
    is_reachable: Mapped[bool | None]
    last_reachability_check: Mapped[datetime | None]
    last_backup_at: Mapped[datetime | None]
    last_backup_status: Mapped[BackupStatus | None] = mapped_column(enum_text(BackupStatus))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    credential_id: Mapped[UUID | None] = mapped_column(ForeignKey("credentials.id"), index=True)

    tags: Mapped[list[Tag]] = relationship(
        secondary="device_tags", order_by=(Tag.name_key, Tag.id), viewonly=True, lazy="raise"
    )
    owner: Mapped[User | None] = relationship(lazy="raise", viewonly=True)
    credential: Mapped[Credential | None] = relationship(lazy="raise", viewonly=True)


class HostKey(HasId, HasCreated, Base):
    """A public host key that a device showed."""

    __tablename__ = "host_keys"
    __table_args__ = (UniqueConstraint("device_id", "public_key", info={"field": "public_key"}),)

    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    algorithm: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[str] = mapped_column(Text)
    state: Mapped[HostKeyState] = mapped_column(enum_text(HostKeyState))
    last_seen_at: Mapped[datetime]
    accepted_by: Mapped[str | None] = mapped_column(String(120))
