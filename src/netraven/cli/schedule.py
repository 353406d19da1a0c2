"""`netraven schedule`: jobs that recur, or wait for their time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli import schedule_options as options
from netraven.cli.options import AsJson, Everything, Limit, Skip, Yes
from netraven.cli.output import Column
from netraven.cli.schedule_options import ScheduleName

if TYPE_CHECKING:
    from netraven.db import Unit
    from netraven.models import ScheduledJob
    from netraven.schemas.schedule import ScheduledJobRead

app = typer.Typer(help="Keep jobs that recur, or wait for their time.", no_args_is_help=True)

_SHOWN_TIMES = 10


@app.command("add")
def add_schedule(
    name: Annotated[str, typer.Argument(help="Name of the schedule.")],
    *,
    job_type: Annotated[
        options.JobTypeName, typer.Option("--type", help="What it does.")
    ] = "backup",
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
    config_types: options.ConfigTypes = None,
    commands: options.Commands = None,
    jitter: options.Jitter = 0,
    overlap: options.WhileRunning = "skip",
    disabled: options.Disabled = False,
    as_json: AsJson = False,
) -> None:
    """Keep a schedule: say when by one of --at, --every, --once and --cron, and for what."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device, named_tag
    from netraven.cli.schedule_words import given_timing
    from netraven.errors import Invalid
    from netraven.jobs.options import NEEDS_DEVICES
    from netraven.jobs.schedules import create_scheduled_job
    from netraven.schemas.schedule import ScheduledJobCreate

    if job_type in NEEDS_DEVICES and not (devices or tags or all_devices):
        raise Invalid("schedule", "say what it is for: --device NAME, --tag TAG, or --all")
    if job_type not in NEEDS_DEVICES and (devices or tags):
        raise Invalid("schedule", f"a job of type {job_type} is over no devices")
    days = {"weekday": weekday, "month_day": month_day, "month": month}
    when = given_timing(at=at, every=every, once=once, cron=cron, **days)
    job_data = {"config_types": config_types, "commands": commands}
    with reach_home().writing() as db:
        wanted = {
            "name": name,
            "job_type": job_type,
            **when,
            "timezone": timezone,
            "targets": "all" if all_devices else None,
            "device_ids": [named_device(db, one).id for one in devices or ()],
            "tag_ids": [named_tag(db, one).id for one in tags or ()],
            "jitter_seconds": jitter,
            "overlap": overlap,
            "enabled": not disabled,
            "job_data": {key: value for key, value in job_data.items() if value},
        }
        job = create_scheduled_job(db, ScheduledJobCreate.model_validate(wanted))
        tell(job, "Added", as_json=as_json)


@app.command("list")
def list_schedules(
    *,
    job_type: options.OfType = None,
    enabled: options.OfState = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List schedules, newest first."""
    from netraven.cli.home import reach_home
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.jobs.schedule_listing import count_scheduled_jobs, get_scheduled_jobs
    from netraven.schemas.schedule import ScheduledJobFilter, ScheduledJobRead

    page = Page(skip, limit, is_everything=everything)
    wanted = ScheduledJobFilter.model_validate({"job_type": job_type, "enabled": enabled})
    with reach_home().reading() as db:
        found = take(page, lambda skip, limit: get_scheduled_jobs(db, skip, limit, wanted))
        jobs = [ScheduledJobRead.model_validate(job) for job in found]
        total = count_scheduled_jobs(db, wanted)
    show_list(
        Listed(page, jobs, total),
        Look(_COLUMNS, _cells),
        "schedule",
        is_filtered=bool(job_type or enabled is not None),
        begin="`netraven schedule add` keeps one",
        as_json=as_json,
    )


@app.command("show")
def show_schedule(name: ScheduleName, *, as_json: AsJson = False) -> None:
    """Show a schedule with its next and its last run."""
    from netraven.cli.home import reach_home
    from netraven.jobs.schedule_words import targets_in_words, timing_in_words
    from netraven.schemas.schedule import ScheduledJobRead

    with reach_home().reading() as db:
        job = ScheduledJobRead.model_validate(named_schedule(db, name))
    if as_json:
        output.say_json(job)
        return
    output.say_facts(
        (
            ("Schedule", job.name),
            ("Id", job.id),
            ("Type", job.job_type.value),
            ("When", timing_in_words(job)),
            ("Zone", job.timezone),
            ("For", targets_in_words(job)),
            ("Enabled", job.enabled),
            ("Next run", job.next_run),
            ("Last run", job.last_run),
            ("Last status", job.last_status),
            ("Failures in a row", job.consecutive_failures),
            ("Missed runs", job.missed_runs),
            ("While one still goes", job.overlap.value),
            ("Made by", job.created_by_name),
        )
    )


@app.command("explain")
def explain(name: ScheduleName, *, as_json: AsJson = False) -> None:
    """Say in words when and why a schedule fires next, or why it does not."""
    from netraven.cli.home import reach_home
    from netraven.jobs.explaining import explain_schedule

    with reach_home().reading() as db:
        told = explain_schedule(db, named_schedule(db, name).id)
    if told is None:
        return
    if as_json:
        output.say_json(told)
        return
    output.say(told.name, style="bold")
    output.say_facts(
        (one.topic, Text(output.visible(one.text), style="yellow" if one.is_warning else ""))
        for one in told.sentences
    )


@app.command("enable")
def enable_schedule(name: ScheduleName, *, as_json: AsJson = False) -> None:
    """Switch a schedule on; its next run counts from now."""
    _toggle(name, enabled=True, as_json=as_json)


@app.command("disable")
def disable_schedule(name: ScheduleName, *, as_json: AsJson = False) -> None:
    """Switch a schedule off; what is running goes on."""
    _toggle(name, enabled=False, as_json=as_json)


@app.command("delete")
def remove_schedule(name: ScheduleName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a schedule; its runs stay. Built-in ones can only be disabled."""
    from netraven.cli.removal import remove
    from netraven.jobs.schedules import delete_scheduled_job

    remove(
        lambda db: named_schedule(db, name),
        delete_scheduled_job,
        noun="schedule",
        stays="; its runs stay",
        is_answered=yes,
        as_json=as_json,
    )


@app.command("next")
def show_next_times(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help="A cron expression of five fields, quoted.")
    ],
    *,
    timezone: options.Zone = None,
    as_json: AsJson = False,
) -> None:
    """Print the next ten times of a cron expression, in its zone."""
    from netraven.cli.home import reach_home
    from netraven.jobs.planning import upcoming_runs
    from netraven.nextrun import Timing, checked_zone

    if timezone is None:
        from netraven.admin.settings import get_setting_value

        with reach_home().reading() as db:
            timezone = str(get_setting_value(db, "system.schedule.default_timezone"))
    zone = checked_zone(timezone)
    timing = Timing(schedule_type="cron", cron=expression, timezone=timezone)
    times = upcoming_runs(timing, _SHOWN_TIMES)
    if as_json:
        output.say_json({"cron": expression, "timezone": timezone, "times": times})
        return
    for time in times:
        output.say(time.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z"))


def tell(job: ScheduledJob, done: str, *, as_json: bool) -> None:
    """Say what was done to a schedule, and when it runs next."""
    from netraven.jobs.options import NEEDS_DEVICES
    from netraven.jobs.schedule_words import targets_in_words, timing_in_words
    from netraven.schemas.schedule import ScheduledJobRead

    told = ScheduledJobRead.model_validate(job)
    if as_json:
        output.say_json(told)
        return
    when = f"next {output.local_minute(told.next_run)}" if told.next_run else "switched off"
    over = f" of {targets_in_words(told)}" if told.job_type in NEEDS_DEVICES else ""
    what = f"{told.job_type.value}{over}, {timing_in_words(told)}"
    output.say(f"{done} the schedule {told.name}: {what}; {when}.")


def named_schedule(db: Unit, name: str) -> ScheduledJob:
    """Return the schedule of that name or id; raises NotFound, or Invalid for several."""
    from netraven.errors import Invalid, NotFound
    from netraven.jobs.schedule_listing import get_scheduled_job, get_scheduled_jobs_by_name

    by_id = get_scheduled_job(db, name)
    found = [by_id] if by_id else get_scheduled_jobs_by_name(db, name)
    if not found:
        message = f"there is no schedule {name}; see `netraven schedule list`"
        raise NotFound(message)
    if len(found) > 1:
        ids = ", ".join(str(job.id) for job in found)
        raise Invalid("schedule", f"several are called {name}; use an id: {ids}")
    return found[0]


def _toggle(name: str, *, enabled: bool, as_json: bool) -> None:
    from netraven.cli.home import reach_home
    from netraven.jobs.schedules import toggle_scheduled_job

    with reach_home().writing() as db:
        job = named_schedule(db, name)
        toggle_scheduled_job(db, job.id, enabled=enabled)
        tell(named_schedule(db, str(job.id)), "Enabled" if enabled else "Disabled", as_json=as_json)


_COLUMNS = (
    Column("Schedule", wraps=True),
    Column("Type"),
    Column("When", wraps=True),
    Column("For", wraps=True),
    Column("Next"),
    Column("Last"),
)


def _cells(job: ScheduledJobRead) -> Sequence[object]:
    from netraven.jobs.schedule_words import targets_in_words, timing_in_words

    return (
        job.name,
        job.job_type.value,
        timing_in_words(job),
        targets_in_words(job),
        output.local_minute(job.next_run) if job.next_run else "off",
        job.last_status,
    )
