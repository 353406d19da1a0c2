"""Tags, devices and credentials, in few words."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from netraven.db import name_key, new_id
from netraven.db.enums import LinkSource
from netraven.models import AuditEvent, Credential, Device, DeviceTag, Tag
from netraven.schemas.credential import CredentialCreate, CredentialUpdate
from netraven.vault.credentials import create_credential, get_credential, update_credential
from tests.conftest import Database


class Vault:
    """One database with credentials; each call is a unit of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, name: str = "core login", **fields: object) -> UUID:
        """Keep a credential; it has a password unless something else is said."""
        wanted = {"name": name, "username": "backup", "password": "hunter2-canary", **fields}
        create = CredentialCreate.model_validate(wanted)
        return self.database.run(create_credential, create).id

    def update(self, credential_id: UUID, **fields: object) -> Credential | None:
        update = CredentialUpdate.model_validate(fields)
        return self.database.run(update_credential, credential_id, update)

    def read(self, credential_id: UUID) -> Credential:
        """Return the stored credential, read in a fresh unit."""
        row = self.database.run(get_credential, credential_id)
        assert row is not None
        return row

    def add_tag(self, name: str) -> UUID:
        tag = Tag(id=new_id(), name=name, name_key=name_key(name))
        with self.database.unit() as db:
            db.add(tag)
        return tag.id

    def add_device(self, hostname: str, *tag_ids: UUID, credential_id: UUID | None = None) -> UUID:
        device = Device(
            id=new_id(),
            hostname=hostname,
            hostname_key=hostname,
            ip_address=f"{hostname}.example.com",
            device_type="cisco_ios",
            credential_id=credential_id,
        )
        with self.database.unit() as db:
            db.add(device)
            db.flush()
            db.add_all(
                DeviceTag(device_id=device.id, tag_id=tag_id, source=LinkSource.MANUAL)
                for tag_id in tag_ids
            )
        return device.id

    def events(self) -> list[AuditEvent]:
        """Return all audit events in their order."""
        with self.database.unit() as db:
            return list(db.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


@pytest.fixture
def vault(database: Database) -> Vault:
    """Return an empty vault, reached four ways."""
    return Vault(database)
