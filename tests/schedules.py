"""Schedules for tests: the contract's examples and refusals, and drawn ones with their meaning.

What a drawn schedule means is told by `fits`, from the wall clock of one minute alone, so that a
search through all minutes needs nothing of the arithmetic under test.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from random import Random
from typing import TypeAlias

from netraven.errors import Invalid
from netraven.nextrun import calculate_next_run
from tests.zones import changes, firings

Arguments: TypeAlias = dict[str, object]

EXAMPLES: list[tuple[str, Arguments, str, str | None]] = [
    # due at once
    ("immediate", {}, "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
    # offset honoured
    (
        "one_time",
        {"run_at": "2026-03-05T08:00:00+02:00"},
        "2026-03-02T09:00:00Z",
        "2026-03-05T06:00:00Z",
    ),
    # exactly now: exhausted
    ("one_time", {"run_at": "2026-03-02T09:00:00Z"}, "2026-03-02T09:00:00Z", None),
    # past, so exhausted
    ("one_time", {"run_at": "2026-03-01T09:00:00Z"}, "2026-03-02T09:00:00Z", None),
    # no run_at: later today
    ("one_time", {"schedule_time": "10:30"}, "2026-03-02T09:00:00Z", "2026-03-02T10:30:00Z"),
    # no anchor: seconds kept
    ("interval", {"schedule_interval": 3600}, "2026-03-02T10:15:30Z", "2026-03-02T11:15:30Z"),
    # anchored, exactly on a tick
    (
        "interval",
        {"schedule_interval": 21600, "run_at": "2026-03-01T00:00:00Z"},
        "2026-03-02T06:00:00Z",
        "2026-03-02T12:00:00Z",
    ),
    # elapsed time: noon, then 13:00 local
    (
        "interval",
        {"schedule_interval": 86400, "run_at": "2026-03-27T11:00:00Z", "timezone": "Europe/Berlin"},
        "2026-03-28T11:00:00Z",
        "2026-03-29T11:00:00Z",
    ),
    # later today
    ("daily", {"schedule_time": "10:30"}, "2026-03-02T09:00:00Z", "2026-03-02T10:30:00Z"),
    # exactly now: tomorrow
    ("daily", {"schedule_time": "10:30"}, "2026-03-02T10:30:00Z", "2026-03-03T10:30:00Z"),
    # seconds do not leak
    ("daily", {"schedule_time": "10:30"}, "2026-03-02T10:30:45Z", "2026-03-03T10:30:00Z"),
    # local date is still the 2nd
    (
        "daily",
        {"schedule_time": "23:30", "timezone": "America/Los_Angeles"},
        "2026-03-03T05:00:00Z",
        "2026-03-03T07:30:00Z",
    ),
    # gap: 02:30 → 03:00 local
    (
        "daily",
        {"schedule_time": "02:30", "timezone": "Europe/Berlin"},
        "2026-03-28T12:00:00Z",
        "2026-03-29T01:00:00Z",
    ),
    # gap run served: next day
    (
        "daily",
        {"schedule_time": "02:30", "timezone": "Europe/Berlin"},
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
    ),
    # overlap: first 02:30
    (
        "daily",
        {"schedule_time": "02:30", "timezone": "Europe/Berlin"},
        "2026-10-24T12:00:00Z",
        "2026-10-25T00:30:00Z",
    ),
    # overlap: no second run
    (
        "daily",
        {"schedule_time": "02:30", "timezone": "Europe/Berlin"},
        "2026-10-25T00:45:00Z",
        "2026-10-26T01:30:00Z",
    ),
    # 30-minute gap: 02:15 → 02:30 local
    (
        "daily",
        {"schedule_time": "02:15", "timezone": "Australia/Lord_Howe"},
        "2026-10-03T12:00:00Z",
        "2026-10-03T15:30:00Z",
    ),
    # Monday, later today
    (
        "weekly",
        {"schedule_time": "08:00", "schedule_day": "monday"},
        "2026-03-02T06:00:00Z",
        "2026-03-02T08:00:00Z",
    ),
    # "0" is Monday
    (
        "weekly",
        {"schedule_time": "08:00", "schedule_day": "0"},
        "2026-03-02T06:00:00Z",
        "2026-03-02T08:00:00Z",
    ),
    # exactly now: in 7 days
    (
        "weekly",
        {"schedule_time": "08:00", "schedule_day": "Mon"},
        "2026-03-02T08:00:00Z",
        "2026-03-09T08:00:00Z",
    ),
    # 6 is Sunday
    (
        "weekly",
        {"schedule_time": "08:00", "schedule_day": 6},
        "2026-03-02T09:00:00Z",
        "2026-03-08T08:00:00Z",
    ),
    # of a list the nearest, Wednesday
    (
        "weekly",
        {"schedule_time": "08:00", "schedule_day": "mon, wed, FRI"},
        "2026-03-02T09:00:00Z",
        "2026-03-04T08:00:00Z",
    ),
    # Monday in Auckland, Sunday in UTC
    (
        "weekly",
        {"schedule_time": "07:00", "schedule_day": "monday", "timezone": "Pacific/Auckland"},
        "2026-03-01T17:00:00Z",
        "2026-03-01T18:00:00Z",
    ),
    # later today
    (
        "monthly",
        {"schedule_time": "06:00", "schedule_day": 15},
        "2026-03-15T05:00:00Z",
        "2026-03-15T06:00:00Z",
    ),
    # 31st clamped to 28 February
    (
        "monthly",
        {"schedule_time": "06:00", "schedule_day": "31"},
        "2026-01-31T12:00:00Z",
        "2026-02-28T06:00:00Z",
    ),
    # 31st is back in March
    (
        "monthly",
        {"schedule_time": "06:00", "schedule_day": "31"},
        "2026-02-28T06:00:00Z",
        "2026-03-31T06:00:00Z",
    ),
    # 31st clamped to 30 April
    (
        "monthly",
        {"schedule_time": "06:00", "schedule_day": "31"},
        "2026-03-31T06:00:00Z",
        "2026-04-30T06:00:00Z",
    ),
    # last day, leap year
    (
        "monthly",
        {"schedule_time": "06:00", "schedule_day": "last"},
        "2028-02-01T00:00:00Z",
        "2028-02-29T06:00:00Z",
    ),
    # 29 Feb → 28 Feb in a common year
    (
        "yearly",
        {"schedule_time": "06:00", "schedule_day": 29, "month": 2},
        "2026-03-01T00:00:00Z",
        "2027-02-28T06:00:00Z",
    ),
    # 29 Feb in a leap year
    (
        "yearly",
        {"schedule_time": "06:00", "schedule_day": 29, "month": "feb"},
        "2027-02-28T06:00:00Z",
        "2028-02-29T06:00:00Z",
    ),
    # steps
    ("cron", {"cron": "*/15 * * * *"}, "2026-03-02T10:07:20Z", "2026-03-02T10:15:00Z"),
    # cron 7 (and 0) is Sunday
    ("cron", {"cron": "0 3 * * 7"}, "2026-03-02T03:00:00Z", "2026-03-08T03:00:00Z"),
    # day-of-month OR weekday: the 1st
    ("cron", {"cron": "0 2 1 * mon"}, "2026-03-30T03:00:00Z", "2026-04-01T02:00:00Z"),
    # */2 counts as open: both must hold
    ("cron", {"cron": "0 0 */2 * tue"}, "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
    # 29 Feb: no clamp in cron
    ("cron", {"cron": "0 0 29 2 *"}, "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    # gap: four skipped ticks are one run
    (
        "cron",
        {"cron": "*/15 * * * *", "timezone": "Europe/Berlin"},
        "2026-03-29T00:50:00Z",
        "2026-03-29T01:00:00Z",
    ),
    # overlap: second 02:00 not run
    (
        "cron",
        {"cron": "0 * * * *", "timezone": "Europe/Berlin"},
        "2026-10-25T00:00:00Z",
        "2026-10-25T02:00:00Z",
    ),
]

REFUSALS: list[tuple[str, Arguments, str]] = [
    ("daily", {}, "schedule_time"),
    ("daily", {"schedule_time": "9:30"}, "schedule_time"),
    ("daily", {"schedule_time": "24:00"}, "schedule_time"),
    ("daily", {"schedule_time": "10:30:00"}, "schedule_time"),
    ("daily", {"schedule_time": "\u0661\u0660:\u0663\u0660"}, "schedule_time"),
    ("daily", {"schedule_time": "10:30\n"}, "schedule_time"),
    ("weekly", {"schedule_time": "10:30"}, "schedule_day"),
    ("weekly", {"schedule_time": "10:30", "schedule_day": "7"}, "schedule_day"),
    ("weekly", {"schedule_time": "10:30", "schedule_day": -1}, "schedule_day"),
    ("weekly", {"schedule_time": "10:30", "schedule_day": "mo"}, "schedule_day"),
    ("weekly", {"schedule_time": "10:30", "schedule_day": ""}, "schedule_day"),
    ("weekly", {"schedule_time": "10:30", "schedule_day": "mon,,tue"}, "schedule_day"),
    ("weekly", {"schedule_time": "10:30", "schedule_day": True}, "schedule_day"),
    ("weekly", {"schedule_day": "mon"}, "schedule_time"),
    ("monthly", {"schedule_time": "10:30"}, "schedule_day"),
    ("monthly", {"schedule_time": "10:30", "schedule_day": 0}, "schedule_day"),
    ("monthly", {"schedule_time": "10:30", "schedule_day": 32}, "schedule_day"),
    ("monthly", {"schedule_time": "10:30", "schedule_day": "first"}, "schedule_day"),
    ("monthly", {"schedule_time": "10:30", "schedule_day": True}, "schedule_day"),
    ("yearly", {"schedule_time": "10:30", "schedule_day": 30, "month": 2}, "schedule_day"),
    ("yearly", {"schedule_time": "10:30", "schedule_day": 31, "month": 4}, "schedule_day"),
    ("yearly", {"schedule_time": "10:30", "schedule_day": 1}, "month"),
    ("yearly", {"schedule_time": "10:30", "schedule_day": 1, "month": 13}, "month"),
    ("yearly", {"schedule_time": "10:30", "schedule_day": 1, "month": 0}, "month"),
    ("yearly", {"schedule_time": "10:30", "schedule_day": 1, "month": "juni"}, "month"),
    ("interval", {}, "schedule_interval"),
    ("interval", {"schedule_interval": 59}, "schedule_interval"),
    ("interval", {"schedule_interval": 31_622_401}, "schedule_interval"),
    ("interval", {"schedule_interval": True}, "schedule_interval"),
    ("one_time", {}, "run_at"),
    ("hourly", {}, "schedule_type"),
    ("daily", {"schedule_time": "10:30", "timezone": "Mars/Base"}, "timezone"),
    ("daily", {"schedule_time": "10:30", "timezone": "../UTC"}, "timezone"),
    ("daily", {"schedule_time": "10:30", "timezone": ""}, "timezone"),
    ("cron", {}, "cron"),
    ("cron", {"cron": "0 0 * *"}, "cron"),
    ("cron", {"cron": "0 0 0 * * *"}, "cron"),
    ("cron", {"cron": "60 * * * *"}, "cron"),
    ("cron", {"cron": "5-1 * * * *"}, "cron"),
    ("cron", {"cron": "*/0 * * * *"}, "cron"),
    ("cron", {"cron": "5/15 * * * *"}, "cron"),
    ("cron", {"cron": "1,,2 * * * *"}, "cron"),
    ("cron", {"cron": "-1 * * * *"}, "cron"),
    ("cron", {"cron": "* * * january *"}, "cron"),
    ("cron", {"cron": "0 0 * * 8"}, "cron"),
    ("cron", {"cron": "@daily"}, "cron"),
    ("cron", {"cron": ""}, "cron"),
    ("cron", {"cron": "0 0 30 2 *"}, "cron"),
]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CRON_DAYS = ("sun", *WEEKDAYS[:-1])


@dataclass(frozen=True, slots=True)
class Drawn:
    """A schedule, and whether it runs in a minute: its instant, and the wall times due then."""

    schedule_type: str
    arguments: Arguments
    fits: Callable[[datetime, Sequence[datetime]], bool]


def called(schedule_type: str, arguments: Arguments, now: datetime | str) -> datetime | None:
    """Return the next run of a schedule; texts stand for moments."""
    moments = {
        name: datetime.fromisoformat(value)
        if name in {"run_at", "now"} and isinstance(value, str)
        else value
        for name, value in {**arguments, "now": now}.items()
    }
    return calculate_next_run(schedule_type, **moments)  # type: ignore[arg-type]


def check_against_every_minute(rng: Random, key: str, *, calls: int) -> int:
    """Compare drawn schedules with a search around one change of the zone's clock.

    Return how many of them ran within the two days that were searched.
    """
    around = rng.choice(changes(key) or (datetime(2026, 7, 1, 11, tzinfo=UTC),))
    # No clock was set back by more than two hours at a time: what it shows twice is in the window.
    minutes = firings(key, around, hours_before=14, hours_after=36)
    found = 0
    for _ in range(calls):
        now = around + timedelta(seconds=rng.randrange(-12 * 3600, 30 * 3600))
        drawn = draw(rng, now)
        result = _result(drawn, key, now)
        ahead = minutes[bisect_right(minutes, now, key=itemgetter(0)) :]
        expected = next((minute for minute, walls in ahead if drawn.fits(minute, walls)), None)
        told = (drawn.schedule_type, drawn.arguments, key, now)
        if expected is None:
            assert result is None or result > minutes[-1][0], told
        else:
            assert result == expected, told
            assert result > now, told
            assert result.tzinfo is UTC, told
            found += 1
    return found


def draw(rng: Random, near: datetime) -> Drawn:
    """Return a schedule that is likely to run soon after a moment."""
    kind = rng.choice((_daily, _weekly, _monthly, _yearly, _cron, _cron, _cron, _interval))
    return kind(rng, near)


def _result(drawn: Drawn, key: str, now: datetime) -> datetime | None:
    try:
        return calculate_next_run(drawn.schedule_type, timezone=key, now=now, **drawn.arguments)  # type: ignore[arg-type]
    except Invalid:
        # Drawn dates such as 30 February never come.
        if drawn.schedule_type != "cron":
            raise
        return None


def _showing(
    fits: Callable[[datetime], bool],
) -> Callable[[datetime, Sequence[datetime]], bool]:
    def shows(_: datetime, walls: Sequence[datetime]) -> bool:
        # Asked millions of times, nearly always of one time.
        return fits(walls[0]) if len(walls) == 1 else any(map(fits, walls))

    return shows


def _time(rng: Random) -> tuple[str, int, int]:
    hour = rng.choice((0, 1, 2, 3, 23, rng.randrange(24)))
    minute = rng.choice((0, 15, 30, 45, 59, rng.randrange(60)))
    return f"{hour:02}:{minute:02}", hour, minute


def _is_at(wall: datetime, hour: int, minute: int) -> bool:
    return wall.minute == minute and wall.hour == hour


def _daily(rng: Random, _near: datetime) -> Drawn:
    text, hour, minute = _time(rng)
    kind = rng.choice(("daily", "one_time"))
    return Drawn(kind, {"schedule_time": text}, _showing(lambda wall: _is_at(wall, hour, minute)))


def _weekly(rng: Random, _near: datetime) -> Drawn:
    text, hour, minute = _time(rng)
    days = rng.sample(range(7), rng.randint(1, 4))
    named = ", ".join(rng.choice((str(day), WEEKDAYS[day].title())) for day in days)
    return Drawn(
        "weekly",
        {"schedule_time": text, "schedule_day": named},
        _showing(lambda wall: _is_at(wall, hour, minute) and wall.weekday() in days),
    )


def _monthly(rng: Random, near: datetime) -> Drawn:
    text, hour, minute = _time(rng)
    day = rng.choice((near.day, 31, 29, 1, rng.randint(1, 31)))
    return Drawn(
        "monthly",
        {"schedule_time": text, "schedule_day": "last" if day == 31 else day},
        _showing(lambda wall: _is_at(wall, hour, minute) and wall.day == min(day, _length(wall))),
    )


def _yearly(rng: Random, near: datetime) -> Drawn:
    text, hour, minute = _time(rng)
    day = min(28, near.day + rng.randint(0, 1))
    return Drawn(
        "yearly",
        {"schedule_time": text, "schedule_day": day, "month": MONTHS[near.month - 1]},
        _showing(
            lambda wall: _is_at(wall, hour, minute) and (wall.month, wall.day) == (near.month, day)
        ),
    )


def _interval(rng: Random, near: datetime) -> Drawn:
    step = timedelta(minutes=rng.choice((1, 7, 60, 360, 1440)))
    anchor = near.replace(second=0, microsecond=0) + step * rng.randint(-50, 2)
    return Drawn(
        "interval",
        {"schedule_interval": int(step.total_seconds()), "run_at": anchor},
        lambda minute, _: minute >= anchor and (minute - anchor) % step == timedelta(0),
    )


def _cron(rng: Random, near: datetime) -> Drawn:
    minutes, of_minutes = _field(rng, 0, 59)
    hours, of_hours = _field(rng, 0, 23)
    days, of_days = _field(rng, 1, 31) if rng.random() < 0.5 else ("*", set(range(1, 32)))
    months, of_months = rng.choice((("*", set(range(1, 13))), (str(near.month), {near.month})))
    weekdays, of_weekdays = _field(rng, 0, 6, CRON_DAYS) if rng.random() < 0.5 else ("*", None)
    is_or = days[0] != "*" and weekdays[0] != "*"

    def fits(wall: datetime) -> bool:
        if wall.minute not in of_minutes or wall.hour not in of_hours:
            return False
        by_date = wall.day in of_days
        by_weekday = of_weekdays is None or (wall.weekday() + 1) % 7 in of_weekdays
        fitting = (by_date or by_weekday) if is_or else (by_date and by_weekday)
        return fitting and wall.month in of_months

    return Drawn("cron", {"cron": f"{minutes} {hours} {days} {months}  {weekdays}"}, _showing(fits))


def _field(rng: Random, least: int, most: int, names: Sequence[str] = ()) -> tuple[str, set[int]]:
    """Return a field's text and the numbers that it means."""

    def told(number: int) -> str:
        return names[number].upper() if names and rng.random() < 0.5 else str(number)

    first, last = sorted((rng.randint(least, most), rng.randint(least, most)))
    step = rng.randint(1, 7)
    match rng.randrange(5):
        case 0:
            return "*", set(range(least, most + 1))
        case 1:
            return f"*/{step}", set(range(least, most + 1, step))
        case 2:
            return f"{told(first)}-{told(last)}", set(range(first, last + 1))
        case 3:
            return f"{told(first)}-{told(last)}/{step}", set(range(first, last + 1, step))
        case _:
            return f"{told(last)},{told(first)}", {first, last}


def _length(wall: datetime) -> int:
    return monthrange(wall.year, wall.month)[1]
