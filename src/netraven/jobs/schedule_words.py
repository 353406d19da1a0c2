"""When a schedule runs and for what, as people say it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from netraven.jobs.options import NEEDS_DEVICES
from netraven.schemas.schedule import ScheduledJobRead

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


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
    if job.job_type not in NEEDS_DEVICES:
        return "no devices"
    if job.targets == "all":
        return "all devices"
    if job.targets == "tags":
        return f"tagged {_joined([tag.name for tag in job.tags])}"
    return _joined([device.hostname for device in job.devices])


def weekdays_in_words(weekdays: str) -> str:
    """Return the names of stored weekdays, such as `Monday, Thursday` for `0,3`."""
    return _joined([DAYS[int(day)] for day in weekdays.split(",")])


def _days(kind: str, job: ScheduledJobRead) -> str:
    if kind == "weekly":
        return weekdays_in_words(job.schedule_day or "")
    if kind == "daily":
        return "daily"
    day = "the last day" if job.schedule_day == "last" else f"day {job.schedule_day}"
    return f"{day} of {MONTHS[job.month - 1]}" if job.month else f"{day} of each month"


def _joined(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing any more"


def _spacing(seconds: int) -> str:
    for unit, length in reversed(_UNITS.items()):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return str(timedelta(seconds=seconds))
