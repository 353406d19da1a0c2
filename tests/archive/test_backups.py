"""Backups: listed, shown to those who may see them, changed, compared."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from netraven.archive.backups import (
    compare_backups,
    count_backups,
    delete_backup,
    get_backup,
    get_backup_content,
    get_backup_content_bytes,
    get_backups,
    update_backup,
)
from netraven.archive.storing import store_backup
from netraven.db import Id, new_id
from netraven.db.enums import BackupStatus, Role
from netraven.errors import Conflict, Corrupt, InUse, Invalid
from netraven.models import AuditEvent, Backup, Content, Device, User
from netraven.schemas.backup import BackupCreate, BackupRead, BackupUpdate
from tests.archive.conftest import FAILED, NOON, QUARANTINED, Archive

COMPLETED = BackupStatus.COMPLETED
NO_IDS: list[Id] = [new_id(), "not-a-uuid", ""]


def test_a_backup_is_read_with_its_device(archive: Archive) -> None:
    stored = archive.store("hostname core-1\n")

    by_uuid = archive.database.run(get_backup, stored.backup.id)
    by_text = archive.database.run(get_backup, str(stored.backup.id))

    assert by_uuid is not None
    assert by_text is not None
    assert by_uuid.id == by_text.id
    assert by_uuid.device.hostname == "core-1"


@pytest.mark.parametrize("nothing", NO_IDS)
def test_an_absent_backup_is_nothing(archive: Archive, nothing: Id) -> None:
    run = archive.database.run

    assert run(get_backup, nothing) is None
    assert run(get_backup_content, nothing) is None
    assert run(get_backup_content_bytes, nothing) is None
    assert run(update_backup, nothing, BackupUpdate(pinned=True)) is None
    assert run(delete_backup, nothing) is False
    assert run(compare_backups, nothing, nothing) is None
    assert run(get_backups, device_id=nothing) == []
    assert run(count_backups, nothing) == 0


def test_text_comes_back_as_it_went_in(archive: Archive) -> None:
    text = "a\r\nb\rc\x85d\udcff\n"

    stored = archive.store(text)

    assert archive.database.run(get_backup_content, stored.backup.id) == text


def test_a_failed_backup_has_no_content(archive: Archive) -> None:
    failed = archive.store(None, status=FAILED)

    assert archive.database.run(get_backup_content, failed.backup.id) is None
    assert archive.database.run(compare_backups, failed.backup.id, failed.backup.id) is None


def test_pages_hold_each_backup_once_newest_first(archive: Archive) -> None:
    with archive.database.unit() as db:
        for number in range(25):
            create = BackupCreate(device_id=archive.devices[number % 3])
            store_backup(db, create, content=b"%d" % number, now=NOON)
    run = archive.database.run

    for size in (1, 2, 7):
        pages = [run(get_backups, skip, size) for skip in range(0, 25, size)]
        listed = [row.id for page in pages for row in page]
        assert listed == sorted(set(listed), reverse=True)
        assert len(listed) == run(count_backups) == 25


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("skip", {"skip": -1}),
        ("limit", {"limit": 0}),
        ("limit", {"limit": 1001}),
        ("status", {"status": "success"}),
    ],
)
def test_impossible_lists_are_refused(
    sqlite_archive: Archive, field: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as refused, sqlite_archive.database.unit() as db:
        get_backups(db, **arguments)  # type: ignore[call-overload]

    assert refused.value.field == field


def test_filters_are_joined_and_bounds_inclusive(archive: Archive) -> None:
    one, two, _ = archive.devices
    first = archive.store("1", one).backup.id
    second = archive.store("2", one, minutes=1, status=QUARANTINED, pinned=True).backup.id
    third = archive.store("3", one, minutes=2, config_type="startup").backup.id
    fourth = archive.store("4", two, minutes=3, is_automatic=False).backup.id

    def listed(**wanted: object) -> list[UUID]:
        found = archive.database.run(get_backups, **wanted)  # type: ignore[arg-type]
        assert len(found) == archive.database.run(count_backups, **wanted)  # type: ignore[arg-type]
        return [row.id for row in found]

    assert listed(device_id=one) == [third, second, first]
    assert listed(device_id=one, status="completed") == [third, first]
    assert listed(pinned=True) == [second]
    assert listed(config_type="running", pinned=False) == [fourth, first]
    assert listed(is_automatic=False) == [fourth]
    assert listed(status="", config_type="") == [fourth, third, second, first]
    minute, naive = timedelta(minutes=1), datetime(2026, 3, 2, 12, 2)  # noqa: DTZ001
    assert listed(start_date=NOON + minute, end_date=naive) == [third, second]


def test_others_backups_are_neither_listed_counted_nor_read(archive: Archive) -> None:
    alice, bob, admin, retired = _users(archive)
    mine = archive.store("1", archive.devices[0]).backup.id
    his = archive.store("2", archive.devices[1]).backup.id
    nobodys = archive.store("3", archive.devices[2]).backup.id
    with archive.database.unit() as db:
        db.get_one(Device, archive.devices[0]).owner_id = alice
        db.get_one(Device, archive.devices[1]).owner_id = bob
    run = archive.database.run

    def seen_by(user: Id) -> set[UUID]:
        found = {row.id for row in run(get_backups, visible_to=user)}
        assert len(found) == run(count_backups, visible_to=user)
        return found

    assert seen_by(alice) == {mine, nobodys}
    assert seen_by(admin) == {mine, his, nobodys}
    assert seen_by(retired) == seen_by(new_id()) == set()
    assert run(get_backup, his, visible_to=alice) is None
    assert run(get_backup_content, his, visible_to=alice) is None
    assert run(compare_backups, mine, his, visible_to=alice) is None
    assert run(get_backup_content, mine, visible_to=alice) == "1"


def test_comment_and_pin_change_and_are_audited_once(archive: Archive) -> None:
    backup_id = archive.store("1", comment="old").backup.id
    wanted = BackupUpdate(comment=None, pinned=True)

    changed = archive.database.run(update_backup, backup_id, wanted)
    archive.database.run(update_backup, backup_id, wanted)
    archive.database.run(update_backup, backup_id, BackupUpdate())

    (row,) = archive.rows()
    assert changed is not None
    assert (row.comment, row.pinned) == (None, True)
    (event,) = _events(archive)
    assert (event.event_name, event.target_id) == ("backup_updated", str(backup_id))
    assert event.changes == {
        "comment": {"before": "old", "after": None},
        "pinned": {"before": False, "after": True},
    }


def test_what_is_left_out_stays(archive: Archive) -> None:
    backup_id = archive.store("1", comment="kept").backup.id

    archive.database.run(update_backup, backup_id, BackupUpdate(pinned=True))

    assert archive.rows()[0].comment == "kept"


def test_a_quarantined_backup_is_accepted_and_keeps_its_version(archive: Archive) -> None:
    archive.store("1\n2\n")
    cut = archive.store("1\n", minutes=1, status=QUARANTINED).backup
    updated_at = archive.device().updated_at
    wanted = BackupUpdate(status=COMPLETED, reason="the router was emptied")

    archive.database.run(update_backup, cut.id, wanted)
    again = archive.store("1\n", minutes=2)

    assert again.backup.id == cut.id
    assert (again.backup.version, again.backup.status, again.is_new) == (2, COMPLETED, False)
    assert archive.device().last_backup_status == COMPLETED
    assert archive.device().updated_at == updated_at
    (event,) = _events(archive)
    assert event.event_name == "backup_accepted"
    assert event.changes["reason"] == "the router was emptied"


def test_an_older_capture_does_not_speak_for_the_device(archive: Archive) -> None:
    cut = archive.store("1\n", status=QUARANTINED).backup
    archive.store(None, minutes=1, status=FAILED)

    archive.database.run(update_backup, cut.id, BackupUpdate(status=COMPLETED))

    assert archive.device().last_backup_status == FAILED


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("completed", "quarantined"),
        ("completed", "completed"),
        ("failed", "completed"),
        ("quarantined", "failed"),
    ],
)
def test_no_other_step_between_states_is_legal(archive: Archive, status: str, wanted: str) -> None:
    content = None if status == "failed" else "1"
    backup_id = archive.store(content, status=status).backup.id
    change = BackupUpdate.model_validate({"status": wanted, "comment": "never stored"})

    with pytest.raises(Conflict) as refused:
        archive.database.run(update_backup, backup_id, change)

    assert refused.value.field == "status"
    assert archive.rows()[0].comment is None
    assert _events(archive) == []


@pytest.mark.parametrize("fields", [{"pinned": None}, {"status": None}, {"version": 1}])
def test_the_schema_refuses_what_cannot_change(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BackupUpdate.model_validate(fields)


def test_a_pinned_backup_is_not_deleted(archive: Archive) -> None:
    backup_id = archive.store("1", pinned=True).backup.id

    with pytest.raises(InUse):
        archive.database.run(delete_backup, backup_id)

    assert archive.read(backup_id) == b"1"
    assert _events(archive) == []


def test_a_deleted_backup_is_audited_and_its_number_not_used_again(archive: Archive) -> None:
    archive.store("1")
    second = archive.store("2", minutes=1).backup.id

    assert archive.database.run(delete_backup, second)
    third = archive.store("3", minutes=2).backup

    assert third.version == 3
    (event,) = _events(archive)
    assert (event.event_name, event.target_name) == ("backup_deleted", "core-1 running version 2")
    assert archive.check() == 2


def test_a_deleted_failed_backup_leaves_the_rest(archive: Archive) -> None:
    kept = archive.store("1").backup.id
    failed = archive.store(None, minutes=1, status=FAILED).backup.id

    assert archive.database.run(delete_backup, failed)

    assert [row.id for row in archive.rows()] == [kept]


def test_two_versions_are_compared(archive: Archive) -> None:
    first = archive.store("a\nb\n").backup.id
    second = archive.store("a\nc\nd\n", minutes=1).backup.id
    run = archive.database.run

    found = run(compare_backups, first, str(second))
    same = run(compare_backups, first, first)

    assert found is not None
    assert same is not None
    assert (found.a_id, found.b_id, found.identical) == (first, second, False)
    assert (found.added, found.removed) == (2, 1)
    assert found.diff == "--- a\n+++ b\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+d\n"
    assert (same.identical, same.added, same.removed, same.diff) == (True, 0, 0, "")


def test_any_flipped_byte_of_a_content_is_noticed_by_every_reader(sqlite_archive: Archive) -> None:
    backup_id = sqlite_archive.store("hostname core-1\n").backup.id
    with sqlite_archive.database.unit() as db:
        sealed = db.scalars(select(Content.data)).one()

    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1 << random.Random(place).randrange(8)
        with sqlite_archive.database.unit() as db:
            db.execute(update(Content).values(data=bytes(broken)))
            for reader in (get_backup_content, get_backup_content_bytes):
                with pytest.raises(Corrupt):
                    reader(db, backup_id)
            with pytest.raises(Corrupt):
                compare_backups(db, backup_id, backup_id)


@pytest.mark.parametrize(
    "damage",
    [
        update(Content).values(size=Content.size + 1),
        update(Content).values(size=Content.size - 1),
        update(Backup).values(size=0),
    ],
)
def test_a_changed_size_is_noticed(archive: Archive, damage: object) -> None:
    backup_id = archive.store("hostname core-1\n").backup.id
    with archive.database.unit() as db:
        db.execute(damage)  # type: ignore[call-overload]

    with pytest.raises(Corrupt):
        archive.database.run(get_backup_content, backup_id)


def test_contents_swapped_between_rows_are_noticed(archive: Archive) -> None:
    backups = [archive.store(str(place), archive.devices[place]).backup for place in (0, 1)]
    addresses = [backup.content_hash or "" for backup in backups]
    with archive.database.unit() as db:
        sealed = {row.hash: row.data for row in db.execute(select(Content.hash, Content.data))}
        for address, other in zip(addresses, reversed(addresses), strict=True):
            swapped = update(Content).where(Content.hash == address)
            db.execute(swapped.values(data=sealed[other]))

    for backup in backups:
        with pytest.raises(Corrupt):
            archive.database.run(get_backup_content, backup.id)


def test_what_doors_show_of_a_backup_holds_no_hash(archive: Archive) -> None:
    stored = archive.store("1", normal_hash="1:aa").backup

    shown = BackupRead.model_validate(stored).model_dump_json()

    assert stored.content_hash is not None
    assert stored.content_hash not in shown
    assert "1:aa" not in shown


def _users(archive: Archive) -> list[UUID]:
    def user(name: str, role: Role, *, is_active: bool = True) -> User:
        return User(
            id=new_id(),
            username=name,
            username_key=name,
            email=f"{name}@example.com",
            email_key=f"{name}@example.com",
            password_hash="-",
            role=role,
            is_active=is_active,
        )

    users = [
        user("alice", Role.OPERATOR),
        user("bob", Role.VIEWER),
        user("admin", Role.ADMIN),
        user("retired", Role.ADMIN, is_active=False),
    ]
    with archive.database.unit() as db:
        db.add_all(users)
    return [each.id for each in users]


def _events(archive: Archive) -> list[AuditEvent]:
    def events(db: Session) -> list[AuditEvent]:
        return list(db.scalars(select(AuditEvent).order_by(AuditEvent.seq)))

    with archive.database.unit() as db:
        return events(db)
