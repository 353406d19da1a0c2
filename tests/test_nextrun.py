"""When schedules run next: the contract's examples and refusals, and a search of every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netraven import clock
from netraven.errors import Invalid
from netraven.nextrun import calculate_next_run, checked_cron, checked_weekdays, zone_names
from tests.schedules import EXAMPLES, REFUSALS, Arguments, called, check_against_every_minute
from tests.zones import changes, zone_keys

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("schedule_type", "arguments", "now", "expected"), EXAMPLES)
def test_example_of_the_contract(
    schedule_type: str, arguments: Arguments, now: str, expected: str | None
) -> None:
    result = called(schedule_type, arguments, now)

    assert result == (None if expected is None else datetime.fromisoformat(expected))
    assert result is None or result.tzinfo is UTC


@pytest.mark.parametrize(("schedule_type", "arguments", "field"), REFUSALS)
def test_refusal_names_the_field(schedule_type: str, arguments: Arguments, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        called(schedule_type, arguments, NOON)

    assert refused.value.field == field


@given(rng=st.randoms(use_true_random=False), key=st.sampled_from(zone_keys()))
@settings(max_examples=40, deadline=None)
def test_result_is_that_of_a_search_through_every_minute(rng: Random, key: str) -> None:
    check_against_every_minute(rng, key, calls=5)


def test_gap_of_a_whole_day_is_one_run_after_it() -> None:
    # Samoa went from Thursday, 29 December 2011, straight to Saturday.
    before = datetime(2011, 12, 29, 20, tzinfo=ZoneInfo("Pacific/Apia"))

    first = calculate_next_run("daily", "10:30", timezone="Pacific/Apia", now=before)
    second = calculate_next_run("daily", "10:30", timezone="Pacific/Apia", now=first)

    assert first == datetime(2011, 12, 31, 0, 0, tzinfo=ZoneInfo("Pacific/Apia"))
    assert second == datetime(2011, 12, 31, 10, 30, tzinfo=ZoneInfo("Pacific/Apia"))


def test_gap_that_ends_within_a_minute_runs_at_the_next_whole_one() -> None:
    # Monrovia's clocks went from 00:00:00 to 00:44:30 on 7 January 1972.
    before = datetime(1972, 1, 6, 12, tzinfo=UTC)

    result = calculate_next_run("daily", "00:10", timezone="Africa/Monrovia", now=before)

    assert result == datetime(1972, 1, 7, 0, 45, tzinfo=UTC)


def test_zones_are_those_of_the_package_and_change_their_clocks() -> None:
    assert zone_names() == set(zone_keys())
    assert len(changes("Europe/Berlin")) > 30
    assert datetime(2026, 3, 29, 1, tzinfo=UTC) in changes("Europe/Berlin")
    assert not changes("UTC")


def test_naive_moments_are_utc_whatever_the_zone() -> None:
    naive = datetime(2026, 3, 2, 12)  # noqa: DTZ001  what this test is about

    next_run = calculate_next_run("daily", "13:30", timezone="Europe/Berlin", now=naive)
    at = calculate_next_run("one_time", run_at=naive, timezone="Europe/Berlin", now=naive)

    assert next_run == NOON + timedelta(minutes=30)
    assert at is None


def test_without_a_time_given_the_clock_is_read() -> None:
    before = clock.now()

    assert before <= calculate_next_run("immediate") <= clock.now()  # type: ignore[operator]


def test_what_a_type_does_not_use_is_ignored() -> None:
    result = calculate_next_run(
        "interval", "99:99", "someday", 60, month=99, cron="@daily", timezone="Mars/Base", now=NOON
    )

    assert result == NOON + timedelta(minutes=1)


def test_one_time_with_both_runs_at_its_moment() -> None:
    moment = NOON + timedelta(days=9)

    assert calculate_next_run("one_time", "10:30", run_at=moment, now=NOON) == moment


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 12 * * fri-sun", "2026-03-06T12:00:00Z"),
        ("0 12 * * 5-7", "2026-03-06T12:00:00Z"),
        ("0 0 29 feb *", "2028-02-29T00:00:00Z"),
        ("0 0 */28 2 mon", "2027-02-01T00:00:00Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z"),
        ("* * * * *", "2026-03-02T12:01:00Z"),
    ],
)
def test_cron_expression(cron: str, expected: str) -> None:
    assert calculate_next_run("cron", cron=cron, now=NOON) == datetime.fromisoformat(expected)


def test_leap_day_is_found_beyond_a_century_without_one() -> None:
    after = datetime(2096, 3, 1, tzinfo=UTC)

    assert calculate_next_run("cron", cron="0 0 29 2 *", now=after) == datetime(
        2104, 2, 29, tzinfo=UTC
    )


def test_stored_forms_are_canonical() -> None:
    assert checked_cron("  0  3\t* * 7 ") == "0 3 * * 7"
    assert checked_weekdays("FRI, mon,wednesday, 0") == (0, 2, 4)
