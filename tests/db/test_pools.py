"""Why tests, and whoever runs one event loop after another, use NullPool for asynchronous engines.

What a pool's users wait by belongs to the loop in which somebody first had to wait.
"""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import AsyncAdaptedQueuePool, NullPool, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from netraven.db import make_async_sessions, unit_of_work

# SQLAlchemy's pools hold fifteen at most, so some have to wait.
AT_ONCE = 20


async def ask(sessions: async_sessionmaker[AsyncSession]) -> int:
    async with unit_of_work(sessions, read_only=True) as db:
        return int(await db.scalar(text("SELECT 7")) or 0)


async def ask_at_once(sessions: async_sessionmaker[AsyncSession]) -> list[int]:
    async with asyncio.timeout(60):
        return await asyncio.gather(*(ask(sessions) for _ in range(AT_ONCE)))


def test_pool_shared_by_two_loops_fails_in_the_second(database_url: str) -> None:
    sessions = make_async_sessions(database_url, None, pool=AsyncAdaptedQueuePool)

    first = asyncio.run(ask_at_once(sessions))

    assert first == [7] * AT_ONCE
    with pytest.raises(RuntimeError, match="different event loop"):
        asyncio.run(ask_at_once(sessions))


def test_without_a_pool_each_loop_is_served(database_url: str) -> None:
    sessions = make_async_sessions(database_url, None, pool=NullPool)

    answers = [asyncio.run(ask_at_once(sessions)) for _ in range(2)]

    assert answers == [[7] * AT_ONCE] * 2
