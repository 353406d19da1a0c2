"""How one member works: what it listens to, how much it does at once, how patient it is."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from netraven.jobs.cutting import INTERACTIVE, SITE_PREFIX, SWEEP, platform_queue

ALL_QUEUES: Final = (INTERACTIVE, SWEEP)
# The engine is asked every 0.75 s, in which one core can read some 100 devices: one shard.
_SHARDS_AT_ONCE: Final[Mapping[str, int]] = {INTERACTIVE: 4, SWEEP: 4}
_SHARDS_OF_A_SITE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """What a member is told.

    `concurrency` is how many devices it talks to at a time, the setting without it. `is_alone`
    where no other member can live (SQLite, under the lock). `fires_schedules` is False for a
    command that does its own run only. `waits_for_storage` is False for one that ends where the
    database cannot be written to, rather than wait for somebody to mend that. A member that gave
    no sign of life for `silence_s` counts as dead; `stop_s` is how long a graceful end may take.
    """

    queues: tuple[str, ...] = ALL_QUEUES
    concurrency: int | None = None
    is_alone: bool = False
    fires_schedules: bool = True
    waits_for_storage: bool = True
    beat_s: float = 4.0
    tick_s: float = 0.25
    look_s: float = 0.5
    renew_s: float = 5.0
    rescue_s: float = 4.0
    silence_s: float = 15.0
    lost_s: float = 60.0
    stop_s: float = 8.0
    run_deadline_s: float = 86_400.0

    @property
    def name(self) -> str:
        """The name of its host, by which people know it."""
        return socket.gethostname()[:100]

    def knowing(self, platforms: Iterable[str]) -> WorkerOptions:
        """Return the same for a member that has these platforms of users, if it sweeps at all."""
        if SWEEP not in self.queues:
            return self
        own = (platform_queue(name) for name in platforms)
        return replace(self, queues=tuple(dict.fromkeys((*self.queues, *own))))

    @property
    def shards_at_once(self) -> dict[str, int]:
        """How many shards of each queue it does at a time."""
        return {queue: _SHARDS_AT_ONCE.get(queue, _SHARDS_OF_A_SITE) for queue in self.queues}


def parsed_queues(text: str | None) -> tuple[str, ...]:
    """Return the queues that people name with commas; raises ValueError with a sentence."""
    if text is None:
        return ALL_QUEUES
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        is_site = name.startswith(SITE_PREFIX) and len(name) > len(SITE_PREFIX)
        if name not in ALL_QUEUES and not is_site:
            known = f"{', '.join(ALL_QUEUES)} and {SITE_PREFIX}NAME"
            message = f"{name} is no queue; there are {known}"
            raise ValueError(message)
    if not names:
        message = "name at least one queue"
        raise ValueError(message)
    return names
