"""A run while it goes on: devices loaded, collected and kept, each by whom it does not hold up."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from typing import Final, ParamSpec, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from netraven.collect.backlog import Request
from netraven.collect.gate import SweepGate
from netraven.collect.sweep import sweep
from netraven.db import Actor, unit_of_work
from netraven.errors import StorageFailed
from netraven.jobs.leases import renew_leases_of
from netraven.log import get_logger
from netraven.models import JobLog
from netraven.tasks.judging import Collected, Finished
from netraven.tasks.keeping import Keeper
from netraven.tasks.plan import RunPlan
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import Planned, ShardLoader, lease_owner

P = ParamSpec("P")
R = TypeVar("R")

_SHARD: Final = 200
_BATCH: Final = 100
_BATCH_S: Final = 0.5
_RENEW_EVERY_S: Final = 5.0
_NEW_OBJECTS: Final = 10_000
_KEEP_AGAIN_AFTER_S: Final = (0.2, 1.0)
_log = get_logger("tasks")


class Collection:
    """One run's collection, on one event loop, with a thread that loads and one that keeps.

    Devices wait for the database in neither: it never sees a session while a device talks.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        plan: RunPlan,
        *,
        actor: Actor,
        on_result: Callable[[DeviceDone], None],
    ) -> None:
        self._sessions = sessions
        self._plan = plan
        self._actor = actor
        self._on_result = on_result
        self._loader = ShardLoader(
            sessions, lease_owner(plan.run_id), actor=actor, limits=plan.limits
        )
        self._keeper = Keeper(
            sessions, plan.run_id, actor=actor, credential_ids=self._loader.credential_ids
        )
        self._under_way: dict[str, Planned] = {}

    async def conduct(self) -> bool:
        """Collect and keep everything; tell whether the run was stopped before.

        Raises StorageFailed or KeyUnavailable where it cannot go on.
        """
        self._stop = asyncio.Event()
        self._finished: asyncio.Queue[Finished | None] = asyncio.Queue(maxsize=2 * _BATCH)
        with (
            ThreadPoolExecutor(1, "load") as self._loading,
            ThreadPoolExecutor(1, "keep") as self._keeping,
            _set_by_signals(self._stop),
            _less_searched_for_garbage(),
        ):
            try:
                async with asyncio.TaskGroup() as group:
                    renewing = group.create_task(self._renew())
                    keeping = group.create_task(self._keep())
                    await self._collect()
                    await self._finished.put(None)
                    await keeping
                    renewing.cancel()
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
        return self._stop.is_set()

    async def _collect(self) -> None:
        gate = SweepGate(
            self._plan.policy,
            self._plan.history,
            hostname_of=lambda device_id: self._loader.hostnames.get(device_id, device_id),
        )
        swept = sweep(self._requests(), self._plan.sweep_limits, gate=gate, stop=self._stop)
        async with aclosing(swept) as outcomes:
            async for outcome in outcomes:
                planned = self._under_way.pop(outcome.device_id)
                if not outcome.is_left_over:
                    await self._finished.put(Collected(planned, outcome))

    async def _requests(self) -> AsyncGenerator[Request, None]:
        """Yield the devices to collect, a shard loaded whenever the one before is used up."""
        device_ids = self._plan.device_ids
        for start in range(0, len(device_ids), _SHARD):
            if self._stop.is_set():
                return
            wanted = device_ids[start : start + _SHARD]
            shard = await _in_thread(self._loading, self._loader.load, wanted)
            for passed_over in shard.passed_over:
                await self._finished.put(passed_over)
            self._under_way |= {str(one.device_id): one for one in shard.planned}
            for planned in shard.planned:
                yield planned.request

    async def _keep(self) -> None:
        """Keep what is finished, a batch at a time: at most 100, all within half a second."""
        while (first := await self._finished.get()) is not None:
            batch = [first]
            is_last = False
            with suppress(TimeoutError):
                async with asyncio.timeout(_BATCH_S):
                    while len(batch) < _BATCH and not is_last:
                        following = await self._finished.get()
                        is_last = following is None
                        batch += [] if following is None else [following]
            for done in await self._kept(batch):
                self._on_result(done)
            if is_last:
                return

    async def _kept(self, batch: list[Finished]) -> list[DeviceDone]:
        """Keep a batch; a database that is busy or away for a moment is asked again."""
        for pause_s in _KEEP_AGAIN_AFTER_S:
            try:
                return await _in_thread(self._keeping, self._keeper.keep, batch)
            except StorageFailed as error:
                _log.info("keeping failed", reason=str(error), again_in_s=pause_s)
                await asyncio.sleep(pause_s)
        return await _in_thread(self._keeping, self._keeper.keep, batch)

    async def _renew(self) -> None:
        """Hold the leases, and hear of a cancellation."""
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            try:
                is_cancelled = await _in_thread(self._keeping, self._look)
            except StorageFailed as error:  # the leases last for several more tries
                _log.info("renewing leases failed", reason=str(error))
                continue
            if is_cancelled:
                self._stop.set()

    def _look(self) -> bool:
        with unit_of_work(self._sessions, actor=self._actor) as db:
            renew_leases_of(db, lease_owner(self._plan.run_id))
            asked = select(JobLog.cancel_requested_at).where(JobLog.id == self._plan.run_id)
            return db.scalar(asked) is not None


@contextmanager
def _less_searched_for_garbage() -> Iterator[None]:
    """Spare what is there from the search for cycles, and search after 10 000 new objects.

    Else it takes a fifteenth of a sweep's time, most of it for looking through modules again.
    """
    before = gc.get_threshold()
    is_ours = gc.get_freeze_count() == 0
    if is_ours:
        gc.freeze()
    gc.set_threshold(max(before[0], _NEW_OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if is_ours:
            gc.unfreeze()


async def _in_thread(
    thread: ThreadPoolExecutor, body: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(thread, lambda: body(*args, **kwargs))


@contextmanager
def _set_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set the event at the first interrupt or termination; the second one acts as always."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def stop_once() -> None:
        stop.set()
        _give_back()

    def _give_back() -> None:
        for number in numbers:
            if loop.remove_signal_handler(number):
                signal.signal(number, before[number])

    for number in numbers:
        loop.add_signal_handler(number, stop_once)
    try:
        yield
    finally:
        _give_back()
