"""`netraven run`: what runs do and did, device by device, and their logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.backup_run import without_name
from netraven.cli.options import AsJson, Everything, Limit, Skip
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.db.enums import ResultStatus
    from netraven.models import JobLog, JobLogEntry, JobResult

app = typer.Typer(
    help="Start, follow and look at runs: what they do, and why devices failed.",
    no_args_is_help=True,
)

RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of a run, or `latest`.", show_default=True)
]
Status = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled", "skipped"]
Level = Literal["debug", "info", "warning", "error", "critical"]


@app.command("list")
def list_runs(
    *,
    status: Annotated[Status | None, typer.Option(help="Only runs in this status.")] = None,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only runs that worked on this device.")
    ] = None,
    skip: Skip = 0,
    limit: Limit = 20,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.db.enums import RunStatus
    from netraven.jobs.listing import count_job_logs, get_job_logs
    from netraven.schemas.job import JobLogFilter, JobLogRead

    with reach_home().reading() as db:
        wanted = JobLogFilter(
            status=RunStatus(status) if status else None,
            device_id=named_device(db, device).id if device else None,
        )
        page = Page(skip, limit, is_everything=everything)
        runs = take(page, lambda skip, limit: get_job_logs(db, skip, limit, wanted))
        total = count_job_logs(db, wanted)
    show_list(
        Listed(page, runs, total),
        Look(_COLUMNS, _cells, JobLogRead.model_validate),
        "run",
        is_filtered=bool(status or device),
        begin="`netraven backup run --all` makes the first",
        as_json=as_json,
    )


@app.command("show")
def show_run(
    name: RunName = "latest",
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Show the succeeded devices too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how a run ended and which devices did not succeed, with the reason of each."""
    from netraven.cli.home import reach_home

    shown_run(reach_home(), name, everything=everything, as_json=as_json)


def shown_run(home: AnyHome, name: str, *, everything: bool = False, as_json: bool = False) -> None:
    """Show a run and the devices that did not succeed in it, all with `everything`."""
    from netraven.cli.names import named_run
    from netraven.cli.pages import take_all
    from netraven.jobs.results import count_results_by_status, get_job_results
    from netraven.schemas.job import JobLogRead, JobResultRead

    with home.reading() as db:
        run = named_run(db, name)
        counts = count_results_by_status(db, run.id)
        results = take_all(lambda skip, limit: get_job_results(db, run.id, skip, limit))
    if as_json:
        devices = [JobResultRead.model_validate(row) for row in results]
        told = JobLogRead.model_validate(run)
        output.say_json({"run": told, "counts": counts, "results": devices})
    else:
        _show_run(run, counts)
        show_results(results, everything=everything)


@app.command("logs")
def show_logs(
    name: RunName = "latest",
    *,
    level: Annotated[Level, typer.Option(help="The least severe lines to show.")] = "info",
    after: Annotated[int, typer.Option(min=0, help="Only lines after this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show the log of a run, line by line."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_run
    from netraven.cli.pages import take_all
    from netraven.jobs.entries import get_job_log_entries
    from netraven.schemas.job import JobLogEntryRead

    with reach_home().reading() as db:
        run = named_run(db, name)
        entries = take_all(
            lambda skip, limit: get_job_log_entries(db, run.id, skip, limit, level, after_seq=after)
        )
    if as_json:
        items = [JobLogEntryRead.model_validate(row) for row in entries]
        output.say_json({"items": items, "total": len(items)})
    elif not entries:
        output.say("This run has no such log lines.")
    else:
        _show_entries(entries)


def show_results(results: list[JobResult], *, everything: bool = False) -> None:
    """Show what became of devices, one line each; succeeded ones only when asked for."""
    shown = [row for row in results if everything or row.status != "succeeded"]
    if not shown:
        return
    columns = (
        Column("Device", wraps=True),
        Column("Status"),
        Column("Took", right=True),
        Column("Message", wraps=True),
    )
    output.say("")
    output.say_table(
        columns,
        (
            (
                row.device_hostname,
                row.status,
                output.milliseconds_in_words(row.duration_ms),
                without_name(row.message or "", row.device_hostname) or row.reason,
            )
            for row in shown
        ),
    )


_COLUMNS = (
    Column("Run"),
    Column("Type"),
    Column("Status"),
    Column("Started"),
    Column("Took", right=True, is_spare=True),
)


def _cells(run: JobLog) -> Sequence[object]:
    return (
        run.id,
        Text(run.job_type.value),
        run.status,
        output.local_minute(run.start_time or run.created_at),
        _took(run.start_time, run.end_time),
    )


def _show_run(run: JobLog, counts: dict[ResultStatus, int]) -> None:
    devices = ", ".join(f"{number} {status.value}" for status, number in sorted(counts.items()))
    is_stopping = run.end_time is None and run.cancel_requested_at is not None
    output.say_facts(
        (
            ("Run", run.id),
            ("Type", Text(run.job_type.value)),
            ("Status", f"{run.status}, asked to stop" if is_stopping else run.status),
            ("Reason", run.reason and Text(run.reason.value)),
            ("Started", run.start_time),
            ("Took", _took(run.start_time, run.end_time)),
            ("By", run.actor_name),
            ("Devices", devices or "none"),
            ("Message", run.result_message),
        )
    )


def _show_entries(entries: list[JobLogEntry]) -> None:
    columns = (
        Column("#", right=True),
        Column("Time"),
        Column("Level"),
        Column("Message", wraps=True),
    )
    rows = (
        (
            row.seq,
            row.timestamp.astimezone().strftime("%H:%M:%S"),
            output.state(row.level.value.lower()),
            row.message,
        )
        for row in entries
    )
    output.say_table(columns, rows)


def _took(start: datetime | None, end: datetime | None) -> str | None:
    if start is None or end is None:
        return None
    return output.milliseconds_in_words(int((end - start).total_seconds() * 1000))
