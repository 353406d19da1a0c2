"""Which rows a policy keeps, against a plain reading of the rules, span by span."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.keeping import DatedRow, KeptBecause, reasons_to_keep
from netraven.db import new_id
from netraven.db.enums import BackupStatus
from netraven.schemas.retention import RetentionPolicy

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
DEVICE = new_id()
COMPLETED, FAILED, QUARANTINED = (
    BackupStatus.COMPLETED,
    BackupStatus.FAILED,
    BackupStatus.QUARANTINED,
)


def row(
    version: int | None,
    first: datetime,
    last: datetime,
    *,
    status: BackupStatus = COMPLETED,
    pinned: bool = False,
    is_in_use: bool = False,
) -> DatedRow:
    return DatedRow(
        id=new_id(),
        device_id=DEVICE,
        config_type="running",
        status=status,
        version=version,
        created_at=first,
        last_seen_at=last,
        pinned=pinned,
        content_hash=None,
        is_in_use=is_in_use,
    )


def on(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def ago(**age: float) -> datetime:
    return NOW - timedelta(**age)


def policy(**numbers: int) -> RetentionPolicy:
    return RetentionPolicy(**{"keep_days": 1, "keep_last": 1, **numbers})


def kept(
    rows: list[DatedRow],
    wanted: RetentionPolicy,
    *,
    now: datetime = NOW,
    zone: ZoneInfo = UTC_ZONE,
) -> list[int]:
    """Return the places of the rows that have a reason to stay."""
    reasons = reasons_to_keep(rows, wanted, now=now, zone=zone)
    return [place for place, each in enumerate(rows) if reasons[each.id]]


def test_the_worked_example() -> None:
    rows = [
        row(1, on(1, 10), on(4, 20)),
        row(2, on(4, 21), on(5, 2)),
        row(3, on(5, 3), on(5, 30)),
        row(4, on(6, 1), on(6, 10)),
        row(5, on(6, 11), on(6, 29)),
    ]

    reasons = reasons_to_keep(rows, policy(keep_days=7, keep_monthly=3), now=NOW, zone=UTC_ZONE)

    assert [reasons[each.id] for each in rows] == [
        set(),
        {KeptBecause.MONTHLY},
        {KeptBecause.MONTHLY},
        set(),
        {KeptBecause.PROTECTED, KeptBecause.YOUNG, KeptBecause.LAST, KeptBecause.MONTHLY},
    ]


def test_exactly_keep_days_old_stays_and_a_second_more_goes() -> None:
    rows = [
        row(1, ago(days=900), ago(days=30)),
        row(2, ago(days=800), ago(days=30, seconds=1)),
        row(3, ago(days=31), ago(days=31)),
    ]

    assert kept(rows, policy(keep_days=30)) == [0, 2]


def test_years_later_the_newest_completed_and_the_pinned_remain() -> None:
    rows = [row(number, ago(days=2000), ago(days=2000 - number)) for number in range(1, 5)]
    rows.append(row(5, ago(days=1900), ago(days=1900), status=QUARANTINED))
    rows.append(row(None, ago(days=1900), ago(days=1900), status=FAILED))
    rows.append(row(6, ago(days=3000), ago(days=3000), status=QUARANTINED, pinned=True))

    assert kept(rows, policy()) == [3, 6]


def test_what_an_active_run_stored_stays() -> None:
    rows = [
        row(None, ago(days=90), ago(days=90), status=FAILED, is_in_use=True),
        row(None, ago(days=90), ago(days=90), status=FAILED),
    ]

    assert kept(rows, policy()) == [0]


def test_failed_and_quarantined_rows_are_no_last_and_win_no_day() -> None:
    rows = [
        row(1, ago(days=3), ago(days=3)),
        row(2, ago(days=2), ago(days=2)),
        row(3, ago(days=2), ago(days=2), status=QUARANTINED),
        row(None, ago(days=2), ago(days=2), status=FAILED),
    ]

    assert kept(rows, policy(keep_last=2, keep_daily=9)) == [0, 1]


def test_days_are_those_of_the_zone() -> None:
    # 22:30 and 23:30 UTC on the 27th: one day in London, two in Berlin.
    rows = [
        row(1, on(1, 27, 22), on(1, 27, 22)),
        row(2, on(1, 27, 23), on(1, 27, 23)),
        row(3, on(1, 29), on(1, 29)),
    ]
    week = policy(keep_daily=7)

    assert kept(rows, week, now=on(1, 31), zone=ZoneInfo("Europe/London")) == [1, 2]
    assert kept(rows, week, now=on(1, 31), zone=ZoneInfo("Europe/Berlin")) == [0, 1, 2]


def test_weeks_begin_on_monday() -> None:
    sunday, monday = on(6, 21), on(6, 22)
    rows = [row(1, sunday, sunday), row(2, monday, monday), row(3, on(6, 29), on(6, 29))]

    assert kept(rows, policy(keep_weekly=1)) == [2]
    assert kept(rows, policy(keep_weekly=2)) == [1, 2]
    assert kept(rows, policy(keep_weekly=3)) == [0, 1, 2]


def test_a_week_across_the_new_year_is_one_week() -> None:
    # ISO week 1 of 2026 began on 29 December 2025.
    december, january = (datetime(2025, 12, 30, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    rows = [row(1, december, december), row(2, january, january), row(3, on(1, 12), on(1, 12))]

    assert kept(rows, policy(keep_weekly=9), now=on(1, 14)) == [1, 2]


@pytest.mark.parametrize("keep_monthly", [0, 1, 13, 1_000_000])
def test_any_number_of_months_is_possible(keep_monthly: int) -> None:
    rows = [row(1, ago(days=380), ago(days=380)), row(2, ago(days=40), ago(days=40))]

    expected = [0, 1] if keep_monthly >= 13 else [1]

    assert kept(rows, policy(keep_monthly=keep_monthly)) == expected


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland", "America/St_Johns"])
POLICIES = st.builds(
    RetentionPolicy,
    keep_days=st.integers(1, 40),
    keep_last=st.integers(1, 4),
    keep_daily=st.integers(0, 12),
    keep_weekly=st.integers(0, 8),
    keep_monthly=st.integers(0, 5),
)


@st.composite
def series(draw: st.DrawFn) -> list[DatedRow]:
    rows = []
    for version in range(1, draw(st.integers(1, 12)) + 1):
        age = draw(st.integers(0, 200 * 24))
        length = draw(st.integers(0, age))
        rows.append(
            row(
                version,
                ago(hours=age),
                ago(hours=age - length),
                status=draw(st.sampled_from([COMPLETED, COMPLETED, COMPLETED, QUARANTINED])),
                pinned=draw(st.integers(0, 9)) == 0,
            )
        )
    return rows


@given(rows=series(), wanted=POLICIES, zone_name=ZONES)
def test_it_is_what_the_rules_say_span_by_span(
    rows: list[DatedRow], wanted: RetentionPolicy, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)

    reasons = reasons_to_keep(rows, wanted, now=NOW, zone=zone)

    assert {key for key, found in reasons.items() if found} == by_the_rules(rows, wanted, zone)


def by_the_rules(rows: list[DatedRow], wanted: RetentionPolicy, zone: ZoneInfo) -> set[UUID]:
    completed = sorted(
        (each for each in rows if each.status is COMPLETED), key=lambda each: -(each.version or 0)
    )
    cutoff = NOW - timedelta(days=wanted.keep_days)
    stays = {each.id for each in rows if each.pinned or each.last_seen_at >= cutoff}
    stays |= {each.id for each in completed[: wanted.keep_last]}
    today = NOW.astimezone(zone).date()
    spans = [(today - timedelta(days=back),) * 2 for back in range(wanted.keep_daily)]
    monday = today - timedelta(days=today.weekday())
    for back in range(wanted.keep_weekly):
        first = monday - timedelta(weeks=back)
        spans.append((first, first + timedelta(days=6)))
    first = today.replace(day=1)
    last = today
    for _ in range(wanted.keep_monthly):
        spans.append((first, last))
        last = first - timedelta(days=1)
        first = last.replace(day=1)
    for first_day, last_day in spans:
        touching = [each for each in completed if touches(each, first_day, last_day, zone)]
        stays |= {each.id for each in touching[:1]}
    return stays


def touches(each: DatedRow, first_day: date, last_day: date, zone: ZoneInfo) -> bool:
    begins, ends = (
        moment.astimezone(zone).date() for moment in (each.created_at, each.last_seen_at)
    )
    return begins <= last_day and ends >= first_day
