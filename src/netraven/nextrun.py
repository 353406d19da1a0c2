"""When a schedule runs next: pure arithmetic over wall clocks, calendars and cron expressions.

Wall times map to instants without ever going back: a time that the clock jumps over becomes the
first minute after the gap, and of two equal times only the first counts. So the first fitting
instant is found day by day and, within a day, by bisection.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from importlib.resources import files
from itertools import product
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from netraven import clock
from netraven.errors import Invalid

MIN_INTERVAL_S = 60
MAX_INTERVAL_S = 31_622_400
MAX_PASSED_OVER = 1_000

_HORIZON_YEARS = 40
_LONGEST_MONTH = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LAST = "last"
_WALL_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)

# The days of a month, in order, on which something runs.
_DaysOf: TypeAlias = Callable[[int, int], Sequence[int]]


def calculate_next_run(
    schedule_type: str,
    schedule_time: str | None = None,
    schedule_day: str | int | None = None,
    schedule_interval: int | None = None,
    *,
    run_at: datetime | None = None,
    month: int | str | None = None,
    cron: str | None = None,
    timezone: str = "UTC",
    now: datetime | None = None,
) -> datetime | None:
    """Return the first instant strictly after `now` that fits, in UTC; for immediate `now`.

    None means a one_time whose `run_at` is not after `now`, and nothing else. A naive `now` or
    `run_at` is UTC; wall times belong to `timezone`. Arguments that the type does not use are
    ignored. Raises Invalid for the field of a wrong or missing argument.
    """
    moment = clock.now() if now is None else clock.as_utc(now)
    match schedule_type:
        case "immediate":
            return moment
        case "one_time" if run_at is not None:
            return clock.as_utc(run_at) if clock.as_utc(run_at) > moment else None
        case "interval":
            return _next_tick(checked_interval(schedule_interval), run_at, moment)
    wall_times = _wall_times(schedule_type, schedule_time, schedule_day, month=month, cron=cron)
    return _first_after(moment, wall_times, checked_zone(timezone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a kept schedule runs; `offset` is its jitter, which moves every run alike."""

    schedule_type: str
    schedule_time: str | None = None
    schedule_day: str | int | None = None
    schedule_interval: int | None = None
    run_at: datetime | None = None
    month: int | None = None
    cron: str | None = None
    timezone: str = "UTC"
    offset: timedelta = timedelta()

    def next_run(self, now: datetime) -> datetime | None:
        """Return the first run strictly after `now`; None for a one_time that has passed."""
        is_moved = self.schedule_type not in {"immediate", "one_time"}
        offset = self.offset if is_moved else timedelta()
        found = calculate_next_run(
            self.schedule_type,
            self.schedule_time,
            self.schedule_day,
            self.schedule_interval,
            run_at=self.run_at,
            month=self.month,
            cron=self.cron,
            timezone=self.timezone,
            now=now - offset,
        )
        return None if found is None else found + offset

    def passed_over(self, served: datetime, now: datetime) -> int:
        """Return how many runs lie after the served one up to `now`; counting stops at 1 000."""
        passed = 0
        run_at = self.next_run(served)
        while run_at is not None and run_at <= now and passed < MAX_PASSED_OVER:
            passed += 1
            run_at = self.next_run(run_at)
        return passed


def jitter_offset(schedule_id: UUID, jitter_seconds: int) -> timedelta:
    """Return by how much a schedule runs later, 0 to `jitter_seconds`, always the same."""
    digest = hashlib.sha256(schedule_id.bytes).digest()
    return timedelta(seconds=int.from_bytes(digest[:8]) % (jitter_seconds + 1))


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the zone's clock shows that time of that day, in UTC.

    For a time that the clock jumps over it is the first whole minute after the gap.
    """
    wall = datetime.combine(day, at)
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    return instant if shown == wall else _gap_end(instant, shown - wall, zone)


def checked_time(schedule_time: object) -> time:
    """Return the wall time of `HH:MM`; raises Invalid("schedule_time")."""
    matched = _WALL_TIME.fullmatch(schedule_time) if isinstance(schedule_time, str) else None
    if matched is None:
        raise Invalid("schedule_time", f"{schedule_time!r} is not a time from 00:00 to 23:59")
    return time(int(matched[1]), int(matched[2]))


def checked_weekdays(schedule_day: object) -> tuple[int, ...]:
    """Return the weekdays, 0 = Monday, sorted, each once; raises Invalid("schedule_day")."""
    parts = schedule_day.split(",") if isinstance(schedule_day, str) else [schedule_day]
    days = {_numbered(part, _WEEKDAYS, first=0) for part in parts}
    known = [day for day in days if day is not None]
    if len(known) < len(days):
        raise Invalid(
            "schedule_day", f"{schedule_day!r} is not a weekday: 0 (Monday) to 6, or English names"
        )
    return tuple(sorted(known))


def checked_month_day(schedule_day: object, *, month: int | None = None) -> int | None:
    """Return the day of the month, None for its last one; raises Invalid("schedule_day").

    With a month, the day must exist in it in some year.
    """
    if isinstance(schedule_day, str) and schedule_day.strip().lower() == _LAST:
        return None
    day = _number(schedule_day)
    if day is None or not 1 <= day <= 31:  # noqa: PLR2004  days of a month
        raise Invalid("schedule_day", f"{schedule_day!r} is not a day of a month: 1 to 31, or last")
    if month is not None and day > _LONGEST_MONTH[month]:
        raise Invalid("schedule_day", f"month {month} never has a day {day}")
    return day


def checked_month(month: object) -> int:
    """Return the month, 1 = January; raises Invalid("month")."""
    number = _numbered(month, _MONTHS, first=1)
    if number is None:
        raise Invalid("month", f"{month!r} is not a month: 1 to 12, or an English name")
    return number


def checked_interval(schedule_interval: object) -> timedelta:
    """Return the time between two runs; raises Invalid("schedule_interval")."""
    seconds = None if isinstance(schedule_interval, str) else _number(schedule_interval)
    if seconds is None or not MIN_INTERVAL_S <= seconds <= MAX_INTERVAL_S:
        reason = f"must be from {MIN_INTERVAL_S} to {MAX_INTERVAL_S} seconds"
        raise Invalid("schedule_interval", f"{reason}, not {schedule_interval!r}")
    return timedelta(seconds=seconds)


def checked_zone(timezone: object) -> ZoneInfo:
    """Return the time zone of an IANA name; raises Invalid("timezone")."""
    if not isinstance(timezone, str) or timezone not in zone_names():
        raise Invalid("timezone", f"{timezone!r} is not a time zone such as Europe/Berlin")
    return ZoneInfo(timezone)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return the names of all time zones."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


def checked_cron(cron: object) -> str:
    """Return the cron expression with single blanks; raises Invalid("cron").

    It has five fields, each in its bounds; whether it ever matches is not looked at.
    """
    if not isinstance(cron, str):
        raise Invalid("cron", "a cron expression of five fields is needed")
    text = " ".join(cron.split())
    _parsed_cron(text)
    return text


@dataclass(frozen=True, slots=True)
class _WallTimes:
    """What a wall clock shows when something runs: the times of a day, and the days."""

    times: tuple[time, ...]
    days_of: _DaysOf


def _wall_times(
    schedule_type: str,
    schedule_time: object,
    schedule_day: object,
    *,
    month: object,
    cron: str | None,
) -> _WallTimes:
    if schedule_type == "cron":
        return _parsed_cron(checked_cron(cron))
    days_of: _DaysOf
    match schedule_type:
        case "one_time" if schedule_time is None:
            raise Invalid("run_at", "a one_time schedule needs run_at or schedule_time")
        case "one_time" | "daily":
            days_of = _every_day
        case "weekly":
            days_of = _on_weekdays(checked_weekdays(schedule_day))
        case "monthly":
            days_of = _on_month_day(checked_month_day(schedule_day))
        case "yearly":
            only = checked_month(month)
            days_of = _on_month_day(checked_month_day(schedule_day, month=only), month=only)
        case _:
            raise Invalid("schedule_type", f"{schedule_type!r} is not a type of schedule")
    return _WallTimes((checked_time(schedule_time),), days_of)


def _next_tick(interval: timedelta, anchor: datetime | None, now: datetime) -> datetime:
    if anchor is None:
        return now + interval
    first = clock.as_utc(anchor)
    return first if first > now else first + interval * ((now - first) // interval + 1)


def _first_after(now: datetime, wanted: _WallTimes, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    # Yesterday too: where a gap ends within a minute, its first whole minute may be still ahead.
    for day in _days(today - timedelta(days=1), wanted.days_of):
        instant = partial(instant_of, day, zone=zone)
        ahead = bisect_right(wanted.times, now, key=instant)
        if ahead < len(wanted.times):
            return instant(wanted.times[ahead])
    raise Invalid("cron", f"it matches nothing within {_HORIZON_YEARS} years")


def _days(first: date, days_of: _DaysOf) -> Iterator[date]:
    """Yield the fitting days of the next 40 years, from `first` on."""
    last_year = min(first.year + _HORIZON_YEARS, MAXYEAR)
    months = range(first.year * 12 + first.month - 1, last_year * 12 + 12)
    for year, index in (divmod(month, 12) for month in months):
        for number in days_of(year, index + 1):
            day = date(year, index + 1, number)
            if day >= first:
                yield day


def _gap_end(after: datetime, gap: timedelta, zone: ZoneInfo) -> datetime:
    """Return the first whole minute after the gap that ends at most `gap` before `after`."""
    before = after - gap
    offset = before.astimezone(zone).utcoffset()
    seconds = range(int(gap.total_seconds()) + 1)

    def is_beyond(second: int) -> bool:
        return (before + timedelta(seconds=second)).astimezone(zone).utcoffset() != offset

    end = before + timedelta(seconds=bisect_left(seconds, 1, key=is_beyond))
    # Before the times of railways, clocks jumped at odd seconds.
    odd_seconds = end.astimezone(zone).second
    return end + timedelta(seconds=60 - odd_seconds) if odd_seconds else end


def _every_day(year: int, month: int) -> Sequence[int]:
    return range(1, monthrange(year, month)[1] + 1)


def _on_weekdays(weekdays: Sequence[int]) -> _DaysOf:
    def days_of(year: int, month: int) -> Sequence[int]:
        first, length = monthrange(year, month)
        return [day for day in range(1, length + 1) if (first + day - 1) % 7 in weekdays]

    return days_of


def _on_month_day(wanted: int | None, *, month: int | None = None) -> _DaysOf:
    def days_of(year: int, asked: int) -> Sequence[int]:
        if month not in {None, asked}:
            return ()
        last = monthrange(year, asked)[1]
        return (last if wanted is None else min(wanted, last),)

    return days_of


def _numbered(value: object, names: Sequence[str], *, first: int) -> int | None:
    """Return the number of a name, its three letters or its number; None for none of these."""
    if isinstance(value, str):
        word = value.strip().lower()
        for number, name in enumerate(names, start=first):
            if word in {name, name[:3]}:
                return number
    number_given = _number(value)
    is_known = number_given is not None and first <= number_given < first + len(names)
    return number_given if is_known else None


def _number(value: object) -> int | None:
    """Return a whole number given as such or as a text of up to two digits, else None."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if re.fullmatch(r"[0-9]{1,2}", text) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class _CronField:
    """What one field of a cron expression may hold."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> frozenset[int]:
        """Return the numbers that the field means; raises Invalid("cron")."""
        return frozenset(number for part in text.split(",") for number in self._part(part))

    def _part(self, text: str) -> range:
        span, slash, step_text = text.partition("/")
        first_text, dash, last_text = span.partition("-")
        if span == "*":
            first, last = self.least, self.most
        else:
            first = self._bound(first_text)
            last = self._bound(last_text) if dash else first
            # A week may end with its Sunday: `fri-sun`.
            last = 7 if last_text.lower() == "sun" and first > 0 else last
        # A step after a single number means different things to different programs.
        is_stepless = slash and span != "*" and not dash
        if first > last or is_stepless:
            raise self._refusal(text)
        return range(first, last + 1, self._step(step_text) if slash else 1)

    def _bound(self, text: str) -> int:
        if text.lower() in self.names:
            return self.names.index(text.lower()) + self.least
        # Sunday is both 0 and 7.
        most = 7 if self.name == "weekday" else self.most
        if not re.fullmatch(r"[0-9]{1,2}", text) or not self.least <= int(text) <= most:
            raise self._refusal(text)
        return int(text)

    def _step(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,2}", text) or int(text) == 0:
            raise self._refusal(f"/{text}")
        return int(text)

    def _refusal(self, text: str) -> Invalid:
        return Invalid("cron", f"{text!r} does not fit the field {self.name}")


_CRON_FIELDS = (
    _CronField("minute", 0, 59),
    _CronField("hour", 0, 23),
    _CronField("day of month", 1, 31),
    _CronField("month", 1, 12, tuple(name[:3] for name in _MONTHS)),
    _CronField("weekday", 0, 6, ("sun", *(name[:3] for name in _WEEKDAYS[:-1]))),
)


@lru_cache(maxsize=256)
def _parsed_cron(text: str) -> _WallTimes:
    fields = text.split(" ") if text else []
    if len(fields) != len(_CRON_FIELDS):
        raise Invalid("cron", f"{text!r} does not have five fields")
    minutes, hours, month_days, months, weekdays = (
        field.values(part) for field, part in zip(_CRON_FIELDS, fields, strict=True)
    )
    is_either = not fields[2].startswith("*") and not fields[4].startswith("*")
    iso_weekdays = {(day - 1) % 7 for day in weekdays}

    def days_of(year: int, month: int) -> Sequence[int]:
        if month not in months:
            return ()
        first, length = monthrange(year, month)
        fits = (
            (day, day in month_days, (first + day - 1) % 7 in iso_weekdays)
            for day in range(1, length + 1)
        )
        if is_either:
            return [day for day, by_date, by_weekday in fits if by_date or by_weekday]
        return [day for day, by_date, by_weekday in fits if by_date and by_weekday]

    times = tuple(time(hour, minute) for hour, minute in product(sorted(hours), sorted(minutes)))
    return _WallTimes(times, days_of)
