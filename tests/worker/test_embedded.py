"""A command that does its run itself, and how it ends where that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from typing_extensions import override

from netraven.db import SYSTEM
from netraven.db.enums import RunStatus
from netraven.errors import StorageFailed
from netraven.jobs.engine import Engine, MemoryEngine
from netraven.tasks.progress import DeviceDone, RunSummary
from netraven.worker.embedded import Place, see_through
from tests.conftest import Database
from tests.planner import Planner


class Unwell(MemoryEngine):
    """An engine whose tables cannot be written to any more as it ends."""

    @override
    def stop_listening(self) -> None:
        super().stop_listening()
        message = "the disk is full; free some space and retry"
        raise StorageFailed(message)


def follow(
    database: Database, engine: Engine, on_result: Callable[[DeviceDone], None] | None = None
) -> RunSummary | None:
    """See a backup of one device through that has no credential, by this engine."""
    planner = Planner(database)
    run_id = planner.add_run(planner.add_device("core-1"))
    place = Place(
        sessions=database.sessions,
        actor=SYSTEM,
        home=None,
        make_engine=lambda _database, _executor: engine,
    )
    return asyncio.run(see_through(place, run_id, on_result))


def refuse(_done: DeviceDone) -> None:
    message = "nobody reads this any more"
    raise BrokenPipeError(message)


def test_run_is_seen_through_to_its_end(sync_database: Database) -> None:
    summary = follow(sync_database, MemoryEngine())

    assert summary is not None
    assert summary.status is RunStatus.FAILED


def test_work_that_ends_badly_is_told(sync_database: Database) -> None:
    with pytest.raises(StorageFailed, match="the disk is full"):
        follow(sync_database, Unwell())


def test_work_that_ends_badly_does_not_hide_the_error_before(
    sync_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BrokenPipeError, match="nobody reads this"):
        follow(sync_database, Unwell(), refuse)

    assert "the work beside ended badly, too" in capsys.readouterr().out
