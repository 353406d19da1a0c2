"""One look at the database for all who follow runs in this process, however many they are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from netraven.db import unit_of_work
from netraven.errors import StorageFailed
from netraven.jobs.marks import RunMark, get_run_marks
from netraven.log import get_logger

LOOK_EVERY_S = 0.5

_log = get_logger("request")


class RunFeed:
    """Wakes who follows a run when something happened in it, whichever process did it.

    Nobody is looked after while nobody follows. A database that is away is asked again.
    """

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._followers: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._marks: dict[UUID, RunMark] = {}
        self._watch: asyncio.Task[None] | None = None

    @contextmanager
    def following(self, run_id: UUID) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever something happened in the run."""
        happened = asyncio.Event()
        self._followers[run_id].add(happened)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look_on())
        try:
            yield happened
        finally:
            self._followers[run_id].discard(happened)
            if not self._followers[run_id]:
                del self._followers[run_id]
                self._marks.pop(run_id, None)

    async def close(self) -> None:
        """Stop looking."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def _look_on(self) -> None:
        while self._followers:
            try:
                async with unit_of_work(self._sessions, read_only=True) as db:
                    marks = await get_run_marks(db, list(self._followers))
            except StorageFailed:
                _log.warning("followed runs could not be looked at")
            else:
                self._wake(marks)
            await asyncio.sleep(LOOK_EVERY_S)

    def _wake(self, marks: dict[UUID, RunMark]) -> None:
        # Of a run that was deleted meanwhile there is no mark; who follows it must see that too.
        for run_id, followers in self._followers.items():
            mark = marks.get(run_id)
            if mark is None or mark != self._marks.get(run_id):
                for happened in followers:
                    happened.set()
        self._marks = marks
