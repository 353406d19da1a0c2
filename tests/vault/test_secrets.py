"""Secrets open only in their place, only with the key, and never unseen."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import SecretStr
from sqlalchemy import NullPool, select, update

from netraven.db import KeyRing, make_sessions, unit_of_work
from netraven.db.enums import EventType
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.models import Credential
from netraven.schemas.credential import CredentialCreate
from netraven.vault.credentials import create_credential
from netraven.vault.keyring import verify_keyring
from netraven.vault.privatekeys import check_private_key
from netraven.vault.secrets import reveal_credential
from tests.conftest import Database
from tests.vault.conftest import Vault


def key_text(kind: PrivateFormat = PrivateFormat.OpenSSH, passphrase: str | None = None) -> str:
    hidden = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, kind, hidden).decode()


def test_secrets_come_back_as_they_went_in(vault: Vault) -> None:
    key = key_text(passphrase="opens it")
    credential_id = vault.add(
        password=" with blanks ",
        private_key=key,
        private_key_passphrase="opens it",
        enable_secret="пароль",
        aaa_domain="tacacs",
    )

    opened = vault.database.run(reveal_credential, credential_id, purpose="run 7")

    assert opened is not None
    assert opened.password is not None
    assert opened.private_key is not None
    assert opened.enable_secret is not None
    assert opened.password.get_secret_value() == " with blanks "
    assert opened.private_key.get_secret_value() == key
    assert opened.enable_secret.get_secret_value() == "пароль"
    assert (opened.name, opened.username, opened.aaa_domain) == ("core login", "backup", "tacacs")
    assert "blanks" not in repr(opened)


def test_each_reveal_is_one_event_with_its_purpose(vault: Vault) -> None:
    credential_id = vault.add()

    for _ in range(2):
        vault.database.run(reveal_credential, credential_id, purpose=" run 7 ")

    events = vault.events()[1:]
    assert [event.event_name for event in events] == ["credential_revealed"] * 2
    assert {event.event_type for event in events} == {EventType.KEY}
    assert events[0].changes == {"purpose": "run 7"}


def test_reveal_without_a_purpose_is_refused(vault: Vault) -> None:
    credential_id = vault.add()

    with pytest.raises(Invalid) as caught:
        vault.database.run(reveal_credential, credential_id, purpose="  ")

    assert caught.value.field == "purpose"


def test_sealed_bytes_swapped_between_rows_are_corrupt(vault: Vault) -> None:
    one, other = vault.add("one"), vault.add("other")

    with vault.database.unit() as db:
        taken = db.scalar(select(Credential.password).where(Credential.id == one))
        db.execute(update(Credential).where(Credential.id == other).values(password=taken))

    with pytest.raises(Corrupt):
        vault.database.run(reveal_credential, other, purpose="test")


def test_nothing_is_kept_or_opened_without_a_key(vault: Vault) -> None:
    credential_id = vault.add()
    sessions = make_sessions(vault.database.url, None, pool=NullPool)
    create = CredentialCreate(name="other", username="u", password=SecretStr("p"))

    with unit_of_work(sessions) as db:
        with pytest.raises(KeyUnavailable):
            reveal_credential(db, credential_id, purpose="test")
        with pytest.raises(KeyUnavailable):
            create_credential(db, create)

    with vault.database.unit() as db:
        assert list(db.scalars(select(Credential.name))) == ["core login"]


def test_key_that_does_not_open_is_refused(vault: Vault) -> None:
    key = key_text(PrivateFormat.PKCS8, "right")

    for wrong in ({"private_key": "no key"}, {"private_key": key}):
        with pytest.raises(Invalid) as caught:
            vault.add(**wrong)
        assert caught.value.field == "private_key"


def test_changed_passphrase_must_open_the_kept_key(vault: Vault) -> None:
    credential_id = vault.add(
        private_key=key_text(PrivateFormat.PKCS8, "right"), private_key_passphrase="right"
    )

    for wrong in ("wrong", None):
        with pytest.raises(Invalid) as caught:
            vault.update(credential_id, private_key_passphrase=wrong)
        assert caught.value.field == "private_key"
    renewed = vault.update(credential_id, private_key=key_text())

    assert renewed is not None
    assert renewed.has_private_key_passphrase


def test_passphrase_without_a_key_is_refused(vault: Vault) -> None:
    with pytest.raises(Invalid) as caught:
        vault.add(private_key_passphrase="opens nothing")

    assert caught.value.field == "private_key_passphrase"


def test_cleared_key_leaves_the_password(vault: Vault) -> None:
    credential_id = vault.add(private_key=key_text())

    vault.update(credential_id, private_key=None)

    row = vault.read(credential_id)
    assert (row.has_private_key, row.has_password) == (False, True)


@pytest.mark.parametrize(
    "kind", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL]
)
def test_keys_of_common_forms_are_read(kind: PrivateFormat) -> None:
    keys = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1()))

    for key in keys:
        text = key.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
        check_private_key(text, None)
        check_private_key(f"  {text.strip()}", "not needed")


def test_key_that_no_login_takes_is_refused() -> None:
    key = dsa.generate_private_key(2048)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    with pytest.raises(Invalid, match="RSA, ECDSA or Ed25519"):
        check_private_key(text, None)


def test_key_ring_that_sealed_the_canary_is_accepted(database: Database) -> None:
    database.run(verify_keyring)

    with unit_of_work(database.sessions, read_only=True) as db:
        verify_keyring(db)


def test_other_key_ring_is_refused_with_one_sentence(database: Database) -> None:
    database.run(verify_keyring)
    other = Database(database.url, KeyRing.generate(), database.kind)

    with pytest.raises(KeyUnavailable, match="this database is sealed with the key"):
        other.run(verify_keyring)


def test_missing_key_ring_is_refused(database: Database) -> None:
    sessions = make_sessions(database.url, None, pool=NullPool)

    with unit_of_work(sessions) as db, pytest.raises(KeyUnavailable, match="no key ring"):
        verify_keyring(db)
