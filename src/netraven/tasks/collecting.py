"""A shard while it goes on: devices are loaded, collected and kept, and none holds another up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Final, ParamSpec, Protocol, TypeVar
from uuid import UUID

from netraven.collect.backlog import Request
from netraven.collect.sweep import sweep
from netraven.errors import Conflict, NetRavenError, StorageFailed
from netraven.log import frames_of, get_logger
from netraven.tasks.batches import BATCH, batches
from netraven.tasks.collector import Share
from netraven.tasks.judging import Collected, Finished
from netraven.tasks.keeping import Keeper
from netraven.tasks.plan import Terms
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import PassedOver, Planned, ShardLoader
from netraven.tasks.task import Work

P = ParamSpec("P")
R = TypeVar("R")

_LOADED_AT_ONCE: Final = 100
_AGAIN_AFTER_S: Final = (0.2, 1.0, 2.0, 4.0, 8.0, 15.0)
_log = get_logger("tasks")


class Keeps(Protocol):
    """Keeps what became of a batch of devices, and returns what to tell of them."""

    def keep(self, batch: Sequence[Finished], /) -> list[DeviceDone]:
        """Keep all of it, or nothing; it blocks."""
        ...


class Collection:
    """One shard's collection, on the event loop that all shards of the process share.

    A thread loads and one keeps, so devices wait for the database in neither: it never sees a
    session while a device talks.
    """

    def __init__(
        self,
        work: Work,
        terms: Terms,
        share: Share,
        *,
        ask: Callable[[Planned], Planned | PassedOver] | None = None,
        keeper: Callable[[Work, Mapping[str, UUID]], Keeps] = Keeper,
        credential_id: UUID | None = None,
    ) -> None:
        """`ask` says what is asked of a device instead of its backup, or why nothing is.

        `credential_id` is tried on the devices instead of their own.
        """
        self._work = work
        self._share = share
        self._ask = ask
        self._loader = ShardLoader(
            work.writing, work.owner, limits=terms.limits, credential_id=credential_id
        )
        self._keeper = keeper(work, self._loader.credential_ids)
        self._under_way: dict[str, Planned] = {}
        self._finished: asyncio.Queue[Finished | None] = asyncio.Queue(maxsize=2 * BATCH)

    async def conduct(self) -> None:
        """Collect and keep everything, up to the stop.

        Raises StorageFailed or KeyUnavailable where it cannot go on, and Conflict("shard") where
        another worker has taken the shard up. Of several errors the foremost is raised, and the
        others are logged.
        """
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self._keep())
                await self._collect()
                await self._finished.put(None)
                await keeping
        except BaseExceptionGroup as errors:
            raise foremost(errors, run_id=self._work.run_id) from None

    async def _collect(self) -> None:
        share = self._share
        swept = sweep(
            self._requests(),
            share.limits,
            gate=share.gate,
            stop=self._work.stop,
            lanes=share.lanes,
            on_all_begun=self._work.make_room,
        )
        async with aclosing(swept) as outcomes:
            async for outcome in outcomes:
                planned = self._under_way.pop(outcome.device_id)
                if not outcome.is_left_over:
                    await self._finished.put(Collected(planned, outcome))

    async def _requests(self) -> AsyncGenerator[Request, None]:
        """Yield the devices to collect, some loaded whenever those before are used up."""
        device_ids = self._work.device_ids
        loading = self._work.collector.loading
        for start in range(0, len(device_ids), _LOADED_AT_ONCE):
            if self._work.stop.is_set():
                return
            wanted = device_ids[start : start + _LOADED_AT_ONCE]
            loaded = await in_thread(loading, self._loader.load, wanted)
            self._work.collector.hostnames.update(self._loader.hostnames)
            asked = [one if self._ask is None else self._ask(one) for one in loaded.planned]
            planned = [one for one in asked if isinstance(one, Planned)]
            for passed_over in (*loaded.passed_over, *asked):
                if isinstance(passed_over, PassedOver):
                    await self._finished.put(passed_over)
            self._under_way |= {str(one.device_id): one for one in planned}
            for one in planned:
                yield one.request

    async def _keep(self) -> None:
        """Keep what is finished, a batch at a time, and tell of it."""
        async with aclosing(batches(self._finished)) as gathered:
            async for batch in gathered:
                kept = await in_thread(self._work.collector.keeping, self._keeper.keep, batch)
                if self._work.tell is not None:
                    for done in kept:
                        self._work.tell(done)


def foremost(errors: BaseExceptionGroup[BaseException], *, run_id: UUID) -> BaseException:
    """Return what to raise of errors that came together; the others are logged.

    First comes that the shard is another's, which makes all else idle, then what has a remedy.
    """
    first, *others = sorted(_each(errors), key=_rank)
    for other in others:
        _log.error(
            "collecting went wrong in another way, too",
            run=str(run_id),
            kind=type(other).__name__,
            reason=str(other) if isinstance(other, NetRavenError) else None,
            frames=frames_of(other),
        )
    return first


async def in_thread(
    thread: ThreadPoolExecutor, body: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Return what the body returns; a database that is locked or away is asked again a while."""
    loop = asyncio.get_running_loop()
    for pause_s in _AGAIN_AFTER_S:
        try:
            return await loop.run_in_executor(thread, lambda: body(*args, **kwargs))
        except StorageFailed as error:
            if not error.is_passing:
                raise
            _log.info("asking the database failed", reason=str(error), again_in_s=pause_s)
            await asyncio.sleep(pause_s)
    return await loop.run_in_executor(thread, lambda: body(*args, **kwargs))


def _each(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for one in error.exceptions:
        yield from _each(one)


def _rank(error: BaseException) -> int:
    if isinstance(error, Conflict) and error.field == "shard":
        return 0
    return 1 if isinstance(error, NetRavenError) else 2
