"""Acceptance check 37 of the data contract: sealed values fail closed, and survive rotation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from pydantic import SecretStr
from sqlalchemy import NullPool, select, update
from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.archive.transcripts import Transcript, get_transcript, store_transcripts
from netraven.crud import (
    create_backup,
    create_credential,
    get_backup_content_bytes,
    get_setting_value,
    reveal_credential,
    rotate_keys,
    update_admin_setting_value,
    verify_keyring,
)
from netraven.db import KeyRing, make_sessions, unit_of_work
from netraven.errors import Corrupt, KeyUnavailable
from netraven.models import Backup, Credential
from netraven.schemas.backup import BackupCreate
from netraven.schemas.credential import CredentialCreate
from netraven.seal import KeyState
from netraven.vault.rotation import SEALED_TABLES, SealedTable
from tests.conftest import Database
from tests.vault.sealed import SETTING, Sealed, fill

READERS = ("installation key", "credential", "setting", "content", "transcript")
WRITERS = ("credential", "setting", "content", "transcript")


@pytest.fixture
def sealed(database: Database) -> Sealed:
    """Return a database with something sealed in every place, reached four ways."""
    return fill(database)


def reader(sealed: Sealed, kind: str) -> Callable[[Session], object]:
    """Return what opens a value of this kind."""
    full = sealed.credentials[0]
    readers: dict[str, Callable[[Session], object]] = {
        "installation key": get_installation_key,
        "credential": lambda db: reveal_credential(db, full, purpose="test"),
        "setting": lambda db: get_setting_value(db, SETTING),
        "content": lambda db: get_backup_content_bytes(db, sealed.backups[0]),
        "transcript": lambda db: get_transcript(db, sealed.failed),
    }
    return readers[kind]


def writer(sealed: Sealed, kind: str) -> Callable[[Session], object]:
    """Return what seals another value of this kind."""
    login = CredentialCreate(name="new", username="backup", password=SecretStr("kept-nowhere"))

    def store(db: Session) -> object:
        device_id = db.scalars(select(Backup.device_id).limit(1)).one()
        return create_backup(db, BackupCreate(device_id=device_id), content="kept-nowhere")

    return {
        "credential": lambda db: create_credential(db, login),
        "setting": lambda db: update_admin_setting_value(db, SETTING, "kept-nowhere"),
        "content": store,
        "transcript": lambda db: store_transcripts(
            db, {sealed.failed: Transcript(step="kept-nowhere")}
        ),
    }[kind]


def table_of(kind: str) -> SealedTable:
    names = ("key_canary", "credentials", "admin_settings", "contents", "transcripts")
    wanted = dict(zip(READERS, names, strict=True))[kind]
    return next(each for each in SEALED_TABLES if each.table.name == wanted)


def change(sealed: Sealed, kind: str, altered: Callable[[bytes], bytes]) -> None:
    """Alter every stored value of this kind."""
    table, columns, (key,) = table_of(kind).table, table_of(kind).columns, table_of(kind).key
    with sealed.database.unit() as db:
        for row in db.execute(select(key, *(table.c[name] for name in columns))):
            values = {
                name: altered(value)
                for name, value in zip(columns, row[1:], strict=True)
                if value is not None
            }
            if values:
                db.execute(update(table).where(key == row[0]).values(values))


def without_ring(sealed: Sealed, body: Callable[[Session], object]) -> object:
    sessions = make_sessions(sealed.database.url, None, pool=NullPool)
    with unit_of_work(sessions) as db:
        return body(db)


def test_acceptance_37_without_a_key_nothing_opens_and_nothing_is_kept(sealed: Sealed) -> None:
    before = sealed.stored()

    for kind in READERS:
        with pytest.raises(KeyUnavailable):
            without_ring(sealed, reader(sealed, kind))
    for kind in WRITERS:
        with pytest.raises(KeyUnavailable):
            without_ring(sealed, writer(sealed, kind))
    for operation in (verify_keyring, rotate_keys):
        with pytest.raises(KeyUnavailable):
            without_ring(sealed, operation)

    assert sealed.stored() == before


def test_acceptance_37_a_wrong_key_opens_nothing_and_does_not_start(sealed: Sealed) -> None:
    wrong = sealed.under(KeyRing.generate())
    before = sealed.stored()

    for kind in READERS:
        with pytest.raises(KeyUnavailable) as refused:
            wrong.database.run_body(reader(wrong, kind))
        fingerprint = sealed.database.keyring.active.fingerprint.hex()
        assert fingerprint in refused.value.key_id
    for operation in (verify_keyring, rotate_keys):
        with pytest.raises(KeyUnavailable):
            wrong.database.run_body(operation)

    assert sealed.stored() == before


def test_acceptance_37_a_retired_key_refuses_and_a_decrypt_only_one_opens(sealed: Sealed) -> None:
    rotated = sealed.database.keyring.rotated()
    retired = KeyRing(
        key if key is rotated.active else replace(key, state=KeyState.RETIRED)
        for key in rotated.keys
    )
    old = sealed.database.keyring.active

    assert sealed.under(rotated).opened() == sealed.plain
    for kind in READERS:
        with pytest.raises(KeyUnavailable) as refused:
            sealed.under(retired).database.run_body(reader(sealed, kind))
        assert refused.value.key_id == old.key_id
    for operation in (verify_keyring, rotate_keys):
        with pytest.raises(KeyUnavailable):
            sealed.under(retired).database.run_body(operation)


@pytest.mark.parametrize("place", [7, 30, -1], ids=["nonce", "wrapped key", "text"])
def test_acceptance_37_a_flipped_bit_is_corrupt(sealed: Sealed, place: int) -> None:
    def flipped(value: bytes) -> bytes:
        changed = bytearray(value)
        changed[place] ^= 1
        return bytes(changed)

    # The installation key last: others are shown by tokens that it makes.
    for kind in reversed(READERS):
        change(sealed, kind, flipped)
        with pytest.raises(Corrupt):
            sealed.database.run_body(reader(sealed, kind))


@pytest.mark.parametrize("length", [-1, 20, 0])
def test_acceptance_37_a_value_cut_or_emptied_is_corrupt(sealed: Sealed, length: int) -> None:
    for kind in reversed(READERS):
        change(sealed, kind, lambda value: value[:length])
        with pytest.raises(Corrupt):
            sealed.database.run_body(reader(sealed, kind))


def test_acceptance_37_a_value_of_another_row_or_column_is_corrupt(sealed: Sealed) -> None:
    first, second = sealed.credentials
    password = select(Credential.password)
    with sealed.database.unit() as db:
        own = db.scalars(password.where(Credential.id == first)).one()
        other = db.scalars(password.where(Credential.id == second)).one()

    def put(row: object, **values: bytes | None) -> None:
        with sealed.database.unit() as db:
            db.execute(update(Credential).where(Credential.id == row).values(**values))

    put(first, password=other)
    with pytest.raises(Corrupt):
        sealed.database.run_body(partial(reveal_credential, credential_id=first, purpose="test"))
    put(first, password=own, enable_secret=own)
    with pytest.raises(Corrupt):
        sealed.database.run_body(partial(reveal_credential, credential_id=first, purpose="test"))
    for kind in ("content", "transcript", "setting"):
        change(sealed, kind, lambda _value: own or b"")
        with pytest.raises(Corrupt):
            sealed.database.run_body(reader(sealed, kind))


def test_acceptance_37_rotation_interrupted_at_any_row_loses_nothing(
    sync_database: Database,
) -> None:
    sealed = fill(sync_database)
    rotated = sealed.under(sealed.database.keyring.rotated())
    rows = len({place[:2] for place, value in sealed.stored().items() if value is not None})

    def pulled_plug(batch: int) -> None:
        with rotated.database.unit() as db:
            assert rotate_keys(db, batch=batch) == batch
            raise KeyboardInterrupt

    for done in range(rows):
        before = rotated.stored()
        with pytest.raises(KeyboardInterrupt):
            pulled_plug(rows - done)
        assert rotated.stored() == before
        assert rotated.database.run(rotate_keys, batch=1) == 1
        assert rotated.opened() == sealed.plain

    assert rotated.database.run(rotate_keys) == 0
    alone = sealed.under(KeyRing([rotated.database.keyring.active]))
    assert alone.opened() == sealed.plain
