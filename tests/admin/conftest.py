"""Users, in few words."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.admin.users import create_user, get_user, update_user
from netraven.db import name_key, new_id
from netraven.models import AuditEvent, Device, Tag, User
from netraven.schemas.user import UserCreate, UserUpdate
from tests.conftest import Database

PASSWORD = "Correct-horse-7"


class Staff:
    """One database with users; each call is a unit of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, username: str = "ana", **fields: object) -> UUID:
        """Make a user whose password is `PASSWORD`, unless something else is said."""
        wanted = {
            "username": username,
            "email": f"{username}@example.com",
            "password": PASSWORD,
            **fields,
        }
        return self.database.run(create_user, UserCreate.model_validate(wanted)).id

    def update(self, user_id: UUID, **fields: object) -> User | None:
        update = UserUpdate.model_validate(fields)
        return self.database.run(update_user, user_id, update)

    def read(self, user_id: UUID) -> User:
        """Return the stored user, read in a fresh unit."""
        row = self.database.run(get_user, user_id)
        assert row is not None
        return row

    def add_tag(self, name: str) -> UUID:
        tag = Tag(id=new_id(), name=name, name_key=name_key(name))
        with self.database.unit() as db:
            db.add(tag)
        return tag.id

    def add_device(self, hostname: str, owner_id: UUID | None = None) -> UUID:
        device = Device(
            id=new_id(),
            hostname=hostname,
            hostname_key=hostname,
            ip_address=f"{hostname}.example.com",
            device_type="cisco_ios",
            owner_id=owner_id,
        )
        with self.database.unit() as db:
            db.add(device)
        return device.id

    def events(self) -> list[AuditEvent]:
        """Return all audit events in their order."""
        with self.database.unit() as db:
            return list(db.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


@pytest.fixture
def staff(database: Database) -> Staff:
    """Return a database without users, reached four ways."""
    return Staff(database)


@pytest.fixture
def sync_staff(sync_database: Database) -> Staff:
    """Return a database without users, reached by plain sessions only."""
    return Staff(sync_database)
