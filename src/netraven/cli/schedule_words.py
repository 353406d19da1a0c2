"""When a schedule runs: from the options that people type, and in the words that they read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from netraven.errors import Invalid

if TYPE_CHECKING:
    from netraven.schemas.schedule import ScheduledJobRead

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
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


def timing_in_words(job: ScheduledJobRead) -> str:
    """Return when the schedule runs, as people say it."""
    match job.schedule_type.value:
        case "immediate":
            return "at once"
        case "one_time":
            return f"once at {job.run_at:%Y-%m-%d %H:%M} UTC"
        case "interval":
            return f"every {_spacing(job.schedule_interval or 0)}"
        case "cron":
            return f"cron {job.cron} {job.timezone}"
        case kind:
            return f"{_days(kind, job)} at {job.schedule_time} {job.timezone}"


def targets_in_words(job: ScheduledJobRead) -> str:
    """Return which devices the schedule is for."""
    if job.targets == "all":
        return "all devices"
    if job.targets == "tags":
        return f"tagged {_joined([tag.name for tag in job.tags])}"
    return _joined([device.hostname for device in job.devices])


def _days(kind: str, job: ScheduledJobRead) -> str:
    if kind == "weekly":
        return _joined([DAYS[int(day)] for day in (job.schedule_day or "").split(",")])
    if kind == "daily":
        return "daily"
    day = "the last day" if job.schedule_day == "last" else f"day {job.schedule_day}"
    return f"{day} of {MONTHS[job.month - 1]}" if job.month else f"{day} of each month"


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing any more"


def _seconds(text: str) -> int:
    matched = re.fullmatch(r"([0-9]{1,8})([mhd])", text.strip())
    if matched is None:
        raise Invalid("every", f"{text} is not a spacing such as 30m, 6h or 2d")
    return int(matched[1]) * _UNITS[matched[2]]


def _spacing(seconds: int) -> str:
    for unit, length in reversed(_UNITS.items()):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return str(timedelta(seconds=seconds))
