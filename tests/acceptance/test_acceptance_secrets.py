"""Acceptance check 36 of the data contract: a secret that went in shows nowhere.

It runs on both databases with both kinds of session. Check 37, on keys, stands beside rotation.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven import crud
from netraven.db import Base
from netraven.errors import NetRavenError
from netraven.schemas.audit import AuditEventCreate, AuditEventRead
from netraven.schemas.credential import CredentialCreate, CredentialRead, CredentialUpdate
from netraven.schemas.setting import AdminSettingCreate, AdminSettingRead, AdminSettingUpdate
from netraven.schemas.user import UserCreate, UserRead
from netraven.seal import KEY_BYTES
from tests.conftest import Database

CANARY = "C4nary-in-every-field"
SECRETS = ("password", "private_key_passphrase", "enable_secret")
SENSITIVE = ("notification.email.smtp_username", "notification.email.smtp_password")


@pytest.fixture(scope="module")
def private_key() -> str:
    """Return a private key that the canary is the passphrase of."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.BestAvailableEncryption(CANARY.encode()),
        )
        .decode()
    )


class Safe:
    """A database with the canary in every secret field."""

    def __init__(self, database: Database, private_key: str) -> None:
        self.database = database
        self.private_key = private_key
        self.given: list[BaseModel] = []
        self.rows: list[object] = []
        self.faults: list[Exception] = []
        database.run_body(self._fill)

    @property
    def secrets(self) -> list[str]:
        """Return what must be found nowhere: the canary, and a line of the key's text."""
        return [CANARY, self.private_key.splitlines()[2]]

    def _fill(self, db: Session) -> None:
        crud.initialize_default_settings(db)
        secrets = dict.fromkeys(SECRETS, CANARY) | {"private_key": self.private_key}
        login = {"name": "lab", "username": "backup", **secrets}
        create = CredentialCreate.model_validate(login)
        self.credential = crud.create_credential(db, create).id
        again = CredentialUpdate.model_validate(secrets)
        crud.update_credential(db, self.credential, again)
        person = {"username": "ana", "email": "a@b", "password": CANARY}
        user = UserCreate.model_validate(person)
        self.user = crud.create_user(db, user).id
        crud.change_password(db, self.user, CANARY, f"{CANARY}-2")
        crud.reset_password(db, self.user, CANARY)
        for key in SENSITIVE:
            self.rows.append(crud.update_admin_setting_value(db, key, CANARY))
        own = AdminSettingCreate(key="own.secret", value=CANARY, is_sensitive=True)
        self.setting = crud.create_admin_setting(db, own).id
        event = AuditEventCreate.model_validate(
            {
                "event_type": "auth",
                "event_name": "login",
                "description": "refused",
                "changes": {"password": CANARY, "tried": [{"secret": CANARY}]},
            }
        )
        crud.record_audit_event(db, event)
        self.given += [create, again, user, own, event, AdminSettingUpdate(value=CANARY)]
        self._fail(db, create, user, own)

    def _fail(
        self, db: Session, create: CredentialCreate, user: UserCreate, own: AdminSettingCreate
    ) -> None:
        attempts: list[Callable[[], object]] = [
            lambda: crud.create_credential(db, create),
            lambda: crud.create_user(db, user),
            lambda: crud.create_admin_setting(db, own),
            lambda: crud.change_password(db, self.user, f"not {CANARY}", "x"),
            lambda: crud.reset_password(db, self.user, CANARY.lower()),
            lambda: crud.update_admin_setting_value(db, SENSITIVE[0], CANARY * 50),
            lambda: crud.update_credential(
                db, self.credential, CredentialUpdate(private_key=SecretStr(f"no key {CANARY}"))
            ),
            lambda: CredentialCreate.model_validate({"name": 1, "password": CANARY * 500}),
            lambda: UserCreate.model_validate({"username": "", "password": CANARY}),
            lambda: AdminSettingCreate.model_validate({"key": "", "value": CANARY}),
        ]
        for attempt in attempts:
            try:
                attempt()
            except (NetRavenError, ValueError) as error:
                self.faults.append(error)
        assert len(self.faults) == len(attempts)


@pytest.fixture
def safe(database: Database, private_key: str, caplog: pytest.LogCaptureFixture) -> Iterator[Safe]:
    with caplog.at_level(logging.DEBUG):
        yield Safe(database, private_key)


def test_acceptance_36_no_column_holds_a_secret_in_clear(safe: Safe) -> None:
    def dump(db: Session) -> str:
        tables = Base.metadata.sorted_tables
        return "".join(
            _readable(value)
            for table in tables
            for row in db.execute(select(table))
            for value in row
        )

    stored = safe.database.run_body(dump)

    assert "lab" in stored
    assert not [secret for secret in safe.secrets if secret in stored]


def test_acceptance_36_nothing_that_is_told_holds_a_secret(
    safe: Safe, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    run = safe.database.run
    credentials = [run(crud.get_credential, safe.credential), *run(crud.get_credentials)]
    users = [run(crud.get_user, safe.user), *run(crud.get_users)]
    settings = [run(crud.get_admin_setting, safe.setting), *run(crud.get_admin_settings)]
    settings += run(crud.reset_admin_settings, [SENSITIVE[0]])
    events = run(crud.get_audit_events, 0, 1000)

    told: list[object] = [*safe.given, *safe.rows, *credentials, *users, *settings, *events]
    told += [CredentialRead.model_validate(row).model_dump_json() for row in credentials]
    told += [UserRead.model_validate(row).model_dump_json() for row in users]
    told += [AdminSettingRead.model_validate(row).model_dump_json() for row in settings]
    told += [AuditEventRead.model_validate(row).model_dump_json() for row in events]
    told += [vars(row) for row in (*credentials, *users, *settings, *events)]
    told += [*safe.faults, *(str(fault) for fault in safe.faults), caplog.text]
    told += [*capfd.readouterr(), safe.database.keyring]

    for one in told:
        assert not [secret for secret in safe.secrets if secret in repr(one)], type(one)


def test_acceptance_36_two_operations_return_secrets_and_no_others(safe: Safe) -> None:
    revealed = safe.database.run(crud.reveal_credential, safe.credential, purpose="check 36")

    assert revealed is not None
    for field in (*SECRETS, "private_key"):
        secret: Any = getattr(revealed, field)
        expected = safe.private_key if field == "private_key" else CANARY
        assert secret.get_secret_value() == expected
    assert CANARY not in repr(revealed)
    for key in (*SENSITIVE, "own.secret"):
        assert safe.database.run(crud.get_setting_value, key) == CANARY


def test_acceptance_36_no_key_shows_itself(database: Database) -> None:
    text = database.keyring.to_text()
    secrets = re.findall(r"\S{40,}", text)

    shown = [repr(database.keyring), repr(database.keyring.keys), repr(database.sessions)]

    assert len(secrets) == len(database.keyring.keys)
    assert not [secret for secret in secrets for one in shown if secret in one]
    assert all(len(key.secret) == KEY_BYTES for key in database.keyring.keys)


def _readable(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
