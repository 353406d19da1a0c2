"""A run seen through by a command: others do it where others work, else this process does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from netraven.db import Actor, present_time, unit_of_work
from netraven.db.enums import RunReason, RunStatus
from netraven.errors import Conflict, InUse, NetRavenError, StorageFailed
from netraven.inventory.platforms import given_platforms
from netraven.jobs.runs import cancel_job_log, finish_job_log
from netraven.jobs.workers import get_live_workers
from netraven.log import frames_of, get_logger
from netraven.tasks.progress import DeviceDone, RunSummary
from netraven.worker.following import Following
from netraven.worker.garbage import less_searched_for_garbage
from netraven.worker.lock import held, holder
from netraven.worker.member import MakeEngine, Member
from netraven.worker.options import WorkerOptions
from netraven.worker.signals import set_by_signals

_LOOK_AGAIN_S = 0.25
_log = get_logger("worker")
_ITS_OWN_RUN_ONLY = WorkerOptions(fires_schedules=False, waits_for_storage=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command works: `home` where a lock says who runs the jobs (SQLite), else None."""

    sessions: sessionmaker[Session]
    actor: Actor
    home: Path | None
    make_engine: MakeEngine
    options: WorkerOptions = _ITS_OWN_RUN_ONLY


async def see_through(
    place: Place,
    run_id: UUID,
    on_result: Callable[[DeviceDone], None] | None = None,
    *,
    cancels: bool = True,
) -> RunSummary | None:
    """Return how the run ended, having told each device as it was done.

    Where nobody works, this process does until the run has ended. The first interrupt cancels
    the run: what is stored stays. With `cancels` False nobody is stood in for, and an interrupt
    only ends the watching: then None is returned.
    """
    asked_to_stop = asyncio.Event()
    following = Following(place.sessions, run_id, on_result)
    standing_in = _StandIn(place)
    is_cancelled = False
    try:
        with set_by_signals(asked_to_stop):
            async with standing_in:
                while (summary := await _looked(following, asked_to_stop)) is None:
                    if asked_to_stop.is_set() and not cancels:
                        return None
                    if asked_to_stop.is_set() and not is_cancelled:
                        is_cancelled = True
                        await asyncio.to_thread(_cancel, place, run_id)
                        continue
                    if cancels:
                        await standing_in.look()
                    await _pause(asked_to_stop, is_over=is_cancelled)
    except StorageFailed:
        if standing_in.has_worked:
            await asyncio.to_thread(_break_off, place, run_id)
        raise
    return summary


async def _looked(following: Following, asked_to_stop: asyncio.Event) -> RunSummary | None:
    """Return how the run ended, if it has; a database that is away is waited for, as by members."""
    is_told = False
    while True:
        try:
            return await asyncio.to_thread(following.look)
        except StorageFailed as error:
            if not error.is_passing or asked_to_stop.is_set():
                raise
            if not is_told:
                _log.warning("the database could not be asked", reason=str(error))
            is_told = True
        await _pause(asked_to_stop, is_over=False)


class _StandIn:
    """A member in this process, while there is no other; `has_worked` once it was needed.

    Where it ends it works no more, and what is left of others' runs goes back to the queue. What
    went wrong with it then is raised, unless an error is under way already: then it is logged.
    """

    def __init__(self, place: Place) -> None:
        self.has_worked = False
        self._place = place
        self._stop = asyncio.Event()
        self._working: asyncio.Task[bool] | None = None
        self._holding = ExitStack()

    async def look(self) -> None:
        """Begin to work if nobody else does; raises what ends the work."""
        if self._working is not None:
            if self._working.done():
                self._working.result()
                self._working = None
            return
        try:
            is_needed = await asyncio.to_thread(self._is_needed)
        except StorageFailed as error:
            if not error.is_passing:
                raise
            return  # the next look asks again
        if is_needed:
            is_alone = self._place.home is not None
            options = replace(self._place.options, is_alone=is_alone)
            member = Member(self._place.sessions, self._place.make_engine, options)
            self._holding.enter_context(less_searched_for_garbage())
            self.has_worked = True
            self._working = asyncio.create_task(member.work(self._stop))

    async def __aenter__(self) -> Self:
        """Wait for the first look."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the work."""
        del kind, trace
        self._stop.set()
        try:
            fault = await self._fault()
        finally:
            self._holding.close()
        if fault is None or fault is error:
            return
        if error is None:
            raise fault
        _log.error(
            "the work beside ended badly, too", kind=type(fault).__name__, frames=frames_of(fault)
        )

    async def _fault(self) -> BaseException | None:
        """Return what the work ended in, once it has."""
        if self._working is None:
            return None
        await asyncio.wait((self._working,))
        return None if self._working.cancelled() else self._working.exception()

    def _is_needed(self) -> bool:
        if self._place.home is None:
            return not is_anybody_there(self._place)
        with suppress(InUse):
            self._holding.enter_context(held(self._place.home, by="a command"))
            return True
        return False


def is_anybody_there(place: Place) -> bool:
    """Tell whether runs are done by somebody now.

    On SQLite the lock says so; else workers that gave a sign of life a moment ago and listen to
    all queues.
    """
    if place.home is not None:
        return holder(place.home) is not None
    with unit_of_work(place.sessions, read_only=True) as db:
        since = present_time(db) - timedelta(seconds=place.options.silence_s)
        live = [one for one in get_live_workers(db) if one.heartbeat_at >= since]
    served = {queue for one in live for queue in one.queues}
    own = given_platforms(place.sessions).own
    return served >= set(place.options.knowing(platform.name for platform in own).queues)


def _cancel(place: Place, run_id: UUID) -> None:
    with suppress(Conflict), unit_of_work(place.sessions, actor=place.actor) as db:
        cancel_job_log(db, run_id)


def _break_off(place: Place, run_id: UUID) -> None:
    """Leave no run behind that looks alive, if so much can still be written."""
    with suppress(NetRavenError), unit_of_work(place.sessions, actor=place.actor) as db:
        finish_job_log(
            db,
            run_id,
            status=RunStatus.FAILED,
            reason=RunReason.ERROR,
            message="the run broke off; what it had stored by then stays",
        )


async def _pause(stop: asyncio.Event, *, is_over: bool) -> None:
    if is_over:  # the event stays set; only time passes now
        await asyncio.sleep(_LOOK_AGAIN_S)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_AGAIN_S):
            await stop.wait()
