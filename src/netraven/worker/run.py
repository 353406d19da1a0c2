"""One shard done: begun, given to its task within its deadline, and finished whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from netraven.admin.settings import get_number
from netraven.db import SYSTEM, Actor, ActorKind, unit_of_work
from netraven.db.enums import JobType, RunReason
from netraven.errors import Conflict, NetRavenError, StorageFailed
from netraven.jobs.cutting import INTERACTIVE
from netraven.jobs.engine import Engine
from netraven.jobs.shards import (
    BegunShard,
    ShardRef,
    begin_shard,
    fail_shard,
    finish_shard,
    get_open_devices,
    hand_back_shard,
    queue_anew,
)
from netraven.log import frames_of, get_logger
from netraven.models import JobLog
from netraven.tasks.collector import Collector
from netraven.tasks.registry import TASKS, TaskEntry, sum_up
from netraven.tasks.task import Work

P = ParamSpec("P")
R = TypeVar("R")

_FIXED_S: Final = 900.0
_WITHOUT_DEVICES_S: Final = 21_600.0
"""Reading every content of a large archive again takes hours."""
_A_DEVICE_S: Final = 10.0
_AGAIN_AFTER_S: Final = 2.0
_log = get_logger("worker")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task left a shard: why it failed, if it did, and what it says of the outcome."""

    reason: RunReason | None = None
    message: str | None = None
    is_lost: bool = False


class ShardRunner:
    """Does the shards of one process, all on one event loop.

    `under_way` are those that are being done now. `on_broken` is told what keeps a shard from being
    begun or finished, on the event loop; without it, that is waited for. Once `leave` was called,
    what is not done goes back to the queue for another process. `tasks` are what it can do.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        engine: Engine,
        collector: Collector,
        *,
        worker_id: UUID,
        on_broken: Callable[[StorageFailed], None] | None = None,
        tasks: Mapping[JobType, TaskEntry] = TASKS,
    ) -> None:
        self.under_way: dict[ShardRef, Work] = {}
        self._sessions = sessions
        self._engine = engine
        self._collector = collector
        self._worker_id = worker_id
        self._on_broken = on_broken
        self._tasks = tasks
        self._doing = 0
        self._seen_through: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_leaving = False
        self._is_given_up = False
        self._threads = ThreadPoolExecutor(4, "shards")

    async def idle(self) -> None:
        """Return once no shard is being begun, done or finished."""
        await self._idle.wait()

    async def do(self, ref: ShardRef) -> None:
        """Do one shard, until it has ended or only its last devices are under way.

        What is left then goes on beside others: one slow device must not keep a place for shards.
        Raises nothing.
        """
        has_room = asyncio.Event()
        doing = asyncio.create_task(self._see_through(ref, has_room.set))
        self._seen_through.add(doing)
        doing.add_done_callback(self._seen_through.discard)
        doing.add_done_callback(lambda _: has_room.set())
        await has_room.wait()

    async def _see_through(self, ref: ShardRef, make_room: Callable[[], None]) -> None:
        self._doing += 1
        self._idle.clear()
        try:
            ending = await _caught(self._begin_to_finish(ref, make_room), ref)
            # Whoever leaves resigns: others take up then what it could not hand back.
            if ending.reason is not None and not self._is_leaving:
                await _caught(self._fail(ref, ending), ref)
        finally:
            self._doing -= 1
            if not self._doing:
                self._idle.set()

    async def _begin_to_finish(self, ref: ShardRef, make_room: Callable[[], None]) -> Ending:
        """Return nothing special; what is raised kept the shard from being begun or finished."""
        try:
            if self._is_leaving:
                await self._in_thread(self._pass_on, ref)
                return Ending()
            begun = await self._in_thread(self._begin, ref)
            if begun is not None:
                await self._do(*begun, make_room)
        except StorageFailed as error:  # whoever looks for lost shards finds it
            if self._on_broken is not None:
                self._on_broken(error)
            _log.error("a shard could not be begun or finished", job=ref.job_id, reason=str(error))
        return Ending()

    async def _fail(self, ref: ShardRef, ending: Ending) -> Ending:
        """End what would stay as it is until the run's deadline."""
        with suppress(StorageFailed):
            await self._in_thread(self._give_up_on, ref, ending.message or "")
        return Ending()

    def stop_runs(self, run_ids: Collection[UUID]) -> None:
        """Stop what is under way of these runs."""
        for ref, work in self.under_way.items():
            if ref.run_id in run_ids:
                work.stop.set()

    def leave(self) -> None:
        """Stop everything under way; what is not done goes back to the queue."""
        self._is_leaving = True
        for work in self.under_way.values():
            work.stop.set()

    def give_up(self) -> None:
        """Stop everything: others have taken this process for dead, and do its work."""
        self._is_given_up = True
        self.leave()

    async def close(self) -> None:
        """End the threads."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _do(
        self, begun: BegunShard, deadline_s: float, make_room: Callable[[], None]
    ) -> None:
        entry = self._tasks.get(begun.job_type)
        work = self._work(begun, deadline_s, make_room)
        self.under_way[begun.ref] = work
        if self._is_leaving:
            work.stop.set()
        try:
            ending = await _caught(_ended(entry, work, begun.job_type), begun.ref)
        finally:
            del self.under_way[begun.ref]
        if not ending.is_lost:
            await self._in_thread(self._finish, begun, ending)

    def _work(self, begun: BegunShard, deadline_s: float, make_room: Callable[[], None]) -> Work:
        actor = SYSTEM
        if begun.actor_name != SYSTEM.name:
            actor = Actor(
                kind=ActorKind.USER, name=begun.actor_name, user_id=begun.created_by, client="run"
            )
        return Work(
            sessions=self._sessions,
            run_id=begun.ref.run_id,
            shard_number=begun.ref.number,
            attempt=begun.ref.attempt,
            device_ids=begun.device_ids,
            options=begun.options,
            actor=actor,
            owner=begun.ref.owner,
            deadline_s=deadline_s,
            stop=asyncio.Event(),
            collector=self._collector,
            is_interactive=begun.ref.queue == INTERACTIVE,
            make_room=make_room,
            clean_engine=self._engine.clean,
        )

    def _begin(self, ref: ShardRef) -> tuple[BegunShard, float] | None:
        with unit_of_work(self._sessions) as db:
            begun = begin_shard(db, ref, self._worker_id)
            if begun is None:
                return None
            device_s = get_number(db, "system.jobs.device_deadline_seconds")
        if not begun.device_ids:
            return begun, _WITHOUT_DEVICES_S
        return begun, _FIXED_S + 2 * device_s + _A_DEVICE_S * len(begun.device_ids)

    def _finish(self, begun: BegunShard, ending: Ending) -> None:
        entry = self._tasks.get(begun.job_type)
        is_over_devices = entry is None or entry.needs_devices
        with unit_of_work(self._sessions) as db:
            if self._is_leaving and ending.reason is None and self._is_left(db, begun):
                again = hand_back_shard(db, begun.ref)
                self._engine.enqueue(db, [] if again is None else [again])
                return
            run = finish_shard(
                db,
                begun.ref,
                reason=ending.reason,
                message=ending.message,
                is_over_devices=is_over_devices,
            )
            if run is not None:
                sum_up(db, run)

    def _give_up_on(self, ref: ShardRef, message: str) -> None:
        with unit_of_work(self._sessions) as db:
            fail_shard(db, ref, message=message)

    def _is_left(self, db: Session, begun: BegunShard) -> bool:
        """Tell whether there is something for another process to do."""
        asked = select(JobLog.cancel_requested_at).where(JobLog.id == begun.ref.run_id)
        if db.scalar(asked) is not None:
            return False
        return not begun.device_ids or bool(get_open_devices(db, begun.ref))

    def _pass_on(self, ref: ShardRef) -> None:
        with unit_of_work(self._sessions) as db:
            again = queue_anew(db, ref)
            self._engine.enqueue(db, [] if again is None else [again])

    async def _in_thread(self, body: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the body returns; while the database is away, it is asked again.

        Also a full disk is waited for, unless somebody is told that all is broken.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._threads, lambda: body(*args, **kwargs))
            except StorageFailed as error:
                waits = error.is_passing or self._on_broken is None
                if self._is_given_up or not waits:
                    raise
                _log.warning("asking the database failed", reason=str(error))
                await asyncio.sleep(_AGAIN_AFTER_S)


async def _ended(entry: TaskEntry | None, work: Work, job_type: str) -> Ending:
    """Let the task do its work within its deadline, and return how that ended."""
    if entry is None:
        return Ending(RunReason.ERROR, f"this program knows no task for jobs of type {job_type}")
    if entry.needs_devices and not work.device_ids:
        return Ending()
    deadline = asyncio.timeout(work.deadline_s)
    try:
        async with deadline:
            return Ending(message=await entry.run(work))
    except TimeoutError:
        if not deadline.expired():
            raise
        minutes = work.deadline_s / 60
        return Ending(RunReason.DEADLINE, f"this part of the run took over {minutes:.0f} minutes")


async def _caught(doing: Awaitable[Ending], ref: ShardRef) -> Ending:
    """Return how that ended, whatever it raises; the boundary of every run."""
    try:
        return await doing
    except NetRavenError as error:
        if isinstance(error, Conflict) and error.field == "shard":
            _log.warning("a shard was lost to another worker", run=str(ref.run_id))
            return Ending(is_lost=True)
        return Ending(RunReason.ERROR, str(error))
    except Exception as error:  # noqa: BLE001  a fault in one run must not stop the others
        kind = type(error).__name__
        _log.error(
            "a run failed unexpectedly",
            run=str(ref.run_id),
            shard=ref.number,
            kind=kind,
            frames=frames_of(error),
        )
        return Ending(RunReason.ERROR, f"an unexpected {kind}; the worker's log tells more")
