"""How an installation stands, as doors and monitoring show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Health(StrEnum):
    """How well something stands, in the words of monitoring; `exit_code` is its plugins'."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2, the worse the higher."""
        return list(Health).index(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be, in one sentence with its remedy."""

    health: Health
    about: str
    sentence: str


@dataclass(frozen=True, slots=True)
class NamedMoment:
    """When something was, and of which device."""

    at: datetime
    hostname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetStatus:
    """The enabled devices.

    `swept_at` is when the last complete sweep was over at the latest: every one of them has been
    tried since; None where one was never tried. `oldest_good` is the good backup that is oldest
    among those that are each device's newest. `untried` devices were never tried, `without_good`
    have no good backup at all.
    """

    enabled: int
    disabled: int
    unreachable: int
    by_status: dict[str, int]
    untried: int
    without_good: int
    swept_at: datetime | None
    oldest_good: NamedMoment | None
    quarantined: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """What waits and what goes on; `shards` are those that wait, by queue."""

    running_runs: int
    queued_runs: int
    open_devices: int
    shards: dict[str, int]
    oldest_wait: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """A process that does work; a silent one gave no sign of life for half a minute."""

    id: UUID
    name: str
    version: str
    queues: tuple[str, ...]
    started_at: datetime
    heartbeat_at: datetime
    is_silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """A schedule that failed, is overdue, or cannot fire any more.

    One without `has_targets` listed devices or tags that are all deleted now.
    """

    id: UUID
    name: str
    job_type: str
    next_run: datetime | None
    consecutive_failures: int
    is_overdue: bool
    is_zone_known: bool
    has_targets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole installation; `health` is that of its worst problem."""

    at: datetime
    health: Health
    problems: tuple[Problem, ...]
    fleet: FleetStatus
    queue: QueueStatus
    workers: tuple[WorkerStatus, ...]
    schedules: tuple[ScheduleStatus, ...]
    waiting_devices: int
    frozen_credentials: int
