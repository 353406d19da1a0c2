"""From what a caller says about a schedule's times to what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from netraven import clock
from netraven.clock import as_utc
from netraven.db.enums import ScheduleType
from netraven.errors import Invalid
from netraven.nextrun import (
    Timing,
    calculate_next_run,
    checked_cron,
    checked_month,
    checked_month_day,
    checked_weekdays,
    checked_zone,
)

USED_FIELDS: dict[ScheduleType, frozenset[str]] = {
    ScheduleType.IMMEDIATE: frozenset(),
    ScheduleType.ONE_TIME: frozenset({"run_at", "schedule_time"}),
    ScheduleType.INTERVAL: frozenset({"schedule_interval", "run_at"}),
    ScheduleType.DAILY: frozenset({"schedule_time"}),
    ScheduleType.WEEKLY: frozenset({"schedule_time", "schedule_day"}),
    ScheduleType.MONTHLY: frozenset({"schedule_time", "schedule_day"}),
    ScheduleType.YEARLY: frozenset({"schedule_time", "schedule_day", "month"}),
    ScheduleType.CRON: frozenset({"cron"}),
}
OPTIONAL_FIELDS = (
    *("schedule_time", "schedule_day", "schedule_interval"),
    *("run_at", "month", "cron"),
)
TIMING_FIELDS = ("schedule_type", *OPTIONAL_FIELDS, "timezone")


def stored_timing(given: Mapping[str, object], now: datetime) -> dict[str, object]:
    """Return all timing fields in the form in which they are stored.

    Days become numbers, a one_time given by its time of day gets its moment, an interval its
    anchor. Raises Invalid for the field that is wrong, missing, or not used by the type.
    """
    kind = ScheduleType(cast("str", given["schedule_type"]))
    for name in OPTIONAL_FIELDS:
        if given.get(name) is not None and name not in USED_FIELDS[kind]:
            raise Invalid(name, f"a schedule of type {kind} does not use it")
    checked_zone(given["timezone"])
    stored = {name: given.get(name) for name in TIMING_FIELDS}
    if isinstance(stored["run_at"], datetime):
        stored["run_at"] = as_utc(stored["run_at"])
    match kind:
        case ScheduleType.WEEKLY:
            stored["schedule_day"] = ",".join(map(str, checked_weekdays(stored["schedule_day"])))
        case ScheduleType.MONTHLY:
            stored["schedule_day"] = _stored_day(stored["schedule_day"], None)
        case ScheduleType.YEARLY:
            month = checked_month(stored["month"])
            stored |= {"month": month, "schedule_day": _stored_day(stored["schedule_day"], month)}
        case ScheduleType.CRON:
            stored["cron"] = checked_cron(stored["cron"])
        case ScheduleType.INTERVAL if stored["run_at"] is None:
            stored["run_at"] = now
        case ScheduleType.ONE_TIME if stored["run_at"] is None:
            stored["run_at"] = calculate_next_run(
                kind,
                cast("str | None", stored["schedule_time"]),
                timezone=cast("str", stored["timezone"]),
                now=now,
            )
    return stored


def first_run(timing: Timing, now: datetime) -> datetime:
    """Return when the schedule runs next; raises Invalid("run_at") where its time has passed."""
    found = timing.next_run(now)
    if found is None:
        raise Invalid("run_at", "the time of this schedule has passed; give it a later one")
    return found


def upcoming_runs(timing: Timing, number: int, *, now: datetime | None = None) -> list[datetime]:
    """Return the next times of the schedule, at most so many."""
    times: list[datetime] = []
    moment = as_utc(now or clock.now())
    while len(times) < number and (found := timing.next_run(moment)) is not None:
        times.append(found)
        moment = found
    return times


def _stored_day(day: object, month: int | None) -> str:
    number = checked_month_day(day, month=month)
    return "last" if number is None else str(number)
