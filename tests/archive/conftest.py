"""Devices, and short words for storing and reading their backups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from netraven.archive.backups import get_backup_content_bytes
from netraven.archive.codec import MAX_DEPTH
from netraven.archive.reading import open_contents
from netraven.archive.storing import StoredBackup, store_backup
from netraven.db import Base, new_id
from netraven.db.enums import BackupStatus
from netraven.models import Backup, Content, Device
from netraven.schemas.backup import BackupCreate
from tests.conftest import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAILED = BackupStatus.FAILED
QUARANTINED = BackupStatus.QUARANTINED


class Archive:
    """One database with some devices; each call is a unit of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.devices = [self.add_device(f"core-{number}") for number in (1, 2, 3)]

    def add_device(self, hostname: str) -> UUID:
        device = Device(
            id=new_id(),
            hostname=hostname,
            hostname_key=hostname,
            ip_address=f"{hostname}.example.com",
            device_type="cisco_ios",
        )
        with self.database.unit() as db:
            db.add(device)
        return device.id

    def store(
        self,
        content: bytes | str | None,
        device_id: UUID | None = None,
        *,
        minutes: int = 0,
        **fields: object,
    ) -> StoredBackup:
        """Store a capture of the first device (or the given one), `minutes` after noon."""
        create = BackupCreate.model_validate({"device_id": device_id or self.devices[0], **fields})
        moment = NOON + timedelta(minutes=minutes)
        return self.database.run(store_backup, create, content=content, now=moment)

    def store_all(self, contents: Sequence[bytes], device_id: UUID | None = None) -> list[UUID]:
        return [
            self.store(content, device_id, minutes=number).backup.id
            for number, content in enumerate(contents)
        ]

    def read(self, backup_id: UUID) -> bytes | None:
        return self.database.run(get_backup_content_bytes, backup_id)

    def rows(self, device_id: UUID | None = None) -> list[Backup]:
        """Return the first device's backups as a fresh session sees them, in order of storing."""
        wanted = select(Backup).where(Backup.device_id == (device_id or self.devices[0]))
        with self.database.unit() as db:
            return list(db.scalars(wanted.order_by(Backup.id)))

    def device(self, device_id: UUID | None = None) -> Device:
        with self.database.unit() as db:
            return db.scalars(
                select(Device).where(Device.id == (device_id or self.devices[0]))
            ).one()

    def count(self, table: type[Base]) -> int:
        with self.database.unit() as db:
            return db.scalars(select(func.count()).select_from(table)).one()

    def check(self) -> int:
        """Read every content, check what the store promises of it, and return their number."""
        with self.database.unit() as db:
            return check_store(db)


def check_store(db: Session) -> int:
    rows = db.execute(select(Content.hash, Content.depth)).all()
    reader = open_contents(db, [row.hash for row in rows])
    for row in rows:
        reader.text(row.hash)
        reader.check_depth(row.hash)
        assert 0 <= row.depth <= MAX_DEPTH
    used = set(db.scalars(select(Backup.content_hash).where(Backup.content_hash.is_not(None))))
    assert used == {row.hash for row in rows}
    return len(rows)


@pytest.fixture
def archive(database: Database) -> Archive:
    """Return an archive of three devices, reached four ways."""
    return Archive(database)


@pytest.fixture
def sync_archive(sync_database: Database) -> Archive:
    """Return an archive reached by plain sessions, on both databases."""
    return Archive(sync_database)


@pytest.fixture
def sqlite_archive(sqlite_database: Database) -> Archive:
    """Return an archive on SQLite, where neither database nor session is the point."""
    return Archive(sqlite_database)
