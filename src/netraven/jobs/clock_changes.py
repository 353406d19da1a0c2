"""What the changes of a zone's clock do to a schedule: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from netraven.nextrun import Timing

AHEAD = timedelta(days=370)

_ON_WALL_TIMES = frozenset({"daily", "weekly", "monthly", "yearly", "cron"})


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A moment from which on a zone's clock shows another offset from UTC."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_forward(self) -> bool:
        """The clock jumps over some times, rather than showing them twice."""
        return self.after > self.before

    @property
    def shown(self) -> tuple[datetime, datetime]:
        """Where the wall times that it jumps over or shows twice begin, and where they end."""
        naive = self.at.astimezone(UTC).replace(tzinfo=None)
        first, end = sorted((naive + self.before, naive + self.after))
        return first, end


def clock_changes(zone: ZoneInfo, now: datetime) -> list[ClockChange]:
    """Return the changes of the zone's clock in the next year or so."""
    return list(_changes(zone, now))


def affected_time(timing: Timing, change: ClockChange) -> datetime | None:
    """Return the first time of the schedule that the change jumps over or shows twice.

    It is a naive wall time; None where there is none, and for schedules that do not go by the
    wall clock.
    """
    if timing.schedule_type not in _ON_WALL_TIMES:
        return None
    first, end = (moment.replace(tzinfo=UTC) for moment in change.shown)
    # In UTC, which knows no changes, the schedule's wall times are all there, once each.
    by_the_wall = replace(timing, timezone="UTC", offset=timedelta())
    found = by_the_wall.next_run(first - timedelta(microseconds=1))
    return found.replace(tzinfo=None) if found is not None and found < end else None


def is_by_wall_clock(timing: Timing) -> bool:
    """Tell whether the schedule goes by what a wall clock shows."""
    return timing.schedule_type in _ON_WALL_TIMES


def _changes(zone: ZoneInfo, now: datetime) -> Iterator[ClockChange]:
    """Yield them in order; no zone changes twice within a day."""
    day = timedelta(days=1)
    for number in range(AHEAD.days):
        low, high = now + number * day, now + (number + 1) * day
        before, after = _offset(zone, low), _offset(zone, high)
        if before == after:
            continue
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
        at = high.replace(microsecond=0)
        yield ClockChange(at, before, after)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
