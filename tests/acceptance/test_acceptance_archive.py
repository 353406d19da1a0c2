"""Acceptance checks 17 to 21 and 38 of the data contract: backups, contents, retention.

Each runs on both databases with both kinds of session; what was written is read back by a session
of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from netraven.archive.storing import BackupCapture, StoredBackup, store_backups
from netraven.archive.unsealing import unseal_backup
from netraven.archive.views import get_redacted_content, redacted_diff
from netraven.crud import (
    apply_backup_retention,
    compare_backups,
    create_backup,
    delete_backup,
    get_backup,
    get_backup_content,
    get_backup_content_bytes,
    get_backups,
    update_backup,
    verify_backups,
)
from netraven.db import Id
from netraven.errors import Corrupt, InUse
from netraven.models import Backup, Content
from netraven.schemas.backup import BackupComparison, BackupCreate, BackupUpdate, VerifyReport
from netraven.schemas.retention import RetentionPolicy, RetentionReport
from tests.archive.conftest import FAILED, NOON, QUARANTINED, Archive
from tests.archive.test_diff import applied, longest_common, split
from tests.conftest import Database

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def archive(database: Database) -> Archive:
    """Return an archive of three devices, reached four ways."""
    return Archive(database)


def test_acceptance_17_equal_texts_are_one_version_and_one_content(archive: Archive) -> None:
    for minutes, text in enumerate(["A\n", "A\n", "B\n", "A\n"]):
        archive.store(text, minutes=minutes)
    startup = archive.store("A\n", minutes=9, config_type="startup").backup

    running = [row for row in archive.rows() if row.config_type == "running"]
    assert [row.version for row in running] == [1, 2, 3]
    assert startup.version == 1
    assert archive.count(Content) == 2
    assert [row.last_seen_at - row.created_at for row in running] == [
        timedelta(minutes=1),
        timedelta(0),
        timedelta(0),
    ]
    assert [archive.read(row.id) for row in running] == [b"A\n", b"B\n", b"A\n"]


@pytest.mark.parametrize(
    "content",
    [b"", b"a\r\nb\r\n\r", bytes(range(256)) * 3, random.Random(5).randbytes(5_000_000)],
    ids=["empty", "CRLF", "all byte values", "5 MB"],
)
def test_acceptance_18_bytes_return_unchanged(archive: Archive, content: bytes) -> None:
    backup_id = archive.store(content).backup.id

    text = archive.database.run(get_backup_content, backup_id)

    assert archive.read(backup_id) == content
    assert text is not None
    assert text.encode("utf-8", "surrogateescape") == content


def test_acceptance_18_a_text_returns_as_it_went_in(archive: Archive) -> None:
    text = "hostname Zürich\r\n\udcff banner ‹x›\n\n"

    backup_id = archive.store(text).backup.id

    assert archive.database.run(get_backup_content, backup_id) == text


@pytest.mark.parametrize("damage", ["data", "hash", "size"])
def test_acceptance_19_a_changed_content_is_corrupt_to_every_reader(
    archive: Archive, damage: str
) -> None:
    victim = archive.store("hostname core-1\nntp server 192.0.2.1\n").backup.id
    sound = archive.store("hostname core-2\n", archive.devices[1]).backup.id
    archive.database.run_body(lambda db: _damage(db, victim, damage))
    run = archive.database.run

    readers: list[Callable[[], object]] = [
        lambda: run(get_backup_content, victim),
        lambda: run(get_backup_content_bytes, victim),
        lambda: run(compare_backups, victim, sound),
        lambda: run(compare_backups, sound, victim),
        lambda: run(get_redacted_content, victim),
        lambda: run(redacted_diff, victim, sound),
        lambda: run(unseal_backup, victim, reason="restore"),
    ]
    for reader in readers:
        with pytest.raises(Corrupt):
            reader()

    report = run(verify_backups)
    assert isinstance(report, VerifyReport)
    assert (report.checked, report.corrupt_ids) == (2, (victim,))
    assert archive.read(sound) == b"hostname core-2\n"


def _damage(db: Session, backup_id: UUID, damage: str) -> None:
    address = db.scalars(select(Backup.content_hash).where(Backup.id == backup_id)).one()
    columns = select(*Content.__table__.columns)
    row = dict(db.execute(columns.where(Content.hash == address)).mappings().one())
    changed = update(Content).where(Content.hash == address)
    match damage:
        case "data":
            broken = bytearray(row["data"])
            broken[len(broken) // 2] ^= 1
            db.execute(changed.values(data=bytes(broken)))
        case "size":
            db.execute(changed.values(size=row["size"] + 1))
        case _:
            other = "0" * 64
            db.execute(insert(Content).values(row | {"hash": other}))
            db.execute(update(Backup).where(Backup.id == backup_id).values(content_hash=other))
            db.execute(delete(Content).where(Content.hash == address))


def test_acceptance_20_a_pinned_backup_is_not_deleted(archive: Archive) -> None:
    backup_id = archive.store("A\n").backup.id
    archive.database.run(update_backup, backup_id, BackupUpdate(pinned=True))

    with pytest.raises(InUse):
        archive.database.run(delete_backup, backup_id)

    assert archive.read(backup_id) == b"A\n"


def test_acceptance_20_content_goes_with_its_last_backup(archive: Archive) -> None:
    mine = archive.store("A\n").backup.id
    other = archive.store("A\n", archive.devices[1]).backup.id

    assert archive.database.run(delete_backup, mine)
    assert archive.read(other) == b"A\n"
    assert archive.count(Content) == 1

    assert archive.database.run(delete_backup, other)
    assert archive.count(Content) == archive.count(Backup) == 0
    assert not archive.database.run(delete_backup, other)


def test_acceptance_20_a_deleted_backup_is_nowhere(archive: Archive) -> None:
    first, second = archive.store_all([b"A\n", b"B\n"])

    archive.database.run(delete_backup, first)

    assert [row.id for row in archive.database.run(get_backups)] == [second]
    assert archive.database.run(get_backup, first) is None
    assert archive.database.run(get_backup_content, first) is None
    assert archive.database.run(compare_backups, first, second) is None


def test_acceptance_20_a_rollback_restores_row_and_content(archive: Archive) -> None:
    ids = archive.store_all([b"A\n" * 50, b"A\n" * 50 + b"B\n", b"A\n" * 50 + b"C\n"])

    def delete_and_fail(db: Session) -> None:
        assert delete_backup(db, ids[0])
        raise LookupError

    with pytest.raises(LookupError):
        archive.database.run_body(delete_and_fail)

    assert [archive.read(each) for each in ids] == [
        b"A\n" * 50,
        b"A\n" * 50 + b"B\n",
        b"A\n" * 50 + b"C\n",
    ]
    assert archive.check() == 3


def test_acceptance_21_a_diff_counts_right_and_leads_from_a_to_b(archive: Archive) -> None:
    chance = random.Random(21)
    pairs = [_pair(chance) for _ in range(1_000)]
    captures = [
        BackupCapture(BackupCreate(device_id=archive.devices[0], config_type=f"{kind}{n}"), text)
        for n, pair in enumerate(pairs)
        for kind, text in zip("ab", pair, strict=True)
    ]

    def store_and_compare(db: Session) -> list[BackupComparison | None]:
        stored = store_backups(db, captures, now=NOON)
        ids: list[Id] = [one.backup.id for one in stored if isinstance(one, StoredBackup)]
        return [compare_backups(db, a, b) for a, b in zip(ids[::2], ids[1::2], strict=True)]

    compared = archive.database.run_body(store_and_compare)

    assert len(compared) == 1_000
    for (a, b), found in zip(pairs, compared, strict=True):
        assert found is not None
        kept = longest_common(split(a), split(b))
        assert (found.added, found.removed) == (len(split(b)) - kept, len(split(a)) - kept)
        assert found.identical == (a == b) == (found.diff == "")
        assert applied(found.diff, a) == b


def _pair(chance: random.Random) -> tuple[bytes, bytes]:
    words = [b"interface 1", b" shutdown", b"!", b" mtu 9000", b"\r", b"end", b""]
    a = [chance.choice(words) for _ in range(chance.randrange(30))]
    b = list(a)
    for _ in range(chance.randrange(5)):
        place = chance.randrange(len(b) + 1)
        b[place : place + chance.randrange(3)] = chance.sample(words, chance.randrange(3))
    ending = (b"", b"\n")
    return b"\n".join(a) + chance.choice(ending), b"\n".join(b) + chance.choice(ending)


def test_acceptance_21_five_megabytes_with_one_changed_line(archive: Archive) -> None:
    lines = [b"line %d is like the others\n" % number for number in range(180_000)]
    a = b"".join(lines)
    b = a.replace(lines[90_000], b"changed\n")
    ids = archive.store_all([a, b])

    found = archive.database.run(compare_backups, *ids)

    assert len(a) > 5_000_000
    assert found is not None
    assert (found.added, found.removed, found.identical) == (1, 1, False)
    assert applied(found.diff, a) == b


def test_acceptance_38_the_worked_example(archive: Archive) -> None:
    spans = [("01-10", "04-20"), ("04-21", "05-02"), ("05-03", "05-30"), ("06-01", "06-10")]
    spans.append(("06-11", "06-29"))
    ids = [
        _seen(archive, f"{number}\n", *(datetime.fromisoformat(f"2026-{day}") for day in span))
        for number, span in enumerate(spans, start=1)
    ]
    policy = RetentionPolicy(keep_days=7, keep_last=1, keep_daily=0, keep_weekly=0, keep_monthly=3)

    foretold = _retain(archive, policy, dry_run=True)
    done = _retain(archive, policy)

    assert asdict(foretold) == asdict(done)
    assert set(done.removed_ids) == {ids[0], ids[3]}
    assert [row.version for row in archive.rows()] == [2, 3, 5]
    assert archive.check() == 3


def test_acceptance_38_what_must_stay_stays(archive: Archive) -> None:
    def at(days: int) -> datetime:
        return NOW - timedelta(days=days)

    pinned = _seen(archive, "pinned\n", at(900), pinned=True)
    weekly = _seen(archive, "weekly\n", at(15))
    daily = _seen(archive, "daily, though not the last\n", at(4), at(3))
    last_but_one = _seen(archive, "last but one\n", at(2))
    newest = _seen(archive, "newest\n", at(2))
    young = _seen(archive, None, at(1), status=FAILED)
    gone = [
        _seen(archive, "old and doubted\n", at(2), status=QUARANTINED),
        _seen(archive, None, at(2), status=FAILED),
        _seen(archive, "a year ago\n", at(365), device=1),
    ]
    others = [_seen(archive, f"{number}\n", at(300), device=1) for number in range(2)]
    policy = RetentionPolicy(keep_days=1, keep_last=2, keep_daily=4, keep_weekly=3)

    foretold = _retain(archive, policy, dry_run=True)
    done = _retain(archive, policy)
    again = _retain(archive, policy)

    assert asdict(foretold) == asdict(done)
    assert set(done.removed_ids) == set(gone)
    assert {row.id for row in archive.rows()} == {
        pinned,
        weekly,
        daily,
        last_but_one,
        newest,
        young,
    }
    assert [row.id for row in archive.rows(archive.devices[1])] == others
    assert again.removed == 0


def _seen(
    archive: Archive,
    content: str | None,
    first: datetime,
    last: datetime | None = None,
    *,
    device: int = 0,
    **fields: object,
) -> UUID:
    create = BackupCreate.model_validate({"device_id": archive.devices[device], **fields})
    run = archive.database.run
    kept = run(create_backup, create, content=content, now=first)
    if last is not None:
        assert run(create_backup, create, content=content, now=last).id == kept.id
    return kept.id


def _retain(archive: Archive, policy: RetentionPolicy, *, dry_run: bool = False) -> RetentionReport:
    return archive.database.run(apply_backup_retention, policy=policy, dry_run=dry_run, now=NOW)
