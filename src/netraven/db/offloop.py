"""Work that takes long, done in a thread of its own while an event loop goes on.

For opening, unpacking and searching of bytes: an operation hands it over and waits, whichever kind
of session called it. It is one thread for all: libraries free the interpreter meanwhile, but for
some microseconds each time, and several threads that hand it to each other took a third more
processor time and were later. What takes seconds is the matter of other processes.
"""

from __future__ import annotations

import asyncio
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
        """Have it not done, unless the thread is at it already."""
        self._future.cancel()


def hand_over(work: Callable[[], R]) -> Handed[R]:
    """Have the work done, behind what was handed over before."""
    return Handed(_pool().submit(work))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="netraven-off-loop")
