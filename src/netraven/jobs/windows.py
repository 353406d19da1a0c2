"""When a black-out holds: pure arithmetic over wall clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from netraven.db.enums import HoldBack
from netraven.errors import Invalid
from netraven.models import Blackout
from netraven.nextrun import checked_time, checked_weekdays, checked_zone, instant_of

_MOST_AHEAD = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The times of one black-out; wall times, or one beginning and one end."""

    name: str
    tag_id: UUID
    hold_back: HoldBack
    timezone: str
    from_time: str | None = None
    until_time: str | None = None
    weekdays: tuple[int, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @classmethod
    def of(cls, row: Blackout) -> Window:
        """Return the window of a stored black-out."""
        return cls(
            name=row.name,
            tag_id=row.tag_id,
            hold_back=row.hold_back,
            timezone=row.timezone,
            from_time=row.from_time,
            until_time=row.until_time,
            weekdays=checked_weekdays(row.weekdays) if row.weekdays else (),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )

    @property
    def is_zone_known(self) -> bool:
        """Whether this program's time zones have its zone; without it the times count as UTC."""
        return _zone(self.timezone) is not None

    def end_at(self, now: datetime) -> datetime | None:
        """Return when the window in which `now` lies ends, not itself in it; None outside."""
        if self.starts_at is not None and self.ends_at is not None:
            return self.ends_at if self.starts_at <= now < self.ends_at else None
        ends = [end for start, end in self._around(now) if start <= now < end]
        return max(ends, default=None)

    def _around(self, now: datetime) -> list[tuple[datetime, datetime]]:
        """Return the beginnings and ends of the windows that may hold: a day is their most."""
        zone = _zone(self.timezone) or ZoneInfo("UTC")
        since, until = checked_time(self.from_time), checked_time(self.until_time)
        today = now.astimezone(zone).date()
        days = (today - timedelta(days=2), today - timedelta(days=1), today)
        nights = timedelta(days=0 if until > since else 1)
        return [
            (instant_of(day, since, zone), instant_of(day + nights, until, zone))
            for day in days
            if not self.weekdays or day.weekday() in self.weekdays
        ]


def free_at(windows: Sequence[Window], now: datetime) -> datetime:
    """Return the first instant from `now` on that is in none of the windows.

    Where there is none within some hundred windows on end, their last end that was looked at.
    """
    moment = now
    for _ in range(_MOST_AHEAD):
        ends = [end for window in windows if (end := window.end_at(moment)) is not None]
        if not ends:
            break
        moment = max(ends)
    return moment


def shown_zone(timezone: str) -> tzinfo:
    """Return the zone in which a black-out's times are shown: its own, UTC for an unknown one."""
    return _zone(timezone) or UTC


def _zone(timezone: str) -> ZoneInfo | None:
    try:
        return checked_zone(timezone)
    except Invalid:
        return None
