"""Weaves stay true to their series: whatever is stored, accepted, removed, damaged or made anew."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from netraven.archive.backups import delete_backup, update_backup
from netraven.archive.devices import delete_device
from netraven.archive.retention import apply_backup_retention
from netraven.archive.search_history import search_history
from netraven.archive.series import Series
from netraven.archive.storing import BackupCapture, store_backups
from netraven.archive.weave import Weave
from netraven.archive.weave_build import keep_woven, weave_series
from netraven.archive.weave_frame import open_weave
from netraven.archive.weave_standing import find_unwoven, get_history_status
from netraven.archive.weave_store import FreshWeave, keep_weaves, load_weaves
from netraven.archive.weave_verify import verify_weaves
from netraven.db import get_keyring
from netraven.db.enums import BackupStatus
from netraven.models import Backup, BackupChange, Content, Device, History
from netraven.schemas.backup import BackupCreate, BackupUpdate
from netraven.schemas.retention import RetentionPolicy
from tests.archive.conftest import NOON, QUARANTINED, Archive

CERTIFICATE = "".join(f"  3082{number:04X} 30820218 A0030201 02020101\n" for number in range(9))


def texts(count: int) -> list[bytes]:
    draw = random.Random(4)
    lines = [f"interface Gi0/{number}\n description port\n" for number in range(12)]
    made = []
    for number in range(count):
        lines[draw.randrange(len(lines))] = f" description change {number}\n"
        lines.insert(draw.randrange(len(lines)), "!\n")
        del lines[draw.randrange(len(lines))]
        made.append("".join(lines).encode())
    return made


def series(archive: Archive, number: int = 0) -> Series:
    return archive.devices[number], "running"


def misfits(archive: Archive) -> tuple[Series, ...]:
    """Compare every weave with the contents of all its versions; all must be current."""
    report = archive.database.run(verify_weaves)
    status = archive.database.run(get_history_status)
    assert status.unwoven == 0
    assert report.checked == status.series
    return report.misfits


def weave_of(archive: Archive) -> Weave:
    with archive.database.unit() as db:
        row = load_weaves(db, [series(archive)])[series(archive)]
        keyring = get_keyring(db)
        assert keyring is not None
        return open_weave(keyring, row)


def kept(archive: Archive) -> tuple[int, ...]:
    return weave_of(archive).kept


def test_every_version_stored_is_woven_in(archive: Archive) -> None:
    archive.store_all(texts(6))
    archive.store_all([b"", b"\n", b"no end", b"\xff\x00\r\n"], archive.devices[1])

    assert misfits(archive) == ()
    assert kept(archive) == (1, 2, 3, 4, 5, 6)
    assert archive.count(BackupChange) == 5 + 2


def test_a_weave_knows_which_lines_need_not_be_looked_at_again(archive: Archive) -> None:
    first = b"hostname r1\nsnmp-server community first RO\nend\n"
    archive.store_all([first, first.replace(b"first", b"second")])

    weave = weave_of(archive)

    assert weave.plain_lines == {b"hostname r1", b"end", b""}
    assert not any(secret in b"\n".join(weave.lines) for secret in (b"first", b"second"))
    assert misfits(archive) == ()


def test_marks_tell_of_their_versions_what_these_say(archive: Archive) -> None:
    archive.store(b"first\n")
    archive.store(b"second\n", minutes=1, author="ana")
    archive.store(b"second\n", config_type="startup", minutes=1)
    archive.store(b"third\n", config_type="startup", minutes=2)
    told = marks_and_versions(archive)

    with archive.database.unit() as db:
        db.execute(delete(History))
        db.execute(update(BackupChange).values(version=9, device_type="", author="x"))
    rebuilt(archive)

    assert [mark[1:] for mark, _ in told] == [
        ("running", "cisco_ios", 2, "ana", NOON + timedelta(minutes=1)),
        ("startup", "cisco_ios", 2, None, NOON + timedelta(minutes=2)),
    ]
    assert all(mark == version for mark, version in told)
    assert marks_and_versions(archive) == told


def test_a_batch_is_woven_in_with_a_handful_of_statements(sync_archive: Archive) -> None:
    def store_all(text: bytes) -> None:
        captures = [
            BackupCapture(BackupCreate(device_id=device), text) for device in sync_archive.devices
        ]
        sync_archive.database.run(store_backups, captures, now=NOON)

    store_all(b"first\n")
    store_all(b"second\n")

    assert misfits(sync_archive) == ()
    assert sync_archive.count(History) == 3


def test_a_version_given_up_in_its_unit_is_in_no_weave(sync_archive: Archive) -> None:
    sync_archive.store(b"first\n")
    capture = BackupCapture(BackupCreate(device_id=sync_archive.devices[0]), b"second\n")

    def interrupted() -> None:
        with sync_archive.database.unit() as db:
            store_backups(db, [capture])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert kept(sync_archive) == (1,)
    assert misfits(sync_archive) == ()


@pytest.mark.parametrize("seed", range(3))
def test_removed_versions_leave_the_weave(archive: Archive, seed: int) -> None:
    ids = archive.store_all(texts(9))
    draw = random.Random(seed)

    while ids:
        archive.database.run(delete_backup, ids.pop(draw.randrange(len(ids))))
        if ids:
            assert misfits(archive) == ()
            assert len(kept(archive)) == len(ids)
    assert archive.count(History) == archive.count(BackupChange) == 0


def test_a_version_after_removals_goes_on_from_the_newest_left(archive: Archive) -> None:
    ids = archive.store_all(texts(5))
    archive.database.run(delete_backup, ids[4])
    archive.database.run(delete_backup, ids[2])

    archive.store(texts(7)[6], minutes=9)

    assert kept(archive) == (1, 2, 4, 6)
    assert misfits(archive) == ()


def test_retention_keeps_weaves_true(archive: Archive) -> None:
    archive.store_all(texts(8))
    archive.store_all(texts(3), archive.devices[1])
    policy = RetentionPolicy(keep_days=1, keep_last=2, keep_daily=0, keep_weekly=0, keep_monthly=0)

    archive.database.run(apply_backup_retention, policy=policy, now=NOON + timedelta(days=9))

    assert kept(archive) == (7, 8)
    assert misfits(archive) == ()


def test_nothing_of_a_deleted_device_lingers(archive: Archive) -> None:
    archive.store_all(texts(4))

    assert archive.database.run(delete_device, archive.devices[0])

    assert archive.count(History) == archive.count(BackupChange) == archive.count(Content) == 0


def test_another_platform_on_the_same_device_is_woven_on(archive: Archive) -> None:
    secret = b"username ops secret 5 $1$abcd$ThisIsTheHash\nhostname a\n"
    archive.store(secret)
    with archive.database.unit() as db:
        db.execute(update(Device).values(device_type="juniper_junos"))
    archive.store(secret + b"set system host-name b\n", minutes=1)
    archive.store(secret + b"set system host-name c\n", minutes=2)

    assert kept(archive) == (1, 2, 3)
    assert misfits(archive) == ()


def test_certificates_are_folded_and_found_by_nobody(archive: Archive) -> None:
    archive.store(f"crypto pki certificate chain A\n{CERTIFICATE}  quit\nend\n")

    found = archive.database.run(search_history, "30820218")
    folded = archive.database.run(search_history, "‹opaque:")

    assert found.devices == ()
    assert folded.devices[0].count == 9
    assert misfits(archive) == ()


def test_missing_weaves_are_found_and_made_anew(archive: Archive) -> None:
    archive.store_all(texts(5))
    archive.store_all(texts(2), archive.devices[1])
    archive.store("doubted\n", archive.devices[2], status=QUARANTINED)
    with archive.database.unit() as db:
        db.execute(delete(History))
        db.execute(delete(BackupChange))

    assert rebuilt(archive) == 2

    assert misfits(archive) == ()
    assert archive.count(BackupChange) == 4 + 1
    assert rebuilt(archive) == 0


def test_unwoven_series_are_found_page_by_page(archive: Archive) -> None:
    for device in archive.devices:
        archive.store("text\n", device)
    with archive.database.unit() as db:
        db.execute(delete(History))

    found, after = list[Series](), None
    while True:
        page = archive.database.run(find_unwoven, after=after, limit=2)
        found += page.series
        after = page.last
        if after is None:
            break

    assert found == sorted((device, "running") for device in archive.devices)


def test_a_weave_behind_its_series_is_made_anew(archive: Archive) -> None:
    archive.store_all(texts(4))
    with archive.database.unit() as db:
        db.execute(update(History).values(last_version=2))
    archive.store(b"more\n", minutes=9)

    assert rebuilt(archive) == 1

    assert kept(archive) == (1, 2, 3, 4, 5)
    assert misfits(archive) == ()


def test_moments_of_removed_versions_outlive_a_new_weave(archive: Archive) -> None:
    ids = archive.store_all([b"a\n", b"b\n", b"c\n"])
    archive.database.run(delete_backup, ids[1])
    with archive.database.unit() as db:
        db.execute(update(History).values(view_rev="0-0"))

    assert rebuilt(archive) == 1

    page = archive.database.run(search_history, "nothing", at=NOON + timedelta(minutes=1))
    assert page.pruned == 1


def test_a_series_that_changes_meanwhile_is_left_for_the_next_time(archive: Archive) -> None:
    archive.store_all(texts(2))
    woven = archive.database.run(weave_series, series(archive))
    assert woven is not None
    archive.store(b"meanwhile\n", minutes=5)

    assert not archive.database.run(keep_woven, woven)

    assert kept(archive) == (1, 2, 3)
    assert misfits(archive) == ()


def test_a_damaged_content_costs_the_weave_only_that_version(archive: Archive) -> None:
    archive.store_all([b"one\n" * 9, b"two entirely different\n", b"three, again another\n"])
    with archive.database.unit() as db:
        second = select(Backup.content_hash).where(Backup.version == 2).scalar_subquery()
        db.execute(update(Content).where(Content.hash == second).values(data=b"\0" * 200))
        db.execute(delete(History))

    assert rebuilt(archive) == 1

    assert kept(archive) == (1, 3)
    found = archive.database.run(search_history, "three", at=NOON + timedelta(minutes=1))
    assert (found.devices, found.pruned) == ((), 1)


def test_a_weave_that_does_not_fit_its_contents_is_found(archive: Archive) -> None:
    archive.store_all([b"one\n", b"two\n"])
    with archive.database.unit() as db:
        keyring = get_keyring(db)
        assert keyring is not None
        row = load_weaves(db, [series(archive)])[series(archive)]
        weave = open_weave(keyring, row)
        weave.lines[0] = b"forged"
        keep_weaves(db, keyring, [FreshWeave(series(archive), weave, row.view_rev)])

    assert archive.database.run(verify_weaves).misfits == (series(archive),)

    woven = archive.database.run(weave_series, series(archive))
    assert woven is not None
    assert archive.database.run(keep_woven, woven)
    assert misfits(archive) == ()


def test_a_damaged_weave_is_found_and_hinders_no_removal(archive: Archive) -> None:
    ids = archive.store_all(texts(3))
    with archive.database.unit() as db:
        db.execute(update(History).values(data=b"\1" * 200))

    assert archive.database.run(verify_weaves).misfits == (series(archive),)
    archive.database.run(delete_backup, ids[0])

    assert archive.count(History) == 0
    assert rebuilt(archive) == 1
    assert misfits(archive) == ()


def test_accepting_weaves_a_version_in(archive: Archive) -> None:
    made = texts(4)
    archive.store(made[0])
    early = archive.store(made[1], minutes=1, status=QUARANTINED)
    archive.store(made[2], minutes=2)
    late = archive.store(made[3], minutes=3, status=QUARANTINED)
    accepted = BackupUpdate(status=BackupStatus.COMPLETED, reason="checked")

    for backup_id, versions in ((late.backup.id, (1, 3, 4)), (early.backup.id, (1, 2, 3, 4))):
        archive.database.run(update_backup, backup_id, accepted)
        assert kept(archive) == versions
        assert misfits(archive) == ()


def test_no_line_lies_in_clear_in_the_database(sync_archive: Archive) -> None:
    sync_archive.store(b"ip http server\n")
    sync_archive.store(b"ip http secure-server\n", minutes=1)

    with sync_archive.database.unit() as db:
        rows = [
            *db.execute(select(History.data, History.view_rev)),
            *db.execute(select(BackupChange.shape, BackupChange.exact)),
        ]

    assert rows
    assert all(
        b"http" not in bytes(value) for row in rows for value in row if isinstance(value, bytes)
    )


def marks_and_versions(archive: Archive) -> list[tuple[tuple[object, ...], tuple[object, ...]]]:
    """Return what each mark tells of its version, beside what the version's row says."""
    names = ("device_id", "config_type", "device_type", "version", "author")
    joined = select(BackupChange, Backup).join(Backup, Backup.id == BackupChange.backup_id)
    with archive.database.unit() as db:
        return [
            (
                (*(getattr(mark, name) for name in names), mark.at),
                (*(getattr(backup, name) for name in names), backup.created_at),
            )
            for mark, backup in db.execute(joined.order_by(BackupChange.at))
        ]


def rebuilt(archive: Archive) -> int:
    """Make all weaves anew that need it, as the background does; return their number."""
    run = archive.database.run
    unwoven = run(find_unwoven).series
    for one in unwoven:
        woven = run(weave_series, one)
        assert woven is not None
        assert run(keep_woven, woven)
    return len(unwoven)
