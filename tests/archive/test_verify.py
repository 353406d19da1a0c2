"""Verifying: everything is read once, a share when its turn comes, and damage is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from uuid import UUID

import pytest
from sqlalchemy import NullPool, make_url, select, update

from netraven.archive.verify import verify_backups, verify_share
from netraven.db import KeyRing, make_sessions, new_id, unit_of_work
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.models import Backup, Content
from netraven.schemas.backup import VerifyReport
from netraven.seal import Place
from tests.archive.conftest import FAILED, Archive
from tests.archive.test_chains import versions


def every(
    archive: Archive, *, limit: int = 100, device_id: UUID | None = None
) -> tuple[int, set[UUID]]:
    """Go from page to page; return how many contents were read and which backups are corrupt."""
    return gone_through(
        lambda after: archive.database.run(
            verify_backups, device_id=device_id, after_id=after, limit=limit
        )
    )


def share(archive: Archive, size: float, turn: int) -> tuple[int, set[UUID]]:
    return gone_through(
        lambda after: archive.database.run(
            verify_share, share=size, turn=turn, after_id=after, limit=4
        )
    )


def gone_through(page: Callable[[UUID | None], VerifyReport]) -> tuple[int, set[UUID]]:
    checked, corrupt = 0, set[UUID]()
    report = page(None)
    while report.last_id is not None:
        checked += report.checked
        corrupt |= set(report.corrupt_ids)
        report = page(report.last_id)
    return checked, corrupt


def test_every_content_is_read_once(archive: Archive) -> None:
    texts = versions(7)
    archive.store_all([*texts, texts[0], texts[3]])
    archive.store_all(texts[:3], archive.devices[1])
    archive.store(None, status=FAILED)

    for limit in (1, 3, 100):
        assert every(archive, limit=limit) == (7, set())
    assert every(archive, limit=2, device_id=archive.devices[1]) == (3, set())


def test_damage_is_named_and_does_not_stop_the_rest(archive: Archive) -> None:
    texts = versions(12)
    ids = archive.store_all(texts)
    shared = archive.store(texts[5], archive.devices[1]).backup.id
    with archive.database.unit() as db:
        row = db.get_one(Backup, ids[5])
        db.execute(
            update(Content).where(Content.hash == row.content_hash).values(data=b"garbage" * 20)
        )

    checked, corrupt = every(archive, limit=5)

    # No later version rests on the sixth, by the skipping.
    assert checked == 12
    assert corrupt == {ids[5], shared}


def test_what_rests_on_damage_is_named_too(archive: Archive) -> None:
    ids = archive.store_all(versions(8))
    with archive.database.unit() as db:
        row = db.get_one(Backup, ids[4])
        db.execute(update(Content).where(Content.hash == row.content_hash).values(data=b"x" * 150))

    report = archive.database.run(verify_backups)

    assert set(report.corrupt_ids) == set(ids[4:])
    assert report.checked == 8


def test_any_flipped_byte_is_found(sqlite_archive: Archive) -> None:
    sqlite_archive.store("hostname core-1\n")
    backup = sqlite_archive.rows()[0]
    with sqlite_archive.database.unit() as db:
        sealed = db.scalars(select(Content.data)).one()

    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1 << random.Random(place).randrange(8)
        with sqlite_archive.database.unit() as db:
            db.execute(update(Content).values(data=bytes(broken)))
            report = verify_backups(db)
        assert report.corrupt_ids == (backup.id,), f"byte {place} of {len(sealed)}"


def test_any_flipped_byte_of_a_larger_chain_is_found(sqlite_archive: Archive) -> None:
    ids = sqlite_archive.store_all(versions(9, lines=900))
    with sqlite_archive.database.unit() as db:
        rows = db.execute(select(Content.hash, Content.data)).all()
    chance = random.Random(11)

    for _ in range(150):
        row = chance.choice(rows)
        broken = bytearray(row.data)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        with sqlite_archive.database.unit() as db:
            changed = update(Content).where(Content.hash == row.hash)
            db.execute(changed.values(data=bytes(broken)))
            damaged = verify_backups(db)
            db.execute(changed.values(data=row.data))
        assert damaged.corrupt_ids
        assert damaged.checked == len(ids)
    assert sqlite_archive.database.run(verify_backups).corrupt_ids == ()


@pytest.mark.parametrize(
    "column", ["size", "depth", "base: another", "base: none", "base: itself", "backup size"]
)
def test_a_changed_column_is_found(archive: Archive, column: str) -> None:
    ids = archive.store_all(versions(6))
    with archive.database.unit() as db:
        addresses = [db.get_one(Backup, each).content_hash for each in ids]
        victim = update(Content).where(Content.hash == addresses[5])
        damages = {
            "size": victim.values(size=Content.size + 1),
            "depth": victim.values(depth=Content.depth + 1),
            "base: another": victim.values(base_hash=addresses[3]),
            "base: none": victim.values(base_hash=None),
            "base: itself": victim.values(base_hash=addresses[5]),
            "backup size": update(Backup).where(Backup.id == ids[5]).values(size=1),
        }
        db.execute(damages[column])

    _, corrupt = every(archive, limit=4)

    assert corrupt == {ids[5]}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE contents SET hash = replace(hash, substr(hash, 1, 1), 'f') WHERE depth = 2",
        "UPDATE backups SET content_hash = 'f' || substr(content_hash, 2) WHERE version = 4",
        "DELETE FROM contents WHERE depth = 2",
    ],
)
def test_a_lost_content_is_found(sqlite_archive: Archive, damage: str) -> None:
    ids = sqlite_archive.store_all(versions(4))
    # A connection that does not ask for foreign keys, as a stranger's tool may open it.
    with closing(sqlite3.connect(make_url(sqlite_archive.database.url).database or "")) as raw:
        raw.execute(damage)
        raw.commit()

    assert sqlite_archive.database.run(verify_backups).corrupt_ids == (ids[3],)
    with pytest.raises(Corrupt):
        sqlite_archive.read(ids[3])


def test_a_base_given_to_a_full_frame_is_found(archive: Archive) -> None:
    first = archive.store(b"a" * 500 + bytes(range(256))).backup
    other = archive.store("unlike", archive.devices[1]).backup
    with archive.database.unit() as db:
        changed = update(Content).where(Content.hash == other.content_hash)
        db.execute(changed.values(base_hash=first.content_hash))

    assert archive.database.run(verify_backups).corrupt_ids == (other.id,)


def test_turns_cover_everything_once(archive: Archive) -> None:
    archive.store_all(versions(60))

    counts = [share(archive, 0.1, turn)[0] for turn in range(1_000, 1_010)]

    # The arcs are a hair longer than a tenth, so a content on a border may come twice.
    assert sum(counts) in {60, 61}
    assert max(counts) < 20
    assert share(archive, 1, 3) == (60, set())


@pytest.mark.parametrize("size", [0, -0.1, 1.01])
def test_an_impossible_share_is_refused(sqlite_archive: Archive, size: float) -> None:
    with pytest.raises(Invalid) as refused:
        sqlite_archive.database.run(verify_share, share=size, turn=0)

    assert refused.value.field == "share"


def test_a_missing_key_is_told_from_damage(archive: Archive) -> None:
    mine = archive.store("1").backup
    theirs = archive.store("2", archive.devices[1]).backup
    place = Place("contents", theirs.content_hash or "", "data")
    foreign = KeyRing.generate().seal(b"sealed elsewhere", place)
    with archive.database.unit() as db:
        db.execute(update(Content).where(Content.hash == theirs.content_hash).values(data=foreign))

    report = archive.database.run(verify_backups)

    assert (report.checked, report.corrupt_ids) == (2, ())
    assert report.unavailable_ids == (theirs.id,)
    assert report.last_id == max(mine.id, theirs.id)


def test_without_any_key_verifying_is_refused(archive: Archive) -> None:
    archive.store("1")
    keyless = make_sessions(archive.database.url, None, pool=NullPool)

    with pytest.raises(KeyUnavailable), unit_of_work(keyless, read_only=True) as db:
        verify_backups(db)


@pytest.mark.parametrize("nothing", ["not-a-uuid", ""])
def test_malformed_ids_find_nothing(archive: Archive, nothing: str) -> None:
    archive.store("1")
    run = archive.database.run

    for report in (
        run(verify_backups, device_id=nothing),
        run(verify_backups, device_id=new_id()),
        run(verify_backups, after_id=nothing),
    ):
        assert (report.checked, report.last_id) == (0, None)
