"""Devices of a sweep that are not being talked to: not yet, not again, or not now."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from netraven.collect.lanes import Lanes, SweepLimits
from netraven.collect.limits import Limits
from netraven.collect.pacing import Freeze, LoginResult
from netraven.collect.target import Login, Target
from netraven.errors import CollectError
from netraven.platforms.platform import Command, Platform

_LOOK_AHEAD: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One device to collect: where, with which logins, what, within which limits, at which site.

    `commands` are asked instead of the platform's own, of which `config_types` says which.
    """

    target: Target
    logins: tuple[Login, ...]
    platform: Platform
    limits: Limits
    site: str | None = None
    config_types: tuple[str, ...] = ("running",)
    commands: tuple[Command, ...] | None = None


@dataclass(slots=True, eq=False)
class Job:
    """A request and what has been tried of it; times are the event loop's."""

    request: Request
    begun_at_s: float | None = None
    attempts: int = 0
    error: CollectError | None = None
    results: list[LoginResult] = field(default_factory=list)
    freezes: list[Freeze] = field(default_factory=list)

    def remaining_s(self, at_s: float) -> float:
        """Return what is left of the device's deadline, which all attempts share."""
        begun_at_s = at_s if self.begun_at_s is None else self.begun_at_s
        return begun_at_s + self.request.limits.deadline_s - at_s


class Backlog:
    """Gives the next job for a free place; takes back those that have to wait.

    It asks for requests only while fewer than four times `concurrency` jobs wait here, so that
    neither a full site nor postponed logins make memory grow with the fleet.
    """

    def __init__(self, limits: SweepLimits, lanes: Lanes) -> None:
        self._is_closed = False
        self._demand = asyncio.Event()
        self._room = _LOOK_AHEAD * limits.concurrency
        self._lanes = lanes
        self._parked: list[tuple[float, int, Job]] = []
        self._parkings = 0
        self._retries: deque[Job] = deque()
        self._ready: deque[Job] = deque()
        self._held: dict[str, deque[Job]] = {}
        self._held_count = 0

    @property
    def is_exhausted(self) -> bool:
        """Nothing waits, and no request will be added."""
        return self._is_closed and not self._waiting_count()

    @property
    def is_all_begun(self) -> bool:
        """No request will be added, and none waits for its first attempt."""
        is_drawn = self._is_closed and not self._ready and not self._held_count
        return is_drawn and all(job.attempts for _, _, job in self._parked)

    @property
    def due_at_s(self) -> float | None:
        """The time at which the next parked job is due."""
        return self._parked[0][0] if self._parked else None

    @property
    def is_hungry(self) -> bool:
        """A place is free for a request that is not here yet."""
        has_room = self._waiting_count() < self._room and len(self._ready) < self._lanes.free
        return has_room and not self._is_closed

    async def demand(self) -> None:
        """Return when requests may be wanted."""
        await self._demand.wait()
        self._demand.clear()

    def add(self, request: Request) -> None:
        """Take a request in."""
        self._ready.append(Job(request))

    def close(self) -> None:
        """Expect no further requests."""
        self._is_closed = True

    def park(self, job: Job, due_at_s: float) -> None:
        """Keep a job until its time comes."""
        self._parkings += 1
        heapq.heappush(self._parked, (due_at_s, self._parkings, job))

    def hasten(self, at_s: float) -> None:
        """Let all parked jobs go on that have not been dialled yet, whatever their time is."""
        parked = [(at_s if not job.attempts else due, turn, job) for due, turn, job in self._parked]
        heapq.heapify(parked)
        self._parked = parked

    def wake(self, at_s: float) -> None:
        """Let the parked jobs go on whose time has come."""
        while self._parked and self._parked[0][0] <= at_s:
            job = heapq.heappop(self._parked)[2]
            (self._retries if job.attempts else self._ready).append(job)

    def next_retry(self) -> Job | None:
        """Return a job whose further attempt is due."""
        return self._retries.popleft() if self._retries else None

    def next_job(self) -> Job | None:
        """Return a job for a normal place, of a site that has room; None where there is none."""
        for site, jobs in self._held.items():
            if self._lanes.has_room_for(site):
                job = jobs.popleft()
                self._held_count -= 1
                if not jobs:
                    del self._held[site]
                return job
        while (drawn := self._draw()) is not None:
            where = drawn.request.site
            if where is None or self._lanes.has_room_for(where):
                return drawn
            self._held.setdefault(where, deque()).append(drawn)
            self._held_count += 1
        return None

    def drain(self) -> Iterator[Job]:
        """Yield everything that waits."""
        yield from (job for _, _, job in self._parked)
        yield from self._retries
        yield from self._ready
        for jobs in self._held.values():
            yield from jobs

    def _draw(self) -> Job | None:
        if self._ready:
            return self._ready.popleft()
        if not self._is_closed and self._waiting_count() < self._room:
            self._demand.set()
        return None

    def _waiting_count(self) -> int:
        return len(self._parked) + len(self._retries) + len(self._ready) + self._held_count
