"""Going through a fleet in turns: a search that is left or cancelled opens little in vain."""

from __future__ import annotations

import asyncio
import threading
from itertools import islice

import pytest
from sqlalchemy import event

from netraven.archive.search_fleet import Cursor, FleetScan
from netraven.archive.search_pattern import PatternKind, SearchPattern
from netraven.archive.search_scan import Scan, Window
from netraven.archive.search_scope import SearchScope, load_searched
from netraven.archive.storing import BackupCapture, store_backups
from netraven.db import unit_of_work
from netraven.schemas.backup import BackupCreate
from tests.archive.conftest import NOON, Archive

TEXT = "hostname core\nip http server\nend\n"
DEVICES = 150
TURN = 25


class Looking:
    """A pattern that counts the weaves it is asked about, and waits for leave to look at one."""

    def __init__(self) -> None:
        self.may_look = threading.Event()
        self.is_asked = threading.Event()
        self.weaves = 0
        self._counting = threading.Lock()

    def find(self, _lines: bytes, _start: int) -> int:
        with self._counting:
            self.weaves += 1
        self.is_asked.set()
        assert self.may_look.wait(60)
        return -1

    def scan(self) -> FleetScan:
        pattern = SearchPattern(("", PatternKind.LITERAL, True), self.find, lambda _line: False)
        return FleetScan(SearchScope(), Scan(pattern=pattern, window=Window()))


@pytest.fixture
def fleet(sync_archive: Archive) -> Archive:
    """Return an archive with many devices that each have a version."""
    devices = [sync_archive.add_device(f"edge-{number:03}") for number in range(DEVICES)]
    captures = [BackupCapture(BackupCreate(device_id=device), TEXT) for device in devices]
    sync_archive.database.run(store_backups, captures, now=NOON)
    return sync_archive


def test_a_search_that_is_left_takes_back_what_had_not_begun(fleet: Archive) -> None:
    looking = Looking()
    looking.may_look.set()

    with fleet.database.unit() as db:
        found = [*islice(looking.scan().turns(db, Cursor()), 2)]

    assert [len(turn) for turn in found] == [TURN, TURN]
    assert looking.weaves <= 3 * TURN


async def test_a_cancelled_search_ends_and_leaves_the_next_one_free(fleet: Archive) -> None:
    looking = Looking()

    async def search(asked: Looking) -> int:
        async with unit_of_work(fleet.database.async_sessions, read_only=True) as db:
            return await db.run_sync(
                lambda sync: sum(len(turn) for turn in asked.scan().turns(sync, Cursor()))
            )

    task = asyncio.create_task(search(looking))
    await asyncio.to_thread(looking.is_asked.wait, 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    looking.may_look.set()

    another = Looking()
    another.may_look.set()
    assert await search(another) == DEVICES
    assert looking.weaves <= TURN


def test_a_page_is_read_in_its_order_without_sorting_all_series(sqlite_archive: Archive) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(*told: object) -> None:
        assert isinstance(told[3], tuple)
        asked.append((str(told[2]), told[3]))

    with sqlite_archive.database.unit() as db:
        event.listen(db.get_bind(), "before_cursor_execute", note)
        load_searched(db, SearchScope(), after=None, is_there_too=False, limit=10)
        statement, values = next(each for each in asked if "FROM devices" in each[0])
        plan = db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()

    assert plan
    assert not [row for row in plan if "TEMP B-TREE" in str(row)]
