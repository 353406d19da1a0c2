"""What the requests of one process stand on: the database, the keys, and the bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from fastapi import FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker

from netraven.archive.search_pace import Pace
from netraven.errors import TooManyRequests
from netraven.request.feed import RunFeed
from netraven.request.keys import TokenKeys
from netraven.request.measures import Measures
from netraven.sso.oidc import Providers

Readiness: TypeAlias = Callable[[], Awaitable[str | None]]

# Each takes 19 MiB and a core; more at a time would only make all of them slower.
HASHES_AT_A_TIME = 4
# Each holds a thread, of which a small machine has six, for as long as a directory takes.
DIRECTORIES_AT_A_TIME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one request may take: bytes of its body, seconds, and proxies that are believed."""

    max_body_bytes: int = 16 * 1024 * 1024
    timeout_s: float = 30.0
    trusted_proxies: Sequence[IPv4Network | IPv6Network] = ()
    # Of one token or login, in this process; so many may come at once. None sets no bound.
    requests_per_minute: int | None = None

    def pace(self) -> Pace | None:
        """Return what counts the requests of each token and login, where they are bounded."""
        most = self.requests_per_minute
        if most is None:
            return None
        return Pace(burst=most, per_minute=most, refusal=TooManyRequests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One process's way to everything that a request needs; made once, when it starts."""

    sessions: sessionmaker[Session] = field(repr=False)
    async_sessions: async_sessionmaker[AsyncSession] = field(repr=False)
    keys: TokenKeys = field(repr=False)
    bounds: Bounds
    feed: RunFeed = field(repr=False)
    # The hash of no password, so that unknown names take as long as known ones.
    nobodys_hash: str = field(repr=False)
    measures: Measures = field(default_factory=Measures, repr=False)
    pace: Pace | None = field(default=None, repr=False)
    providers: Providers = field(default_factory=Providers, repr=False)
    asking: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(DIRECTORIES_AT_A_TIME), repr=False
    )
    hashing: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(HASHES_AT_A_TIME), repr=False
    )


def lay_ground(app: FastAPI, ground: Ground, why_not_ready: Readiness) -> None:
    """Give the application what its requests find by `get_ground` and `get_readiness`."""
    app.state.ground = ground
    app.state.why_not_ready = why_not_ready


def get_ground(request: Request) -> Ground:
    """Return the ground of the application that the request came to."""
    ground: Ground = request.app.state.ground
    return ground


def get_readiness(request: Request) -> Readiness:
    """Return what says why no work can be done here, None where it can."""
    why_not_ready: Readiness = request.app.state.why_not_ready
    return why_not_ready
