"""The task that reads contents again."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from netraven.archive.weave_standing import get_history_status
from netraven.archive.weave_verify import verify_weaves
from netraven.db import KeyRing, make_sessions
from netraven.db.enums import JobType
from netraven.errors import Corrupt, KeyUnavailable
from netraven.models import Backup, Content, History
from netraven.tasks.verify import verify
from tests.archive.conftest import Archive
from tests.archive.test_chains import versions
from tests.conftest import Database
from tests.tasks.workbench import Workbench


def test_whole_archive_is_read(sync_database: Database) -> None:
    archive = Archive(sync_database)
    archive.store_all(versions(7))
    bench = Workbench(sync_database, JobType.VERIFY)

    told = bench.do(verify)

    assert told == "7 contents read; every one is exactly as it was stored"
    assert not bench.results()


def test_damaged_backups_are_named_at_their_device(sync_database: Database) -> None:
    archive = Archive(sync_database)
    ids = archive.store_all(versions(8))
    archive.store("hostname core-2\n", archive.devices[1])
    with sync_database.unit() as db:
        address = db.get_one(Backup, ids[6]).content_hash
        db.execute(update(Content).where(Content.hash == address).values(data=b"garbage" * 20))
    bench = Workbench(sync_database, JobType.VERIFY)

    with pytest.raises(Corrupt, match="2 backups fail the integrity check; restore the"):
        bench.do(verify)

    [result] = bench.results()
    assert (result.device_hostname, result.status, result.reason) == ("core-1", "failed", "corrupt")
    assert result.message == "fails its integrity check: core-1@7, core-1@8"
    assert bench.log() == ["fails its integrity check: core-1@7, core-1@8"]


def test_limit_reads_a_share_that_changes_from_day_to_day(sqlite_database: Database) -> None:
    archive = Archive(sqlite_database)
    archive.store_all(versions(40))
    bench = Workbench(sqlite_database, JobType.VERIFY, options={"limit": 10})

    told = bench.do(verify)

    assert told is not None
    assert 0 < int(told.split()[0]) < 40


def test_empty_archive_is_as_it_was_stored(sqlite_database: Database) -> None:
    bench = Workbench(sqlite_database, JobType.VERIFY, options={"limit": 10})

    assert bench.do(verify) == "0 contents read; every one is exactly as it was stored"


def test_missing_key_is_told(sync_database: Database) -> None:
    Archive(sync_database).store("hostname core-1\n")
    stranger = make_sessions(sync_database.url, KeyRing.generate())
    bench = Workbench(sync_database, JobType.VERIFY)
    bench.sessions = stranger

    with pytest.raises(KeyUnavailable, match="1 content read; 1 backup is sealed with a key"):
        bench.do(verify)

    assert [result.reason for result in bench.results()] == ["key_unavailable"]
    stranger.kw["bind"].dispose()


def test_stop_ends_it(sqlite_database: Database) -> None:
    Archive(sqlite_database).store("hostname core-1\n")
    bench = Workbench(sqlite_database, JobType.VERIFY)
    bench.stop_at_once = True

    assert bench.do(verify) == "0 contents read; every one is exactly as it was stored"


def test_histories_are_made_and_those_that_do_not_fit_made_anew(sync_database: Database) -> None:
    archive = Archive(sync_database)
    archive.store_all(versions(4))
    archive.store("hostname core-2\n", archive.devices[1])
    archive.store("hostname core-3\n", archive.devices[2])
    with sync_database.unit() as db:
        db.execute(delete(History).where(History.device_id == archive.devices[0]))
        damaged = update(History).where(History.device_id == archive.devices[1])
        db.execute(damaged.values(data=b"\0" * 99))
    bench = Workbench(sync_database, JobType.VERIFY)

    told = bench.do(verify)

    assert told == (
        "6 contents read; every one is exactly as it was stored; 1 history made; "
        "1 history did not fit what is stored, made anew"
    )
    assert bench.log() == ["1 history did not fit what is stored, made anew"]
    with sync_database.unit() as db:
        assert get_history_status(db).unwoven == 0
        assert verify_weaves(db).misfits == ()
