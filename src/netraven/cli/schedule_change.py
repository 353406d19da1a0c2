"""`netraven schedule change`: another time, zone, name or target for a schedule that is there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from netraven.cli import schedule_options as options
from netraven.cli.options import AsJson
from netraven.cli.schedule import named_schedule, tell
from netraven.cli.schedule_options import ScheduleName

if TYPE_CHECKING:
    from netraven.db import Unit


def change_schedule(
    name: ScheduleName,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    at: options.At = None,
    weekday: options.Weekday = None,
    month_day: options.MonthDay = None,
    month: options.Month = None,
    every: options.Every = None,
    once: options.Once = None,
    cron: options.Cron = None,
    timezone: options.Zone = None,
    devices: options.Devices = None,
    tags: options.Tags = None,
    all_devices: options.AllDevices = False,
    jitter: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="Run up to this much later.")
    ] = None,
    overlap: Annotated[
        Literal["skip", "queue"] | None,
        typer.Option(help="What to do while its last run still goes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of a schedule; the rest, its state and its runs stay.

    Another time replaces the one before; its next run moves only where a time really changed.
    """
    from netraven.cli.home import reach_home
    from netraven.jobs.schedules import update_scheduled_job
    from netraven.schemas.schedule import ScheduledJobUpdate

    days = {"weekday": weekday, "month_day": month_day, "month": month}
    given = {
        "name": new_name,
        "timezone": timezone,
        "jitter_seconds": jitter,
        "overlap": overlap,
        **_timing(at=at, every=every, once=once, cron=cron, **days),
    }
    with reach_home().writing() as db:
        job = named_schedule(db, name)
        wanted = {field: value for field, value in given.items() if value is not None}
        wanted |= _targets(db, devices, tags, is_all=all_devices)
        update_scheduled_job(db, job.id, ScheduledJobUpdate.model_validate(wanted))
        tell(named_schedule(db, str(job.id)), "Changed", as_json=as_json)


def _timing(
    *,
    at: str | None,
    every: str | None,
    once: datetime | None,
    cron: str | None,
    **days: str | None,
) -> dict[str, object]:
    """Return the fields of another time; none where nothing was said of it."""
    from netraven.cli.schedule_words import given_timing

    if not any((at, every, once, cron, *days.values())):
        return {}
    said = {"weekday": None, "month_day": None, "month": None, **days}
    return given_timing(at=at, every=every, once=once, cron=cron, **said)


def _targets(
    db: Unit, devices: list[str] | None, tags: list[str] | None, *, is_all: bool
) -> dict[str, object]:
    from netraven.cli.names import named_device, named_tag

    if is_all:
        return {"targets": "all"}
    found: dict[str, object] = {}
    if devices:
        found["device_ids"] = [named_device(db, one).id for one in devices]
    if tags:
        found["tag_ids"] = [named_tag(db, one).id for one in tags]
    return found
