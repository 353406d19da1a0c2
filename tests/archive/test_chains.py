"""Chains of deltas: short, small, shared, and unharmed by what is deleted from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from netraven.archive.backups import delete_backup
from netraven.archive.codec import MAX_DEPTH, content_hash
from netraven.archive.contents import Offer, keep_texts
from netraven.archive.reading import open_contents
from netraven.archive.removal import remove_backups
from netraven.archive.series import skip_base
from netraven.archive.storing import BackupCapture, store_backup, store_backups
from netraven.errors import Corrupt
from netraven.models import Backup, Content
from netraven.schemas.backup import BackupCreate
from tests.archive.conftest import NOON, Archive, check_store
from tests.conftest import Database


def versions(number: int, *, seed: int = 1, lines: int = 60) -> list[bytes]:
    """Return texts of which each differs from the one before in one line."""
    chance = random.Random(seed)
    text = [b"line %d %d" % (place, chance.randrange(10**9)) for place in range(lines)]
    made = []
    for version in range(number):
        text[chance.randrange(lines)] = b"changed %d %d" % (version, chance.randrange(10**9))
        made.append(b"\n".join(text) + b"\n")
    return made


def test_a_version_rests_on_the_one_with_its_lowest_bit_cleared() -> None:
    bases = [skip_base(version) for version in range(2, 18)]

    assert bases == [1, 1, 3, 1, 5, 5, 7, 1, 9, 9, 11, 9, 13, 13, 15, 1]


def test_only_the_first_version_is_kept_in_full(archive: Archive) -> None:
    ids = archive.store_all(versions(40))

    with archive.database.unit() as db:
        rows = db.execute(select(Content.base_hash, Content.depth)).all()
    assert sum(row.base_hash is None for row in rows) == 1
    assert max(row.depth for row in rows) == 5
    assert [archive.read(each) for each in ids] == versions(40)


def test_any_one_and_any_ten_of_forty_versions_are_deleted(archive: Archive) -> None:
    texts = versions(40)
    ids = archive.store_all(texts)
    chance = random.Random(7)
    doomed = chance.sample(range(40), 11)

    assert archive.database.run(delete_backup, ids[doomed[0]])
    archive.check()
    archive.database.run(remove_backups, [ids[place] for place in doomed[1:]])

    left = [place for place in range(40) if place not in doomed]
    assert archive.check() == len(left)
    assert [archive.read(ids[place]) for place in left] == [texts[place] for place in left]
    assert [archive.read(ids[place]) for place in doomed] == [None] * 11


@pytest.mark.parametrize("order", ["oldest first", "newest first", "any"])
def test_versions_go_in_any_order(sqlite_archive: Archive, order: str) -> None:
    texts = versions(33, seed=3)
    ids = sqlite_archive.store_all(texts)
    places = list(range(33))
    if order == "newest first":
        places.reverse()
    if order == "any":
        random.Random(4).shuffle(places)

    for number, place in enumerate(places):
        sqlite_archive.database.run(delete_backup, ids[place])
        assert sqlite_archive.check() == 32 - number

    assert sqlite_archive.count(Content) == 0


def test_deleting_the_oldest_keeps_full_frames_rare(sqlite_archive: Archive) -> None:
    ids = sqlite_archive.store_all(versions(70))

    for backup_id in ids[:30]:
        sqlite_archive.database.run(delete_backup, backup_id)

    with sqlite_archive.database.unit() as db:
        full = db.scalars(select(Content.hash).where(Content.base_hash.is_(None))).all()
    assert len(full) == 1


def test_new_versions_find_a_base_after_the_old_ones_are_gone(sqlite_archive: Archive) -> None:
    texts = versions(80)
    ids = sqlite_archive.store_all(texts[:60])
    with sqlite_archive.database.unit() as db:
        remove_backups(db, ids[:55])

    for number, text in enumerate(texts[60:], start=60):
        ids.append(sqlite_archive.store(text, minutes=number).backup.id)

    assert sqlite_archive.check() == 25
    assert [sqlite_archive.read(each) for each in ids[55:]] == texts[55:]
    with sqlite_archive.database.unit() as db:
        full = db.scalars(select(Content.hash).where(Content.base_hash.is_(None))).all()
    assert len(full) == 1


def test_shared_content_stays_until_its_last_backup_goes(archive: Archive) -> None:
    a, b = versions(2)
    one, two, _ = archive.devices
    first, second = archive.store_all([a, b], one)
    third = archive.store(a, two).backup.id
    fourth = archive.store(a, one, minutes=9).backup.id

    archive.database.run(delete_backup, first)
    archive.database.run(delete_backup, third)
    kept = archive.read(fourth)
    archive.database.run(delete_backup, fourth)

    assert kept == a
    assert archive.read(second) == b
    assert archive.check() == 1


def test_a_device_that_takes_over_a_deep_content_keeps_chains_short(
    sqlite_archive: Archive,
) -> None:
    one, two, _ = sqlite_archive.devices
    texts = versions(32 + 64)
    sqlite_archive.store_all(texts[:32], one)

    ids = sqlite_archive.store_all(texts[31:], two)

    with sqlite_archive.database.unit() as db:
        deepest = max(db.scalars(select(Content.depth)))
    assert sqlite_archive.check() == 96
    assert deepest == 5 + 6
    assert sqlite_archive.read(ids[-1]) == texts[-1]


def test_no_chain_grows_beyond_sixteen_frames(sqlite_archive: Archive) -> None:
    texts = versions(30)
    addresses = [content_hash(text) for text in texts]

    def each_on_the_last(db: Session) -> list[int]:
        base: str | None = None
        for address, text in zip(addresses, texts, strict=True):
            keep_texts(db, [Offer(address, text, base)], now=NOON)
            base = address
        reader = open_contents(db, addresses)
        assert [reader.text(address) for address in addresses] == texts
        return [reader.frames[address].depth for address in addresses]

    depths = sqlite_archive.database.run_body(each_on_the_last)

    assert depths == [*range(16), *[MAX_DEPTH] * 14]


def test_unlike_texts_are_kept_in_full(sqlite_archive: Archive) -> None:
    chance = random.Random(5)
    first, second = chance.randbytes(5_000), chance.randbytes(5_000)
    sqlite_archive.store(first)

    stored = sqlite_archive.store(second, minutes=1)

    with sqlite_archive.database.unit() as db:
        content = db.get_one(Content, stored.backup.content_hash)
    assert (content.base_hash, content.depth) == (None, 0)


def test_large_texts_with_one_changed_line_take_little(sqlite_archive: Archive) -> None:
    chance = random.Random(6)
    lines = [
        b"permit ip host 10.0.0.%d host %d\n" % (n % 250, chance.randrange(10**9))
        for n in range(120_000)
    ]
    first = b"".join(lines)
    lines[60_000] = b"deny ip any any\n"
    sqlite_archive.store(first)

    stored = sqlite_archive.store(b"".join(lines), minutes=1)

    with sqlite_archive.database.unit() as db:
        data = db.scalars(
            select(Content.data).where(Content.hash == stored.backup.content_hash)
        ).one()
    assert len(first) > 4 * 1024 * 1024
    assert len(data) < 2_000
    assert sqlite_archive.read(stored.backup.id) == b"".join(lines)


def test_rolled_back_deletion_leaves_row_and_content(archive: Archive) -> None:
    texts = versions(4)
    ids = archive.store_all(texts)

    def delete_and_fail(db: Session) -> None:
        delete_backup(db, ids[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.database.run_body(delete_and_fail)

    assert [archive.read(each) for each in ids] == texts
    assert archive.check() == 4


def test_deletion_is_refused_where_an_heir_cannot_be_read(archive: Archive) -> None:
    ids = archive.store_all(versions(3))
    with archive.database.unit() as db:
        row = db.get_one(Backup, ids[1])
        db.execute(update(Content).where(Content.hash == row.content_hash).values(data=b"x" * 200))

    def refused(db: Session) -> int:
        with pytest.raises(Corrupt):
            delete_backup(db, ids[0])
        return len(db.scalars(select(Backup.id)).all())

    assert archive.database.run_body(refused) == 3
    assert archive.read(ids[2]) == versions(3)[2]


def test_a_batch_of_any_size_takes_the_same_number_of_statements(sync_archive: Archive) -> None:
    def statements(devices: Sequence[UUID]) -> int:
        seen: list[str] = []
        texts = versions(len(devices), seed=len(devices))
        captures = [
            BackupCapture(BackupCreate(device_id=device), text)
            for device, text in zip(devices, texts, strict=True)
        ]
        engine = sync_archive.database.sessions.kw["bind"]

        def note(*parts: object) -> None:
            seen.append(str(parts[2]))

        event.listen(engine, "before_cursor_execute", note)
        try:
            with sync_archive.database.unit() as db:
                store_backups(db, captures)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    few = [sync_archive.add_device(f"few-{number}") for number in range(2)]
    many = [sync_archive.add_device(f"many-{number}") for number in range(40)]
    statements(few)
    statements(many)

    assert statements(few) == statements(many)


EDITS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.binary(min_size=0, max_size=12)),
    min_size=1,
    max_size=25,
)


# The fixture empties the database for each example.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=EDITS, removals=st.lists(st.integers(0, 24), max_size=12))
def test_whatever_is_stored_and_deleted_the_rest_reads_exactly(
    hypothesis_archive: Callable[[], Archive],
    edits: list[tuple[int, int, bytes]],
    removals: list[int],
) -> None:
    archive = hypothesis_archive()
    texts = {
        device: [b"hostname\n", *versions(1)[0].splitlines(keepends=True)] for device in range(3)
    }
    kept: dict[UUID, bytes] = {}
    with archive.database.unit() as db:
        for device, place, line in edits:
            texts[device][place:place] = [line, b"\n"]
            text = b"".join(texts[device])
            create = BackupCreate(device_id=archive.devices[device])
            kept[store_backup(db, create, content=text).backup.id] = text

        for removal in removals:
            if removal < len(kept):
                doomed = list(kept)[removal]
                del kept[doomed]
                delete_backup(db, doomed)
                check_store(db)

    assert {backup_id: archive.read(backup_id) for backup_id in kept} == kept


@pytest.fixture
def hypothesis_archive(sqlite_database: Database) -> Callable[[], Archive]:
    """Return a way to an emptied archive, for each example anew."""

    def emptied() -> Archive:
        with sqlite_database.unit() as db:
            for table in reversed(Backup.metadata.sorted_tables):
                db.connection().execute(table.delete())
        return Archive(sqlite_database)

    return emptied
