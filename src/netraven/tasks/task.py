"""What a task is: the function that does one shard of a run, and what it gets to do it with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from netraven.db import Actor, unit_of_work
from netraven.db.types import JsonValue
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.results import record_job_results
from netraven.jobs.shards import hold_shard
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.collector import Collector
from netraven.tasks.progress import DeviceDone


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One shard of a run, as a task gets it: plain values, no open session.

    `device_ids` are those whose result is not final yet; empty for a type over no devices.
    `options` is the run's `job_data`. `owner` is the name for leases of this shard. `deadline_s`
    bounds the whole shard: whoever calls the task cancels it then. `stop` is set when the run is
    cancelled and when the process ends; the task then ends by itself within 2 s, leaving results
    that it did not come to as they are (the run's end, or the next worker, sees to them).
    `collector` is what this process's shards share as they talk to devices.
    `clean_engine` deletes what the engine still knows of work that ended before a moment.
    `make_room` is called on the event loop once all that is left of the shard is under way: others
    may be begun beside it.
    `tell` is called on the event loop with each device once its result is committed.

    Units of work block, so a task opens them in a thread (`asyncio.to_thread(work.record, …)`),
    never on the event loop.
    """

    sessions: sessionmaker[Session]
    run_id: UUID
    shard_number: int
    attempt: int
    device_ids: tuple[UUID, ...]
    options: Mapping[str, JsonValue]
    actor: Actor
    owner: str
    deadline_s: float
    stop: asyncio.Event
    collector: Collector
    is_interactive: bool = False
    make_room: Callable[[], None] = lambda: None
    tell: Callable[[DeviceDone], None] | None = None
    clean_engine: Callable[[datetime], int] = lambda _before: 0

    def reading(self) -> AbstractContextManager[Session]:
        """Return a unit of work that may only read."""
        return unit_of_work(self.sessions, actor=self.actor, read_only=True)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a unit that is kept if the shard is still this worker's when it ends.

        Raises Conflict("shard") where another worker has taken it up meanwhile: then nothing of
        the unit is kept, and the task has nothing more to do.
        """
        with unit_of_work(self.sessions, actor=self.actor) as db:
            yield db
            # Last, because whoever takes shards up locks the run's row before the shard's.
            hold_shard(db, self.run_id, self.shard_number, attempt=self.attempt)

    def record(
        self,
        results: Mapping[UUID, JobResultCreate],
        entries: Sequence[JobLogEntryCreate] = (),
    ) -> None:
        """Keep what became of devices, and lines for the run's log, in one unit."""
        with self.writing() as db:
            record_job_results(db, self.run_id, results)
            if entries:
                append_job_log_entries(db, self.run_id, entries)


Task: TypeAlias = Callable[[Work], Awaitable[str | None]]
"""Does one shard, and returns a sentence on the outcome where it is over no devices, else None.

A `NetRavenError` fails the shard with its message; results recorded by then stay.
"""
