"""Storing: what makes a new version, what is only seen again, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import NullPool, select, update
from sqlalchemy.orm import Session

from netraven.archive.backups import get_backup
from netraven.archive.series import get_latest_completed
from netraven.archive.storing import (
    BackupCapture,
    StoredBackup,
    create_backup,
    store_backup,
    store_backups,
)
from netraven.db import KeyRing, make_sessions, new_id, unit_of_work
from netraven.db.enums import Grade, JobType, ValueType
from netraven.errors import Conflict, Invalid, KeyUnavailable
from netraven.models import AdminSetting, AuditEvent, Backup, Content, DeviceLease, JobLog
from netraven.schemas.backup import BackupCreate, BackupRead
from tests.archive.conftest import FAILED, NOON, QUARANTINED, Archive

A, B = b"hostname core-1\nend\n", b"hostname core-1\nntp server 192.0.2.1\nend\n"


def test_a_text_seen_again_is_not_stored_again(archive: Archive) -> None:
    stored = [archive.store(text, minutes=n) for n, text in enumerate([A, A, B, A])]

    rows = archive.rows()
    assert [one.is_new for one in stored] == [True, False, True, True]
    assert [row.version for row in rows] == [1, 2, 3]
    assert archive.count(Content) == 2
    assert rows[0].last_seen_at == NOON + timedelta(minutes=1)
    assert [row.last_seen_at for row in rows[1:]] == [row.created_at for row in rows[1:]]


def test_previous_is_the_latest_completed_one_before(archive: Archive) -> None:
    first = archive.store(A)
    quarantined = archive.store(b"cut", minutes=1, status=QUARANTINED)
    second = archive.store(B, minutes=2)
    again = archive.store(B, minutes=3)

    assert first.previous is None
    assert quarantined.previous is not None
    assert quarantined.previous.id == first.backup.id
    assert second.previous is not None
    assert second.previous.id == first.backup.id
    assert again.backup.id == second.backup.id
    assert again.previous is again.backup


def test_returned_rows_have_their_device_loaded(archive: Archive) -> None:
    first = archive.store(A)
    second = archive.store(B, minutes=1)

    shown = BackupRead.model_validate(second.backup)

    assert shown.device.hostname == "core-1"
    assert first.backup.device.hostname == "core-1"
    assert second.previous is not None
    assert second.previous.device.hostname == "core-1"


def test_rows_handed_out_before_stay_readable_in_the_same_unit(archive: Archive) -> None:
    create = BackupCreate(device_id=archive.devices[0])

    def two_versions(db: Session) -> tuple[Backup, Backup]:
        return store_backup(db, create, content=A).backup, store_backup(
            db, create, content=B
        ).backup

    first, second = archive.database.run_body(two_versions)

    assert (first.version, second.version) == (1, 2)
    assert first.device is second.device


def test_a_changed_clock_line_is_no_change(archive: Archive) -> None:
    archive.store(b"! Last change at 12:00\nend\n", normal_hash="1:aa")

    again = archive.store(b"! Last change at 12:05\nend\n", minutes=5, normal_hash="1:aa")

    assert not again.is_new
    assert archive.read(again.backup.id) == b"! Last change at 12:00\nend\n"
    assert archive.count(Content) == 1


def test_equal_normal_hashes_of_different_rules_say_nothing(archive: Archive) -> None:
    archive.store(A, normal_hash="1:aa")

    again = archive.store(B, minutes=5, normal_hash="2:aa")

    assert again.is_new


def test_failed_and_quarantined_captures_are_not_the_latest_completed(archive: Archive) -> None:
    archive.store(A)
    failed = archive.store(None, minutes=1, status=FAILED)
    quarantined = archive.store(B, minutes=2, status=QUARANTINED)
    again = archive.store(A, minutes=3)
    as_quarantined = archive.store(B, minutes=4)

    assert not again.is_new
    assert as_quarantined.is_new
    assert (failed.backup.version, failed.backup.content_hash, failed.backup.size) == (None,) * 3
    assert (quarantined.backup.version, as_quarantined.backup.version) == (2, 3)
    assert archive.count(Content) == 2


def test_two_backups_in_one_second_are_both_retrievable(archive: Archive) -> None:
    first, second = archive.store(A).backup, archive.store(B).backup

    assert first.created_at == second.created_at
    assert [archive.read(first.id), archive.read(second.id)] == [A, B]
    assert [row.version for row in archive.rows()] == [1, 2]


def test_creating_the_same_again_returns_the_same_row(archive: Archive) -> None:
    create = BackupCreate(device_id=archive.devices[0])
    later = NOON + timedelta(days=1)

    first = archive.database.run(create_backup, create, content=A, now=NOON)
    second = archive.database.run(create_backup, create, content=A, now=later)

    assert second.id == first.id
    assert (second.created_at, second.last_seen_at) == (NOON, later)


def test_series_count_apart(archive: Archive) -> None:
    archive.store(A)
    startup = archive.store(A, config_type="startup")
    other = archive.store(A, archive.devices[1])

    assert startup.is_new
    assert (startup.backup.version, other.backup.version) == (1, 1)
    assert archive.count(Content) == 1


def test_what_is_kept_of_the_first_sight_stays(archive: Archive) -> None:
    first = archive.store(A, comment="before the move", pinned=True, serial_number="S1")
    archive.store(A, minutes=1, comment="after", serial_number="S2")

    (row,) = archive.rows()
    assert row.id == first.backup.id
    assert (row.comment, row.pinned, row.serial_number) == ("before the move", True, "S1")


def test_everything_given_is_kept(archive: Archive) -> None:
    run = _run(archive)
    create = BackupCreate(
        device_id=str(archive.devices[0]),
        status=QUARANTINED,
        config_type="startup",
        comment="cut",
        is_automatic=False,
        job_log_id=run,
        serial_number="from the schema",
        normal_hash="1:aa",
        grade=Grade.C,
        evidence={"end_marker": False, "lines": 3},
        author="alice",
    )

    stored = archive.database.run(create_backup, create, "from the argument", "text", now=NOON)

    row = archive.database.run(get_backup, stored.id)
    assert row is not None
    assert row.device_type == "cisco_ios"
    assert (row.status, row.config_type, row.comment) == (QUARANTINED, "startup", "cut")
    assert (row.is_automatic, row.job_log_id, row.author) == (False, run, "alice")
    assert (row.serial_number, row.normal_hash) == ("from the argument", "1:aa")
    assert (row.grade, row.evidence) == (Grade.C, {"end_marker": False, "lines": 3})
    assert (row.created_at, row.last_seen_at, row.size) == (NOON, NOON, 4)


def test_times_never_fall_within_a_series(archive: Archive) -> None:
    archive.store(A, minutes=10)
    earlier = archive.store(B, minutes=5)
    again = archive.store(B, minutes=1)

    assert earlier.backup.created_at == NOON + timedelta(minutes=10)
    assert again.backup.last_seen_at == NOON + timedelta(minutes=10)


def test_the_device_follows_but_never_backwards(archive: Archive) -> None:
    before = archive.device().updated_at
    archive.store(A, minutes=10)
    archive.store(None, minutes=20, status=FAILED)
    archive.store(B, minutes=15)

    device = archive.device()
    assert device.last_backup_status == FAILED
    assert device.last_backup_at == NOON + timedelta(minutes=20)
    assert device.updated_at == before


@pytest.mark.parametrize("content", [b"", b"a\r\nb\r\n", bytes(range(256)), b"x" * 5_000_000])
def test_any_bytes_come_back_exactly(archive: Archive, content: bytes) -> None:
    stored = archive.store(content)

    assert archive.read(stored.backup.id) == content
    assert stored.backup.size == len(content)


def test_content_and_status_must_agree(archive: Archive) -> None:
    for status, content in (("completed", None), ("quarantined", None), ("failed", b"")):
        with pytest.raises(Invalid) as refused:
            archive.store(content, status=status)
        assert refused.value.field == "content"

    assert archive.rows() == []


def test_content_above_the_setting_is_refused(archive: Archive) -> None:
    key = "system.backup.max_size_mib"
    with archive.database.unit() as db:
        db.add(AdminSetting(key=key, value=1, value_type=ValueType.NUMBER, category="system"))

    archive.store(b"x" * 1024 * 1024)
    with pytest.raises(Invalid, match="max_size_mib") as refused:
        archive.store(b"x" * (1024 * 1024 + 1))

    assert refused.value.field == "content"


@pytest.mark.parametrize("unknown", [new_id(), "not-a-uuid", ""])
def test_what_a_capture_refers_to_must_be_there(archive: Archive, unknown: UUID | str) -> None:
    with pytest.raises(Invalid) as no_device:
        archive.database.run(store_backup, BackupCreate(device_id=unknown), content=A)
    create = BackupCreate(device_id=archive.devices[0], job_log_id=unknown)
    with pytest.raises(Invalid) as no_run:
        archive.database.run(store_backup, create, content=A)

    assert no_device.value.field == "device_id"
    assert no_run.value.field == "job_log_id"
    assert archive.count(Content) == 0


def test_an_error_inside_a_unit_leaves_it_usable(archive: Archive) -> None:
    create = BackupCreate(device_id=archive.devices[0])

    def refused_then_stored(db: Session) -> StoredBackup:
        with pytest.raises(Invalid):
            store_backup(db, create, "s" * 101, A)
        return store_backup(db, create, content=A)

    stored = archive.database.run_body(refused_then_stored)

    assert [row.id for row in archive.rows()] == [stored.backup.id]


def test_a_stale_lease_cannot_store(archive: Archive) -> None:
    device_id = archive.devices[0]
    lease = DeviceLease(device_id=device_id, owner="w", token=7, expires_at=NOON)
    with archive.database.unit() as db:
        db.add(lease)
    create = BackupCreate(device_id=device_id)

    with pytest.raises(Conflict) as stale:
        archive.database.run(store_backup, create, content=A, lease_token=6)
    with pytest.raises(Conflict):
        archive.database.run(
            store_backup, BackupCreate(device_id=archive.devices[1]), content=A, lease_token=7
        )
    stored = archive.database.run(store_backup, create, content=A, lease_token=7)

    assert stale.value.field == "lease"
    assert stored.is_new
    assert archive.count(Backup) == 1


def test_without_a_key_nothing_is_stored(archive: Archive) -> None:
    keyless = make_sessions(archive.database.url, None, pool=NullPool)
    create = BackupCreate(device_id=archive.devices[0])

    with pytest.raises(KeyUnavailable), unit_of_work(keyless) as db:
        store_backup(db, create, content=A)

    assert archive.count(Backup) == archive.count(Content) == 0


def test_under_another_key_ring_nothing_is_added(archive: Archive) -> None:
    archive.store(A * 20)
    foreign = make_sessions(archive.database.url, KeyRing.generate(), pool=NullPool)
    create = BackupCreate(device_id=archive.devices[0])

    with pytest.raises(KeyUnavailable), unit_of_work(foreign) as db:
        store_backup(db, create, content=B * 20)

    assert archive.count(Backup) == 1


def test_a_damaged_base_does_not_lose_a_new_version(archive: Archive) -> None:
    first = archive.store(A * 20)
    with archive.database.unit() as db:
        db.execute(update(Content).values(data=b"garbage"))

    second = archive.store(B * 20, minutes=1)

    assert second.previous is not None
    assert second.previous.id == first.backup.id
    assert archive.read(second.backup.id) == B * 20


def test_storing_leaves_no_audit_event(archive: Archive) -> None:
    archive.store(A)

    with archive.database.unit() as db:
        assert db.scalars(select(AuditEvent)).all() == []


def test_a_batch_does_for_each_what_a_single_call_does(archive: Archive) -> None:
    one, two, three = archive.devices
    archive.store(A, one)
    archive.store(A, two)
    captures = [
        BackupCapture(BackupCreate(device_id=three), B),
        BackupCapture(BackupCreate(device_id=new_id()), A),
        BackupCapture(BackupCreate(device_id=two, status=FAILED)),
        BackupCapture(BackupCreate(device_id=one), A),
        BackupCapture(BackupCreate(device_id=three, config_type="startup"), B.decode()),
        BackupCapture(BackupCreate(device_id=two), None),
        BackupCapture(BackupCreate(device_id=three), A),
        BackupCapture(BackupCreate(device_id=three), A),
    ]

    outcomes = archive.database.run(store_backups, captures, now=NOON + timedelta(hours=1))

    told = [
        (one.backup.device_id, one.backup.version, one.is_new)
        if isinstance(one, StoredBackup)
        else str(one)
        for one in outcomes
    ]
    assert told == [
        (three, 1, True),
        "device_id: there is no such device",
        (two, None, True),
        (one, 1, False),
        (three, 1, True),
        "content: is missing",
        (three, 2, True),
        (three, 2, False),
    ]
    assert archive.count(Backup) == 6
    assert archive.device(two).last_backup_status == FAILED
    assert archive.check() == 2


def test_an_empty_batch_is_no_work(archive: Archive) -> None:
    assert archive.database.run(store_backups, []) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"config_type": "Running"},
        {"config_type": ""},
        {"config_type": "a" * 33},
        {"serial_number": "s" * 101},
        {"author": "a" * 256},
        {"status": "success"},
        {"grade": "D"},
        {"version": 3},
    ],
)
def test_the_schema_refuses(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BackupCreate.model_validate({"device_id": new_id(), **fields})


def _run(archive: Archive) -> UUID:
    run = JobLog(id=new_id(), job_type=JobType.BACKUP, actor_name="system")
    with archive.database.unit() as db:
        db.add(run)
    return run.id


def test_the_latest_completed_backups_of_many_devices_are_found_at_once(archive: Archive) -> None:
    one, two, three = archive.devices
    archive.store(A, one)
    latest = archive.store(B, one, minutes=1).backup.id
    archive.store(A, one, minutes=2, status=QUARANTINED)
    archive.store(A, one, minutes=3, config_type="startup")
    archive.store(A, two, status=QUARANTINED)
    other = archive.store(B, three).backup.id

    found = archive.database.run(get_latest_completed, [one, two, three, new_id()])

    assert {device: row.id for device, row in found.items()} == {one: latest, three: other}
    assert found[one].device.hostname == "core-1"
