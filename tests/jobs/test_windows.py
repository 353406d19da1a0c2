"""When a black-out holds: nights, weeks, daylight saving, and windows that follow each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from netraven.db import new_id
from netraven.db.enums import HoldBack
from netraven.jobs.windows import Window, free_at

# (from, until, weekdays, zone, now, end or None); 2026-03-02 is a Monday.
TIMES: list[tuple[str, str, str, str, str, str | None]] = [
    ("08:00", "18:00", "", "UTC", "2026-03-02T07:59:59Z", None),
    ("08:00", "18:00", "", "UTC", "2026-03-02T08:00:00Z", "2026-03-02T18:00:00Z"),
    ("08:00", "18:00", "", "UTC", "2026-03-02T18:00:00Z", None),
    # past midnight, told on either side of it
    ("22:00", "06:00", "", "UTC", "2026-03-02T23:00:00Z", "2026-03-03T06:00:00Z"),
    ("22:00", "06:00", "", "UTC", "2026-03-03T05:59:59Z", "2026-03-03T06:00:00Z"),
    # Friday's night ends on Saturday
    ("22:00", "06:00", "4", "UTC", "2026-03-07T05:00:00Z", "2026-03-07T06:00:00Z"),
    ("22:00", "06:00", "4", "UTC", "2026-03-06T05:00:00Z", None),
    # equal times: a whole day
    ("00:00", "00:00", "6", "UTC", "2026-03-08T12:00:00Z", "2026-03-09T00:00:00Z"),
    ("00:00", "00:00", "6", "UTC", "2026-03-09T00:00:00Z", None),
    # a zone's own day
    ("08:00", "18:00", "0", "Pacific/Auckland", "2026-03-01T19:00:00Z", "2026-03-02T05:00:00Z"),
    # the hour from two to three is not there on this day: the window ends an hour sooner
    ("01:00", "04:00", "", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T02:00:00Z"),
    # all of it lies in that hour
    ("02:10", "02:50", "", "Europe/Berlin", "2026-03-29T01:00:00Z", None),
    # and here that hour comes twice
    ("01:00", "04:00", "", "Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T03:00:00Z"),
    # a zone that this program does not know: times count as UTC
    ("08:00", "18:00", "", "Mars/Base", "2026-03-02T08:00:00Z", "2026-03-02T18:00:00Z"),
]


@pytest.mark.parametrize(
    ("times", "now", "end"), [((*times,), now, end) for *times, now, end in TIMES]
)
def test_window_holds_from_its_beginning_up_to_its_end(
    times: tuple[str, str, str, str], now: str, end: str | None
) -> None:
    window = daily(*times)

    found = window.end_at(datetime.fromisoformat(now))

    assert found == (datetime.fromisoformat(end) if end else None)


def test_window_that_comes_once_holds_between_its_moments() -> None:
    start, end = datetime(2026, 12, 24, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)
    window = Window(
        name="freeze",
        tag_id=new_id(),
        hold_back=HoldBack.SKIP,
        timezone="UTC",
        starts_at=start,
        ends_at=end,
    )

    assert window.end_at(start - timedelta(microseconds=1)) is None
    assert window.end_at(start) == end
    assert window.end_at(end) is None


def test_windows_that_follow_each_other_are_one() -> None:
    windows = [daily("08:00", "12:00"), daily("12:00", "14:00"), daily("13:00", "18:00")]

    free = free_at(windows, datetime(2026, 3, 2, 9, tzinfo=UTC))

    assert free == datetime(2026, 3, 2, 18, tzinfo=UTC)
    assert free_at(windows, free) == free


def test_windows_without_a_gap_end_the_search() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)

    free = free_at([daily("00:00", "00:00")], now)

    assert free - now > timedelta(days=300)


def test_zone_that_is_gone_is_seen() -> None:
    assert daily("08:00", "18:00", zone="Europe/Berlin").is_zone_known
    assert not daily("08:00", "18:00", zone="Mars/Base").is_zone_known


def daily(since: str, until: str, days: str = "", zone: str = "UTC") -> Window:
    return Window(
        name="hours",
        tag_id=new_id(),
        hold_back=HoldBack.WAIT,
        timezone=zone,
        from_time=since,
        until_time=until,
        weekdays=tuple(int(day) for day in days),
    )
