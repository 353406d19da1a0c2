"""When a schedule runs: from the options that people type."""

from __future__ import annotations

import re
from datetime import datetime

from netraven.errors import Invalid

_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


def given_timing(
    *,
    at: str | None,
    weekday: str | None,
    month_day: str | None,
    month: str | None,
    every: str | None,
    once: datetime | None,
    cron: str | None,
) -> dict[str, object]:
    """Return the fields of the schedule that these options describe; raises Invalid.

    Exactly one of `at`, `every`, `once` and `cron` says when; `weekday`, `month_day` and `month`
    say on which days `at` is meant.
    """
    if sum(option is not None for option in (at, every, once, cron)) != 1:
        raise Invalid("schedule", "say when by one of --at, --every, --once and --cron")
    if at is None and any(option is not None for option in (weekday, month_day, month)):
        raise Invalid("schedule", "--weekday, --month-day and --month go with --at")
    if weekday is not None and (month_day is not None or month is not None):
        raise Invalid("schedule", "use --cron for days of a week and of a month at once")
    if cron is not None:
        return {"schedule_type": "cron", "cron": cron}
    if every is not None:
        return {"schedule_type": "interval", "schedule_interval": _seconds(every)}
    if once is not None:
        return {"schedule_type": "one_time", "run_at": once}
    kind = "daily" if month_day is None else "monthly"
    if weekday is not None:
        kind = "weekly"
    elif month is not None:
        kind = "yearly"
    return {
        "schedule_type": kind,
        "schedule_time": at,
        "schedule_day": weekday or month_day,
        "month": month,
    }


def _seconds(text: str) -> int:
    matched = re.fullmatch(r"([0-9]{1,8})([mhd])", text.strip())
    if matched is None:
        raise Invalid("every", f"{text} is not a spacing such as 30m, 6h or 2d")
    return int(matched[1]) * _UNITS[matched[2]]
