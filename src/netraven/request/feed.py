"""One look at the database for all who follow runs in this process, however many they are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from netraven.db import unit_of_work
from netraven.errors import NetRavenError
from netraven.jobs.marks import RunMark, get_run_marks
from netraven.log import get_logger

R = TypeVar("R")

LOOK_EVERY_S = 0.5
KEPT_S = 5.0
"""So long what was learned of a login holds for all of its streams."""

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
        self._closing = asyncio.Event()
        self._looks: set[asyncio.Task[object]] = set()
        self._shared: dict[Hashable, asyncio.Task[object]] = {}
        self._kept: dict[Hashable, asyncio.Task[object]] = {}

    @contextmanager
    def following(self, run_id: UUID) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever something happened in the run."""
        happened = asyncio.Event()
        self._followers[run_id].add(happened)
        self._keep_watching()
        try:
            yield happened
        finally:
            self._followers[run_id].discard(happened)
            if not self._followers[run_id]:
                del self._followers[run_id]
                self._marks.pop(run_id, None)

    async def together(
        self, wanted: Hashable, look: Callable[[], Coroutine[object, object, R]]
    ) -> R:
        """Await a look that is one for all who want the same until something happens again."""
        self._keep_watching()
        task = cast("asyncio.Task[R] | None", self._shared.get(wanted))
        if task is None:
            task = self._begun(look())
            self._shared[wanted] = task
            task.add_done_callback(partial(self._forget, wanted))
        return await asyncio.shield(task)

    async def for_a_while(
        self, wanted: Hashable, look: Callable[[], Coroutine[object, object, R]]
    ) -> R:
        """Await a look that is one for all who want the same within `KEPT_S`."""
        task = cast("asyncio.Task[R] | None", self._kept.get(wanted))
        if task is None:
            task = self._begun(look())
            self._kept[wanted] = task
            asyncio.get_running_loop().call_later(KEPT_S, self._kept.pop, wanted, None)
        return await asyncio.shield(task)

    def _begun(self, look: Coroutine[object, object, R]) -> asyncio.Task[R]:
        """Begin a look, which ends by itself where the follower has gone.

        Cut off within a statement, a driver leaves its part of it undone.
        """
        task = asyncio.create_task(look)
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)
        return task

    def _keep_watching(self) -> None:
        """See to it that somebody looks; a watch that broke off is told, and another begins."""
        watch = self._watch
        if watch is not None and not watch.done():
            return
        if watch is not None and not watch.cancelled() and (error := watch.exception()) is not None:
            _log.error("watching runs broke off", kind=type(error).__name__)
        self._watch = asyncio.create_task(self._look_on())

    def _forget(self, wanted: Hashable, look: asyncio.Task[object]) -> None:
        if self._shared.get(wanted) is look:
            del self._shared[wanted]

    async def close(self) -> None:
        """Stop looking, when the looks under way have ended."""
        self._closing.set()
        under_way = [*self._looks, *([self._watch] if self._watch is not None else [])]
        if under_way:
            await asyncio.wait(under_way)

    async def _look_on(self) -> None:
        while self._followers and not self._closing.is_set():
            try:
                async with unit_of_work(self._sessions, read_only=True) as db:
                    marks = await get_run_marks(db, list(self._followers))
            except NetRavenError as error:
                _log.warning("followed runs could not be looked at", code=error.code)
            else:
                self._wake(marks)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._closing.wait()

    def _wake(self, marks: dict[UUID, RunMark]) -> None:
        # A look that began before may not show it.
        self._shared.clear()
        # Of a run that was deleted meanwhile there is no mark; who follows it must see that too.
        for run_id, followers in self._followers.items():
            mark = marks.get(run_id)
            if mark is None or mark != self._marks.get(run_id):
                for happened in followers:
                    happened.set()
        self._marks = marks
