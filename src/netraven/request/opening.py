"""The ground of a web process, opened before its first request and closed after its last."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from sqlalchemy.orm import Session, sessionmaker

from netraven.admin.installation import get_installation_key
from netraven.admin.passwords import hash_password
from netraven.db import KeyRing, make_async_sessions, unit_of_work
from netraven.inventory.platforms import give_platforms
from netraven.platforms.catalogue import Platforms
from netraven.request.feed import RunFeed
from netraven.request.ground import Bounds, Ground
from netraven.request.keys import TokenKeys


@asynccontextmanager
async def opened_ground(
    url: str,
    sessions: sessionmaker[Session],
    keyring: KeyRing,
    *,
    platforms: Platforms,
    bounds: Bounds,
) -> AsyncIterator[Ground]:
    """Yield the ground of this database, for the running event loop; its connections close after.

    Raises KeyUnavailable where the key ring does not open the installation.
    """
    async_sessions = make_async_sessions(url, keyring)
    give_platforms(async_sessions, platforms)
    feed = RunFeed(async_sessions)

    def installation_key() -> bytes:
        with unit_of_work(sessions) as db:
            return get_installation_key(db)

    try:
        yield Ground(
            sessions=sessions,
            async_sessions=async_sessions,
            keys=TokenKeys.drawn_from(await asyncio.to_thread(installation_key)),
            bounds=bounds,
            feed=feed,
            pace=bounds.pace(),
            nobodys_hash=await asyncio.to_thread(_nobodys_hash),
        )
    finally:
        await feed.close()
        await async_sessions.kw["bind"].dispose()


@cache
def _nobodys_hash() -> str:
    """Return the hash of a password that is forgotten at once; one does for a whole process."""
    return hash_password(secrets.token_urlsafe())
