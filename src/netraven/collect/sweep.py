"""Many devices at once: each costs only itself, and accounts stay unlocked."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from netraven.collect.arrival import Shared
from netraven.collect.backlog import Backlog, Job, Request
from netraven.collect.capture import Capture
from netraven.collect.fetch import fetch
from netraven.collect.lanes import Lanes, Place, SweepLimits
from netraven.collect.limits import Limits
from netraven.collect.pacing import Freeze, LoginGate, LoginResult, OpenGate, Verdict
from netraven.collect.walk import BEFORE_LOGIN, Pulse
from netraven.collect.witness import Witness
from netraven.errors import CollectError, LoginPostponed

__all__ = ["Outcome", "Request", "SweepLimits", "sweep"]

_LOOKS: Final = 4
"""How often a session is looked at within the shortest of the times that it may be silent."""
_RANDOM: Final = secrets.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request: a capture, or an error, or neither where the sweep was stopped.

    `attempts` is 0 where the device was never dialled. `took_s` runs from the first attempt to
    the end of the last. `freezes` are those that this device's refusals brought about.
    """

    device_id: str
    capture: Capture | None = None
    error: CollectError | None = None
    attempts: int = 0
    took_s: float = 0.0
    logins: tuple[LoginResult, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    @property
    def is_left_over(self) -> bool:
        """The sweep was stopped before this device was done."""
        return self.capture is None and self.error is None


async def sweep(
    requests: Iterable[Request] | AsyncIterable[Request],
    limits: SweepLimits,
    *,
    gate: LoginGate | None = None,
    stop: asyncio.Event | None = None,
    lanes: Lanes | None = None,
    on_all_begun: Callable[[], None] | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Yield one outcome for each request, as they are done.

    Requests are drawn as places become free, and sessions begin only as outcomes are taken:
    memory goes with `concurrency`, not with the fleet. Requests that take long to come (from a
    database, say) hold nobody up who is being talked to. When `stop` is set, no further device is
    dialled, those under way are cut off, and every request that is not done is yielded as left
    over. Whoever leaves the iteration early closes it (`contextlib.aclosing`), which cuts
    everything off too; so does an error of `requests` itself, which is raised here. Sweeps that
    are given the same `lanes` share their places; `on_all_begun` is called once where a place is
    free that this one has no further device for.
    """
    run = _Sweep(
        requests,
        limits,
        gate or OpenGate(),
        stop or asyncio.Event(),
        lanes=lanes or Lanes(limits),
        on_all_begun=on_all_begun,
    )
    conductor = asyncio.create_task(run.conduct())
    conductor.add_done_callback(run.finish)
    try:
        while (outcome := await run.take()) is not None:
            yield outcome
    finally:
        conductor.cancel()
        await asyncio.wait((conductor,))
    try:
        await conductor
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from None


class _Sweep:
    def __init__(
        self,
        requests: Iterable[Request] | AsyncIterable[Request],
        limits: SweepLimits,
        gate: LoginGate,
        stop: asyncio.Event,
        *,
        lanes: Lanes,
        on_all_begun: Callable[[], None] | None,
    ) -> None:
        self._requests = _each(requests)
        self._limits = limits
        self._gate = gate
        self._stop = stop
        self._shared = Shared()
        self._lanes = lanes
        self._recalls = lanes.recalls
        self._backlog = Backlog(limits, self._lanes)
        self._done: asyncio.Queue[Outcome | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(limits.concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._talking: dict[Job, asyncio.Task[None]] = {}  # what a stop cuts off
        self._wake = asyncio.Event()
        self._on_all_begun = on_all_begun
        self._loop = asyncio.get_running_loop()

    async def take(self) -> Outcome | None:
        """Return the next outcome, None when there will be no more."""
        outcome = await self._done.get()
        self._room.release()
        return outcome

    def finish(self, _conductor: asyncio.Task[None]) -> None:
        """Let whoever takes know that there will be no more."""
        self._done.put_nowait(None)

    async def conduct(self) -> None:
        """Start jobs as places become free until all are done, or the sweep is stopped."""
        watcher = asyncio.create_task(self._watch_stop())
        self._lanes.listen(self._wake.set)
        try:
            async with asyncio.TaskGroup() as group:
                feeder = group.create_task(self._feed())
                while not self._stop.is_set():
                    self._start(group)
                    self._tell_all_begun()
                    if self._backlog.is_exhausted and not self._tasks:
                        return
                    await self._next_event()
                for task in (feeder, *self._talking.values()):
                    task.cancel()
            for job in (*self._talking, *self._backlog.drain()):
                await self._deliver(self._outcome(job))
            async for request in self._requests:
                await self._deliver(self._outcome(Job(request)))
        finally:
            self._lanes.unlisten(self._wake.set)
            watcher.cancel()
            await self._shared.close()

    def _tell_all_begun(self) -> None:
        if self._on_all_begun is not None and self._backlog.is_all_begun:
            self._on_all_begun()
            self._on_all_begun = None

    async def _feed(self) -> None:
        """Draw requests while places are free for them."""
        while True:
            await self._backlog.demand()
            while self._backlog.is_hungry:
                request = await anext(self._requests, None)
                self._wake.set()
                if request is None:
                    self._backlog.close()
                    return
                self._backlog.add(request)

    async def _watch_stop(self) -> None:
        await self._stop.wait()
        self._wake.set()

    async def _next_event(self) -> None:
        """Wait for a free place, for a parked job's time, or for the stop."""
        due_at_s = self._backlog.due_at_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(due_at_s):
                await self._wake.wait()
        self._wake.clear()

    def _start(self, group: asyncio.TaskGroup) -> None:
        if self._lanes.recalls != self._recalls:
            self._recalls = self._lanes.recalls
            self._backlog.hasten(self._loop.time())
        self._backlog.wake(self._loop.time())
        while self._lanes.is_slow_open and (job := self._backlog.next_retry()) is not None:
            self._begin(group, job, self._lanes.take(None, is_slow=True))
        while self._lanes.is_open and (job := self._backlog.next_job()) is not None:
            self._begin(group, job, self._lanes.take(job.request.site, is_slow=False))

    def _begin(self, group: asyncio.TaskGroup, job: Job, place: Place) -> None:
        task = group.create_task(self._run(job, place))
        self._tasks.add(task)
        self._talking[job] = task
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _run(self, job: Job, place: Place) -> None:
        """Try a job once; then it is done, or goes back for another time."""
        try:
            outcome = await self._try(job, place)
            if outcome is not None:
                await self._deliver(outcome)
        finally:
            self._lanes.give_back(place)

    async def _try(self, job: Job, place: Place) -> Outcome | None:
        if job.error is not None and job.remaining_s(self._loop.time()) <= 0:
            return self._outcome(job, error=job.error)
        try:
            return self._outcome(job, capture=await self._attempt(job, place))
        except CollectError as error:
            due_at_s = self._again_at_s(job, error)
            if due_at_s is None:
                return self._outcome(job, error=error)
            self._talking.pop(job, None)
            job.error = error
            self._backlog.park(job, due_at_s)
            return None
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
            return self._outcome(job)

    async def _attempt(self, job: Job, place: Place) -> Capture:
        request, now_s = job.request, self._loop.time()
        if job.begun_at_s is None:
            job.begun_at_s = now_s
        job.attempts += 1
        watch = _Watch(place, self._lanes, self._limits, self._wake)
        try:
            return await fetch(
                request.target,
                request.logins,
                request.platform,
                _limits_left(job, now_s),
                config_types=request.config_types,
                commands=request.commands,
                gate=Witness(self._gate, job.results, job.freezes),
                shared=self._shared,
                pulse=watch.pulse,
            )
        finally:
            watch.end()

    def _again_at_s(self, job: Job, error: CollectError) -> float | None:
        """Return when to try again, None where that is of no use or could lock an account."""
        now_s = self._loop.time()
        if isinstance(error, LoginPostponed):
            job.attempts -= 1
            if error.is_scheduled:
                job.begun_at_s = None
            wait_s = error.retry_after_s
        elif error.retryable and error.step in BEFORE_LOGIN and _is_harmless(job):
            if job.attempts >= self._limits.attempts:
                return None
            wait_s = self._limits.backoff_s * 2 ** (job.attempts - 1) * _RANDOM.uniform(0.5, 1.5)
        else:
            return None
        return now_s + wait_s if wait_s < job.remaining_s(now_s) or job.begun_at_s is None else None

    def _outcome(
        self, job: Job, *, capture: Capture | None = None, error: CollectError | None = None
    ) -> Outcome:
        self._talking.pop(job, None)
        took_s = 0.0 if job.begun_at_s is None else self._loop.time() - job.begun_at_s
        return Outcome(
            device_id=job.request.target.device_id,
            capture=capture,
            error=error,
            attempts=job.attempts,
            took_s=took_s,
            logins=tuple(job.results),
            freezes=tuple(job.freezes),
        )

    async def _deliver(self, outcome: Outcome) -> None:
        await self._room.acquire()
        self._done.put_nowait(outcome)


class _Watch:
    """Moves a session aside that has been silent for long, or simply lasts."""

    def __init__(
        self, place: Place, lanes: Lanes, limits: SweepLimits, moved: asyncio.Event
    ) -> None:
        self.pulse = Pulse()
        self._place = place
        self._lanes = lanes
        self._limits = limits
        self._moved = moved
        self._heard_bytes = 0
        self._pause_s = min(limits.unheard_s, limits.silence_s) / _LOOKS
        self._loop = asyncio.get_running_loop()
        self._begun_at_s = self._quiet_from_s = self._loop.time()
        self._timer = self._look_later()

    def end(self) -> None:
        self._timer.cancel()

    def _look_later(self) -> asyncio.TimerHandle:
        return self._loop.call_later(self._pause_s, self._look)

    def _look(self) -> None:
        now_s = self._loop.time()
        if self.pulse.received_bytes != self._heard_bytes:
            self._heard_bytes = self.pulse.received_bytes
            self._quiet_from_s = now_s
        patience_s = self._limits.silence_s if self._heard_bytes else self._limits.unheard_s
        is_silent = now_s - self._quiet_from_s >= patience_s
        is_long = now_s - self._begun_at_s >= self._limits.long_s
        if (is_silent or is_long) and self._lanes.move_aside(self._place):
            self._moved.set()
        else:
            self._timer = self._look_later()


async def _each(requests: Iterable[Request] | AsyncIterable[Request]) -> AsyncIterator[Request]:
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield request
    else:
        for request in requests:
            yield request


def _is_harmless(job: Job) -> bool:
    """No device of this walk has seen a secret that it did not take."""
    return all(result.verdict is Verdict.ACCEPTED for result in job.results)


def _limits_left(job: Job, at_s: float) -> Limits:
    limits = job.request.limits
    if job.attempts == 1:
        return limits
    return replace(limits, deadline_s=round(job.remaining_s(at_s), 1))
