"""A database with something sealed in every place, and all of it opened again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import select

from netraven.admin.installation import get_installation_key
from netraven.admin.settings import (
    get_setting_value,
    initialize_default_settings,
    update_admin_setting_value,
)
from netraven.archive.backups import get_backup_content_bytes
from netraven.archive.search_history import search_history
from netraven.archive.storing import store_backup
from netraven.archive.transcripts import Transcript, get_transcript, store_transcripts
from netraven.db import KeyRing
from netraven.db.enums import BackupStatus
from netraven.inventory.devices import create_device
from netraven.schemas.backup import BackupCreate
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate
from netraven.vault.credentials import create_credential
from netraven.vault.rotation import SEALED_TABLES, row_name
from netraven.vault.secrets import SECRET_FIELDS, reveal_credential
from tests.conftest import Database
from tests.vault.test_secrets import key_text

SETTING = "notification.email.smtp_password"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINES = b"".join(b"interface Gi0/%d\n description core\n" % number for number in range(40))


@dataclass(frozen=True)
class Sealed:
    """What was sealed, and the plain text of it, by a name for each value."""

    database: Database
    credentials: tuple[UUID, ...]
    backups: tuple[UUID, ...]
    failed: UUID
    plain: dict[str, object]

    def under(self, ring: KeyRing) -> Sealed:
        """Return the same with another key ring."""
        database = Database(self.database.url, ring, self.database.kind)
        return Sealed(database, self.credentials, self.backups, self.failed, self.plain)

    def opened(self) -> dict[str, object]:
        """Return the plain text of every value, read by the ways that NetRaven reads it."""
        run = self.database.run
        found: dict[str, object] = {
            "installation key": run(get_installation_key),
            "setting": run(get_setting_value, SETTING),
        }
        for number, credential_id in enumerate(self.credentials):
            secrets = run(reveal_credential, credential_id, purpose="test")
            assert secrets is not None
            for field in SECRET_FIELDS:
                secret = getattr(secrets, field)
                found[f"credential {number} {field}"] = secret and secret.get_secret_value()
        for number, backup_id in enumerate(self.backups):
            found[f"content {number}"] = run(get_backup_content_bytes, backup_id)
        view = run(get_transcript, self.failed)
        assert view is not None
        found["transcript"] = view.awaited
        found["history"] = [device.count for device in run(search_history, "core-").devices]
        return found

    def stored(self) -> dict[tuple[str, str, str], bytes | None]:
        """Return every sealed value as it lies in the database, by its place."""
        found: dict[tuple[str, str, str], bytes | None] = {}
        with self.database.unit() as db:
            for sealed in SEALED_TABLES:
                columns = [sealed.table.c[name] for name in sealed.columns]
                for row in db.execute(select(*sealed.key, *columns)):
                    name = row_name(row[: len(sealed.key)])
                    for column, value in zip(sealed.columns, row[len(sealed.key) :], strict=True):
                        found[sealed.table.name, name, column] = cast("bytes | None", value)
        return found


def fill(database: Database) -> Sealed:
    """Seal something in every place: credentials, a setting, a chain of contents, a transcript."""
    run = database.run
    run(initialize_default_settings)
    run(update_admin_setting_value, SETTING, "mail-secret")
    full = CredentialCreate.model_validate(
        {
            "name": "full",
            "username": "backup",
            "password": "pass-secret",
            "private_key": key_text(),
            "private_key_passphrase": "phrase-secret",
            "enable_secret": "enable-secret",
        }
    )
    plain = CredentialCreate.model_validate(
        {"name": "plain", "username": "backup", "password": "other-secret"}
    )
    credentials = tuple(run(create_credential, create).id for create in (full, plain))
    create = DeviceCreate(hostname="core-1", ip_address="192.0.2.1", device_type="cisco_ios")
    device_id = run(create_device, create).id
    kept = []
    for number in range(3):
        backup = BackupCreate(device_id=device_id)
        text = LINES + b"hostname core-%d\n" % number
        moment = NOON + timedelta(hours=number)
        kept.append(run(store_backup, backup, content=text, now=moment).backup.id)
    failure = BackupCreate(device_id=device_id, status=BackupStatus.FAILED)
    failed = run(store_backup, failure, now=NOON + timedelta(hours=3)).backup.id
    run(store_transcripts, {failed: Transcript(step="login", awaited="the prompt core-1#")})
    sealed = Sealed(database, credentials, tuple(kept), failed, {})
    sealed.plain.update(sealed.opened())
    return sealed
