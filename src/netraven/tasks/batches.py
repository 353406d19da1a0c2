"""What is finished, gathered into batches that are kept together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final, TypeVar

T = TypeVar("T")

BATCH: Final = 100
_BATCH_S: Final = 0.5


async def batches(finished: asyncio.Queue[T | None]) -> AsyncGenerator[list[T], None]:
    """Yield what is put into the queue, at most 100 at once and within half a second, up to None.

    What is put while a batch is being dealt with is part of the next.
    """
    while (first := await finished.get()) is not None:
        batch = [first]
        is_last = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_BATCH_S):
                while len(batch) < BATCH and not is_last:
                    following = await finished.get()
                    is_last = following is None
                    batch += [] if following is None else [following]
        yield batch
        if is_last:
            return
