"""First-in first-out turns for the writers of one process on one SQLite file.

SQLite's own waiting is unfair: thirty writers of 5 ms each leave some waiting for seconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import URL

from netraven.db.engine import BUSY_TIMEOUT_S
from netraven.errors import StorageFailed

_queues: dict[Path, WriteQueue] = {}
_queues_lock = threading.Lock()


class WriteQueue:
    """A fair lock that threads and coroutines share."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._held = False
        self._waiting: deque[Future[None]] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn; raises StorageFailed when it does not come within the busy timeout."""
        place = self._enter()
        try:
            place.result(BUSY_TIMEOUT_S)
        except FutureTimeoutError:
            self._give_up(place)
            raise self._busy() from None
        except BaseException:
            self._give_up(place)
            raise
        try:
            yield
        finally:
            self._pass_on()

    @asynccontextmanager
    async def async_turn(self) -> AsyncIterator[None]:
        """Hold the turn without blocking the event loop."""
        place = self._enter()
        try:
            async with asyncio.timeout(BUSY_TIMEOUT_S):
                await asyncio.shield(asyncio.wrap_future(place))
        except TimeoutError:
            self._give_up(place)
            raise self._busy() from None
        except BaseException:
            self._give_up(place)
            raise
        try:
            yield
        finally:
            self._pass_on()

    def _enter(self) -> Future[None]:
        place: Future[None] = Future()
        with self._lock:
            if self._held:
                self._waiting.append(place)
            else:
                self._held = True
                place.set_result(None)
        return place

    def _give_up(self, place: Future[None]) -> None:
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                return
        # The turn came in the same moment: it must go on to the next.
        self._pass_on()

    def _pass_on(self) -> None:
        with self._lock:
            if not self._waiting:
                self._held = False
                return
            following = self._waiting.popleft()
        following.set_result(None)

    def _busy(self) -> StorageFailed:
        message = f"other writers kept the database {self._path} for {BUSY_TIMEOUT_S:.0f} s; retry"
        return StorageFailed(message, is_passing=True)


def write_queue(url: URL) -> WriteQueue | None:
    """Return the queue of a SQLite file in this process; None for other databases."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    path = Path(url.database).absolute()
    # One per process on purpose: factories made separately share the file's lock.
    with _queues_lock:
        return _queues.setdefault(path, WriteQueue(path))
