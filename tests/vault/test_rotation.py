"""Rotation: every value opens at each point, whatever interrupts it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import LargeBinary, NullPool, Uuid, select, update

from netraven.db import Base, KeyRing, make_sessions, unit_of_work
from netraven.db.enums import EventType
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.models import AuditEvent, AuditHead, BackupChange, Credential, KeyCanary
from netraven.seal import KeyState
from netraven.vault.keyring import verify_keyring
from netraven.vault.rotation import SEALED_TABLES, get_key_usage, rotate_keys
from tests.conftest import Database
from tests.vault.sealed import Sealed, fill


@pytest.fixture
def sealed(database: Database) -> Sealed:
    """Return a database with something sealed in every place, reached four ways."""
    return fill(database)


def rotate_all(sealed: Sealed, batch: int = 100) -> int:
    """Rotate until nothing is left, and return how many rows that were."""
    total = 0
    while wrapped := sealed.database.run(rotate_keys, batch=batch):
        total += wrapped
    return total


def retired(ring: KeyRing) -> KeyRing:
    """Return the ring with all keys retired but the active one."""
    return KeyRing(
        key if key is ring.active else replace(key, state=KeyState.RETIRED) for key in ring.keys
    )


def test_every_value_is_wrapped_anew_and_opens_without_the_old_key(sealed: Sealed) -> None:
    old = sealed.database.keyring
    new = old.rotated()
    before = sealed.stored()

    wrapped = rotate_all(sealed.under(new))

    alone = sealed.under(KeyRing([new.active]))
    after = alone.stored()
    held = {place for place, value in before.items() if value is not None}
    assert wrapped == len({place[:2] for place in held})
    assert after.keys() == before.keys()
    assert all(after[place] != before[place] for place in held)
    assert all(new.is_current(after[place] or b"") for place in held)
    assert alone.opened() == sealed.plain
    assert sealed.under(retired(new)).opened() == sealed.plain
    with pytest.raises(KeyUnavailable):
        sealed.opened()


def test_a_second_rotation_has_nothing_to_do(sealed: Sealed) -> None:
    rotated = sealed.under(sealed.database.keyring.rotated())
    rotate_all(rotated)
    before = rotated.stored()

    assert rotated.database.run(rotate_keys) == 0
    assert rotated.stored() == before


def test_without_a_new_key_nothing_is_done(sealed: Sealed) -> None:
    before = sealed.stored()

    assert sealed.database.run(rotate_keys) == 0
    assert sealed.stored() == before


def test_a_batch_is_never_exceeded(sealed: Sealed) -> None:
    rotated = sealed.under(sealed.database.keyring.rotated())

    steps = []
    while step := rotated.database.run(rotate_keys, batch=3):
        steps.append(step)

    assert steps[:-1] == [3] * (len(steps) - 1)
    assert sum(steps) == 9
    with pytest.raises(Invalid) as refused:
        rotated.database.run(rotate_keys, batch=0)
    assert refused.value.field == "batch"


def test_interrupted_at_any_row_it_loses_nothing_and_goes_on(sync_database: Database) -> None:
    sealed = fill(sync_database)
    rotated = sealed.under(sealed.database.keyring.rotated())

    def interrupted() -> None:
        with rotated.database.unit() as db:
            rotate_keys(db, batch=8)
            raise KeyboardInterrupt

    for _ in range(9):
        before = rotated.stored()
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert rotated.stored() == before
        assert rotated.database.run(rotate_keys, batch=1) == 1
        assert rotated.opened() == sealed.plain

    assert rotated.database.run(rotate_keys) == 0
    assert sealed.under(retired(rotated.database.keyring)).opened() == sealed.plain


def test_a_rotation_goes_on_where_it_stopped(sealed: Sealed) -> None:
    rotated = sealed.under(sealed.database.keyring.rotated())
    rotated.database.run(rotate_keys, batch=2)

    with rotated.database.unit() as db:
        noted = db.scalars(select(KeyCanary.rotation)).one()
    rotate_all(rotated)

    assert noted is not None
    assert noted["key"] == rotated.database.keyring.active.key_id
    assert (noted["table"], noted["after"]) == ("credentials", str(min(sealed.credentials)))
    with rotated.database.unit() as db:
        assert db.scalars(select(KeyCanary.rotation)).one() is None


def test_what_was_sealed_meanwhile_under_the_old_key_is_found(sealed: Sealed) -> None:
    rotated = sealed.under(sealed.database.keyring.rotated())
    first = min(sealed.credentials)
    with sealed.database.unit() as db:
        before = db.scalars(select(Credential.password).where(Credential.id == first)).one()
    rotated.database.run(rotate_keys, batch=5)
    with rotated.database.unit() as db:
        db.execute(update(Credential).where(Credential.id == first).values(password=before))

    rotate_all(rotated)

    assert sealed.under(retired(rotated.database.keyring)).opened() == sealed.plain


def test_a_third_key_starts_anew_while_a_rotation_is_under_way(sealed: Sealed) -> None:
    second = sealed.under(sealed.database.keyring.rotated())
    second.database.run(rotate_keys, batch=4)
    third = sealed.under(second.database.keyring.rotated())

    assert rotate_all(third, batch=3) == 9

    assert sealed.under(retired(third.database.keyring)).opened() == sealed.plain


def test_the_canary_goes_first_so_that_an_old_ring_does_not_start(sealed: Sealed) -> None:
    rotated = sealed.under(sealed.database.keyring.rotated())

    rotated.database.run(rotate_keys, batch=1)

    rotated.database.run(verify_keyring)
    with pytest.raises(KeyUnavailable):
        sealed.database.run(verify_keyring)


def test_a_damaged_value_keeps_no_other_waiting_and_is_told_at_the_end(sealed: Sealed) -> None:
    first, second = sealed.credentials
    with sealed.database.unit() as db:
        moved = db.scalars(select(Credential.password).where(Credential.id == second)).one()
        db.execute(update(Credential).where(Credential.id == first).values(enable_secret=moved))
    rotated = sealed.under(sealed.database.keyring.rotated())

    with pytest.raises(Corrupt) as told:
        rotate_all(rotated, batch=2)

    assert f"enable_secret of credentials {first}" in str(told.value)
    usage = {use.key_id: use.values for use in rotated.database.run(get_key_usage)}
    assert usage[sealed.database.keyring.active.key_id] == 1
    with rotated.database.unit() as db:
        stored = db.execute(
            select(Credential.password, Credential.enable_secret).where(Credential.id == first)
        ).one()
    assert rotated.database.keyring.is_current(stored.password or b"")
    assert stored.enable_secret == moved


def test_a_ring_that_does_not_fit_changes_nothing(sealed: Sealed) -> None:
    before = sealed.stored()
    rings = [KeyRing.generate(), retired(sealed.database.keyring.rotated())]

    for ring in rings:
        with pytest.raises(KeyUnavailable):
            sealed.under(ring).database.run(rotate_keys)
    without_ring = make_sessions(sealed.database.url, None, pool=NullPool)
    with pytest.raises(KeyUnavailable), unit_of_work(without_ring) as db:
        rotate_keys(db)

    assert sealed.stored() == before
    assert sealed.opened() == sealed.plain


def test_a_rotation_is_one_event_and_moves_no_time_of_change(sealed: Sealed) -> None:
    rotated = sealed.under(sealed.database.keyring.rotated())
    changed = select(Credential.id, Credential.updated_at).order_by(Credential.id)
    with sealed.database.unit() as db:
        before = db.execute(changed).all()

    rotate_all(rotated, batch=2)

    with sealed.database.unit() as db:
        events = select(AuditEvent).where(AuditEvent.event_name == "key_rotation_started")
        (event,) = db.scalars(events)
        assert db.execute(changed).all() == before
    assert (event.event_type, event.target_id) == (
        EventType.KEY,
        rotated.database.keyring.active.key_id,
    )


def test_usage_tells_which_key_may_be_retired(sealed: Sealed) -> None:
    old = sealed.database.keyring.active
    rotated = sealed.under(sealed.database.keyring.rotated())
    rotated.database.run(rotate_keys, batch=1)

    halfway = rotated.database.run(get_key_usage)
    without_old = sealed.under(KeyRing([rotated.database.keyring.active]))
    unknown = without_old.database.run(get_key_usage)
    rotate_all(rotated)
    done = rotated.database.run(get_key_usage)

    new = rotated.database.keyring.active
    assert [(use.key_id, use.state) for use in halfway] == [
        (old.key_id, KeyState.DECRYPT_ONLY),
        (new.key_id, KeyState.ACTIVE),
    ]
    total = sum(use.values for use in halfway)
    assert [use.values for use in halfway] == [total - 1, 1]
    assert [(use.key_id, use.version) for use in unknown] == [
        (new.key_id, 2),
        (old.fingerprint.hex(), None),
    ]
    assert [use.values for use in done] == [0, total]


def test_no_sealed_column_is_forgotten() -> None:
    known = {(sealed.table.name, name) for sealed in SEALED_TABLES for name in sealed.columns}

    # On SQLite ids are bytes too; the head's MAC and the marks of changes are keyed hashes.
    hashes = {
        (AuditHead.__tablename__, "mac"),
        *((BackupChange.__tablename__, name) for name in ("shape", "exact")),
    }
    kept = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not isinstance(column.type, Uuid)
    }
    assert kept - hashes == known
