"""Writers at the same time, on connections of their own: nothing is lost, doubled or stuck."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from multiprocessing import get_context
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import NullPool

from netraven.archive.backups import delete_backup, update_backup
from netraven.archive.retention import apply_backup_retention
from netraven.archive.storing import BackupCapture, StoredBackup, store_backup, store_backups
from netraven.db import KeyRing, make_sessions, unit_of_work
from netraven.errors import StorageFailed
from netraven.models import Backup, Content
from netraven.schemas.backup import BackupCreate, BackupUpdate
from netraven.schemas.retention import RetentionPolicy, RetentionReport
from tests.archive.conftest import NOON, Archive
from tests.archive.test_chains import versions

A, B = versions(2)
WAITING_S = 0.3
LATER = NOON + timedelta(days=90)
STRICT = RetentionPolicy(keep_days=1, keep_last=1)


def store(archive: Archive, text: bytes, device_id: UUID) -> StoredBackup:
    with archive.database.unit() as db:
        return store_backup(db, BackupCreate(device_id=device_id), content=text)


def delete(archive: Archive, backup_id: UUID) -> bool:
    with archive.database.unit() as db:
        return delete_backup(db, backup_id)


def retain(archive: Archive) -> RetentionReport:
    with archive.database.unit() as db:
        return apply_backup_retention(db, policy=STRICT, now=LATER)


@pytest.fixture
def second_writer() -> Iterator[Callable[..., Future[object]]]:
    """Return a way to start work in another thread, which may have to wait for the first."""
    with ThreadPoolExecutor(1) as pool:

        def start(work: Callable[..., object], *arguments: object) -> Future[object]:
            started = pool.submit(work, *arguments)
            wait([started], WAITING_S)
            return started

        yield start


def test_two_stores_of_the_same_new_text_give_one_row(sync_archive: Archive) -> None:
    together = Barrier(2)

    def one_store() -> StoredBackup:
        together.wait()
        return store(sync_archive, A, sync_archive.devices[0])

    with ThreadPoolExecutor(2) as pool:
        stored = [started.result() for started in [pool.submit(one_store) for _ in range(2)]]

    assert sorted(one.is_new for one in stored) == [False, True]
    assert stored[0].backup.id == stored[1].backup.id
    assert sync_archive.count(Backup) == 1


def test_versions_of_many_writers_have_no_gap(sync_archive: Archive) -> None:
    device_id = sync_archive.devices[0]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda text: store(sync_archive, text, device_id), versions(20)))

    assert sorted(row.version or 0 for row in sync_archive.rows()) == list(range(1, 21))
    assert sync_archive.check() == 20


def test_versions_of_two_processes_have_no_gap(sync_archive: Archive) -> None:
    texts = versions(24)
    shares = [texts[:12], texts[12:]]
    keys = sync_archive.database.keyring.to_text()
    device_id = sync_archive.devices[0]

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        works = [
            pool.submit(store_elsewhere, sync_archive.database.url, keys, device_id, share)
            for share in shares
        ]
        stored = [version for work in works for version in work.result()]

    assert sorted(stored) == list(range(1, 25))
    assert sorted(row.version or 0 for row in sync_archive.rows()) == list(range(1, 25))
    assert sync_archive.check() == 24


def store_elsewhere(url: str, keys: str, device_id: UUID, texts: list[bytes]) -> list[int]:
    """Store in a process of its own; return the version of each text."""
    sessions = make_sessions(url, KeyRing.from_text(keys), pool=NullPool)
    made: list[int] = []
    for text in texts:
        with unit_of_work(sessions) as db:
            stored = store_backup(db, BackupCreate(device_id=device_id), content=text)
        made.append(stored.backup.version or 0)
    return made


def test_batches_in_opposite_order_do_not_block_each_other(sync_archive: Archive) -> None:
    texts = versions(30)
    devices = [sync_archive.add_device(f"many-{number}") for number in range(60)]
    together = Barrier(2)

    def one_batch(pairs: list[tuple[UUID, bytes]]) -> list[object]:
        captures = [BackupCapture(BackupCreate(device_id=device), text) for device, text in pairs]
        together.wait()
        with sync_archive.database.unit() as db:
            return list(store_backups(db, captures))

    forward = list(zip(devices[:30], texts, strict=True))
    backward = list(zip(reversed(devices[30:]), reversed(texts), strict=True))
    with ThreadPoolExecutor(2) as pool:
        outcomes = [*pool.map(one_batch, [forward, backward])]

    assert all(isinstance(one, StoredBackup) for batch in outcomes for one in batch)
    assert sync_archive.count(Backup) == 60
    assert sync_archive.check() == 30


def test_a_content_is_stored_while_its_last_backup_is_deleted(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    one, two, _ = sync_archive.devices
    first = store(sync_archive, A, one).backup.id

    with sync_archive.database.unit() as db:
        assert delete_backup(db, first)
        storing = second_writer(store, sync_archive, A, two)

    stored = storing.result()
    assert isinstance(stored, StoredBackup)
    assert sync_archive.read(stored.backup.id) == A
    assert sync_archive.check() == 1


def test_the_last_backup_is_deleted_while_its_content_is_stored_again(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    one, two, _ = sync_archive.devices
    first = store(sync_archive, A, one).backup.id

    with sync_archive.database.unit() as db:
        stored = store_backup(db, BackupCreate(device_id=two), content=A)
        deleting = second_writer(delete, sync_archive, first)

    assert deleting.result() is True
    assert sync_archive.read(stored.backup.id) == A
    assert sync_archive.check() == 1


def test_a_base_is_deleted_while_a_new_content_comes_to_rest_on_it(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    one, two, _ = sync_archive.devices
    first = store(sync_archive, A, one).backup.id
    again = store(sync_archive, A, two).backup.id
    delete(sync_archive, first)

    with sync_archive.database.unit() as db:
        stored = store_backup(db, BackupCreate(device_id=two), content=B)
        deleting = second_writer(delete, sync_archive, again)

    assert deleting.result() is True
    assert sync_archive.read(stored.backup.id) == B
    assert sync_archive.check() == 1


def test_what_is_pinned_while_retention_looks_stays(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    ids = sync_archive.store_all(versions(4))

    with sync_archive.database.unit() as db:
        update_backup(db, ids[1], BackupUpdate(pinned=True))
        retaining = second_writer(retain, sync_archive)

    report = retaining.result()
    assert isinstance(report, RetentionReport)
    assert set(report.removed_ids) == {ids[0], ids[2]}
    assert [row.id for row in sync_archive.rows()] == [ids[1], ids[3]]
    assert sync_archive.check() == 2


def test_a_text_is_stored_while_retention_removes_its_last_backup(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    one, two, _ = sync_archive.devices
    sync_archive.store_all([A, B], one)

    with sync_archive.database.unit() as db:
        stored = store_backup(db, BackupCreate(device_id=two), content=A)
        retaining = second_writer(retain, sync_archive)

    report = retaining.result()
    assert isinstance(report, RetentionReport)
    assert (report.removed, report.contents_removed) == (1, 0)
    assert sync_archive.read(stored.backup.id) == A
    assert sync_archive.check() == 2


def test_a_text_is_stored_again_while_retention_removes_it(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    one, two, _ = sync_archive.devices
    sync_archive.store_all([A, B], one)

    with sync_archive.database.unit() as db:
        apply_backup_retention(db, policy=STRICT, now=LATER)
        storing = second_writer(store, sync_archive, A, two)

    stored = storing.result()
    assert isinstance(stored, StoredBackup)
    assert sync_archive.read(stored.backup.id) == A
    assert sync_archive.check() == 2


def test_depths_hold_while_a_chain_grows_and_shrinks_at_once(
    sync_archive: Archive, second_writer: Callable[..., Future[object]]
) -> None:
    one, two, _ = sync_archive.devices
    texts = versions(12)
    ids = sync_archive.store_all(texts[:8], one)
    store(sync_archive, texts[7], two)

    with sync_archive.database.unit() as db:
        store_backup(db, BackupCreate(device_id=two), content=texts[8])
        deleting = second_writer(delete, sync_archive, ids[4])

    assert deleting.result() is True
    assert sync_archive.check() == 8


def test_anything_at_once_leaves_a_sound_store(sync_archive: Archive) -> None:
    texts = versions(24)

    def one_writer(number: int) -> None:
        chance = random.Random(number)
        mine: list[UUID] = []
        for step in range(30):
            device_id = chance.choice(sync_archive.devices)
            moment = NOON + timedelta(minutes=step)
            # The opener retries what the database could not settle by waiting.
            with suppress(StorageFailed), sync_archive.database.unit() as db:
                if mine and chance.random() < 0.45:
                    delete_backup(db, mine[-1])
                    mine.pop()
                    continue
                chosen = chance.sample(texts, 2)
                captures = [
                    BackupCapture(BackupCreate(device_id=device_id, config_type=kind), text)
                    for kind, text in zip(("running", "startup"), chosen, strict=True)
                ]
                for outcome in store_backups(db, captures, now=moment):
                    assert isinstance(outcome, StoredBackup)
                    mine.append(outcome.backup.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one_writer, range(4)))

    contents = sync_archive.check()
    assert contents == sync_archive.count(Content) > 0
