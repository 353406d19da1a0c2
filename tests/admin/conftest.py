"""Users and settings, in few words."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.admin.settings import (
    create_admin_setting,
    get_admin_setting,
    get_admin_setting_by_key,
    get_setting_value,
    initialize_default_settings,
    update_admin_setting,
    update_admin_setting_value,
    upsert_admin_setting,
)
from netraven.admin.users import create_user, get_user, update_user
from netraven.db import name_key, new_id
from netraven.db.types import JsonValue
from netraven.models import AdminSetting, AuditEvent, Device, Tag, User
from netraven.schemas.setting import AdminSettingCreate, AdminSettingUpdate
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


class Office:
    """One database with settings; each call is a unit of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, key: str = "site.name", value: JsonValue = "here", **fields: object) -> UUID:
        wanted = {"key": key, "value": value, **fields}
        create = AdminSettingCreate.model_validate(wanted)
        return self.database.run(create_admin_setting, create).id

    def upsert(self, key: str, value: JsonValue, **fields: object) -> AdminSetting:
        wanted = {"key": key, "value": value, **fields}
        create = AdminSettingCreate.model_validate(wanted)
        return self.database.run(upsert_admin_setting, create)

    def update(self, setting_id: UUID, **fields: object) -> AdminSetting | None:
        update = AdminSettingUpdate.model_validate(fields)
        return self.database.run(update_admin_setting, setting_id, update)

    def set(self, key: str, value: JsonValue) -> AdminSetting | None:
        return self.database.run(update_admin_setting_value, key, value)

    def read(self, setting: UUID | str) -> AdminSetting:
        """Return the stored setting of this id or key, read in a fresh unit."""
        if isinstance(setting, UUID):
            row = self.database.run(get_admin_setting, setting)
        else:
            row = self.database.run(get_admin_setting_by_key, setting)
        assert row is not None
        return row

    def effective(self, key: str) -> JsonValue:
        return self.database.run(get_setting_value, key)

    def events(self) -> list[AuditEvent]:
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


@pytest.fixture
def office(database: Database) -> Office:
    """Return a database with the built-in settings."""
    database.run(initialize_default_settings)
    return Office(database)


@pytest.fixture
def bare_office(database: Database) -> Office:
    """Return a database without settings."""
    return Office(database)
