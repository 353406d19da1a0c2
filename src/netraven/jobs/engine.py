"""The port to the job engine: which shard is done where, now. It knows nothing else of our work.

What is to be done, what was done and by whom stands in NetRaven's own tables; an engine that lost
everything would lose nothing that the next sweep for lost shards does not give it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol, TypeAlias

from sqlalchemy import event
from sqlalchemy.orm import Session

from netraven.jobs.shards import ShardRef

Body: TypeAlias = Callable[[ShardRef], None]
"""Does one shard, in a thread of the engine; returns when it is done, and raises nothing."""


class Engine(Protocol):
    """Gives each shard that was enqueued to one process that listens to its queue.

    Everything blocks and belongs into a thread; a database that is away is waited for, except by
    `enqueue`, which is part of the caller's unit.
    """

    def launch(self, queues: Mapping[str, int], body: Body) -> None:
        """Listen to these queues, doing so many shards of each at a time.

        Raises SchemaMismatch where the engine's tables are of a newer release.
        """

    def enqueue(self, db: Session, refs: Iterable[ShardRef]) -> None:
        """Enqueue in the caller's unit: kept or undone with it. Twice is once."""

    def waiting(self, job_ids: Iterable[str]) -> set[str]:
        """Return which of these still wait for their turn."""

    def given(self, job_ids: Iterable[str]) -> dict[str, str]:
        """Return of each of these that has not ended which process was given it, by its name."""

    def clean(self, before: datetime) -> int:
        """Delete what is known of work from before then; return of how much.

        What has not ended yet is left alone unless it is older than any run may be.
        """

    def stop_listening(self) -> None:
        """Take no more shards; those under way go on, and may still enqueue."""

    def shutdown(self) -> None:
        """Let go of the engine's tables, after `stop_listening`."""


class MemoryEngine:
    """An engine for tests: queues in memory, a thread for each place, gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._seen: set[str] = set()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._unserved: list[ShardRef] = []
        self._body: Body | None = None

    def launch(self, queues: Mapping[str, int], body: Body) -> None:
        """Begin with what was enqueued before."""
        self._body = body
        self._pools = {name: ThreadPoolExecutor(number, name) for name, number in queues.items()}
        unserved, self._unserved = self._unserved, []
        for ref in unserved:
            self._hand_out(ref)

    def enqueue(self, db: Session, refs: Iterable[ShardRef]) -> None:
        """Hand out after the commit."""
        wanted = list(refs)

        def hand_out(_db: Session) -> None:
            for ref in wanted:
                self._accept(ref)
            wanted.clear()

        # The units of work that enqueue have no savepoints after it, so this is their end.
        event.listen(db, "after_commit", hand_out, once=True)

    def waiting(self, job_ids: Iterable[str]) -> set[str]:
        """Return which of these still wait for their turn."""
        with self._lock:
            return self._waiting & set(job_ids)

    def given(self, job_ids: Iterable[str]) -> dict[str, str]:
        """Return nothing: whoever was given something is gone with all of it."""
        del job_ids
        return {}

    def clean(self, before: datetime) -> int:
        """Delete nothing: nothing is kept."""
        del before
        return 0

    def stop_listening(self) -> None:
        """Take no more shards."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def shutdown(self) -> None:
        """Forget everything."""
        self._unserved.clear()

    def _accept(self, ref: ShardRef) -> None:
        with self._lock:
            if ref.job_id in self._seen:
                return
            self._seen.add(ref.job_id)
            self._waiting.add(ref.job_id)
        self._hand_out(ref)

    def _hand_out(self, ref: ShardRef) -> None:
        pool = self._pools.get(ref.queue)
        if pool is None:
            self._unserved.append(ref)
        else:
            pool.submit(self._do, ref)

    def _do(self, ref: ShardRef) -> None:
        with self._lock:
            if ref.job_id not in self._waiting:
                return
            self._waiting.discard(ref.job_id)
        if self._body is not None:
            self._body(ref)
