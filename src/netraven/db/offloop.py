"""Work that takes long, done in a pool of threads while an event loop goes on.

For what is mostly done by libraries that free the interpreter meanwhile: opening, unpacking and
searching of bytes. An operation hands it over and waits, whichever kind of session called it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Generic, TypeVar

from sqlalchemy.util.concurrency import await_, in_greenlet

R = TypeVar("R")


class Handed(Generic[R]):
    """Work that was handed over."""

    def __init__(self, future: Future[R]) -> None:
        self._future = future

    def result(self) -> R:
        """Wait for it, and return what it returned or raise what it raised."""
        if in_greenlet():
            return await_(asyncio.wrap_future(self._future))
        return self._future.result()

    def take_back(self) -> None:
        """Have it not done, unless a thread is at it already."""
        self._future.cancel()


def hand_over(work: Callable[[], R]) -> Handed[R]:
    """Have the work done by the next free thread of the pool."""
    return Handed(_pool().submit(work))


def pool_size() -> int:
    """Return how many pieces of work are done at the same time."""
    return max(1, os.cpu_count() or 1)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(pool_size(), thread_name_prefix="netraven-off-loop")
