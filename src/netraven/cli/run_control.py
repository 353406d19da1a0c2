"""`netraven run start|watch|cancel|retry`: runs begun, followed, stopped and done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from netraven.cli import output
from netraven.cli.blackout_question import Force, ask_about_blackouts
from netraven.cli.options import AsJson
from netraven.errors import Conflict, ExitCode, Invalid

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.db.types import JsonValue
    from netraven.tasks.progress import DeviceDone, RunSummary

JobTypeName = Literal["backup", "reachability", "command", "verify", "retention", "tag_rules"]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or `latest`.")]
Detach = Annotated[
    bool, typer.Option("--detach", help="Only write it down; a server or worker does it.")
]


def start_run(
    job_type: Annotated[JobTypeName, typer.Argument(metavar="TYPE", help="What it does.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Hostnames or ids of devices.")
    ] = None,
    *,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="NAME", help="Devices with this tag; may be repeated."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All enabled devices.")] = False,
    command: Annotated[
        list[str] | None,
        typer.Option("--command", metavar="TEXT", help="For TYPE command; may be repeated."),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another option of the type, as JSON."),
    ] = None,
    detach: Detach = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Start a run of any type now and follow it to its end.

    Where a server or workers run, they do it, and this command watches; else it does it itself.
    """
    from netraven.cli.backup_run import chosen_devices
    from netraven.cli.home import reach_home
    from netraven.cli.work import write_down
    from netraven.db.enums import JobType
    from netraven.jobs.options import NEEDS_DEVICES

    wanted = JobType(job_type)
    options = _options(given or [])
    if command:
        options["commands"] = list(command)
    elif wanted is JobType.COMMAND and "commands" not in options:
        raise Invalid("command", "say what to ask the devices: --command TEXT")
    home = reach_home()
    device_ids: list[UUID] = []
    if wanted in NEEDS_DEVICES:
        with home.reading() as db:
            device_ids = chosen_devices(db, names or [], tag or [], everything=everything)
        ask_about_blackouts(home, device_ids, is_forced=force)
    elif names or tag or everything:
        raise Invalid("devices", f"a run of type {wanted} is over no devices")
    run_id = write_down(home, wanted, device_ids, options)
    _follow(home, run_id, total=len(device_ids), detach=detach, as_json=as_json)


def watch_run(name: RunName = "latest", *, as_json: AsJson = False) -> None:
    """Follow a run that a server or workers do; Ctrl-C ends the watching, not the run."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_run
    from netraven.cli.work import watch
    from netraven.db.enums import ACTIVE_RUN
    from netraven.jobs.results import count_job_results

    home = reach_home()
    with home.reading() as db:
        run = named_run(db, name)
        total = count_job_results(db, run.id)
    if run.status in ACTIVE_RUN:
        _say_if_nobody_works(home)
    with _telling(total, is_quiet=as_json) as on_result:
        summary = watch(home, run.id, on_result)
    if summary is None:
        output.note(f"The run {run.id} goes on.", style="dim")
        raise typer.Exit(ExitCode.INTERRUPTED)
    _end(home, summary, as_json=as_json)


def cancel_run(name: RunName = "latest", *, as_json: AsJson = False) -> None:
    """Cancel a run: what is stored stays, sessions end within two seconds."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_run
    from netraven.jobs.runs import cancel_job_log

    home = reach_home()
    with home.writing() as db:
        run = cancel_job_log(db, named_run(db, name).id)
        status = None if run is None else run.status
    if as_json:
        output.say_json({"run_id": None if run is None else run.id, "status": status})
    elif run is not None and run.status == "cancelled":
        output.say(f"The run {run.id} is cancelled; it had not begun.")
    elif run is not None:
        output.say(f"The run {run.id} was asked to stop; `netraven run watch {run.id}` follows it.")
        _say_if_nobody_works(home)


def retry_run(
    name: RunName = "latest",
    *,
    detach: Detach = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Start the same run again, over the devices that did not succeed."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_run
    from netraven.cli.work import write_down
    from netraven.db.enums import ACTIVE_RUN
    from netraven.jobs.results import get_unsuccessful_devices

    home = reach_home()
    with home.reading() as db:
        run = named_run(db, name)
        device_ids, has_devices = get_unsuccessful_devices(db, run.id)
    if run.status in ACTIVE_RUN:
        raise Conflict("status", f"the run {run.id} is {run.status}; it ends first")
    if has_devices and not device_ids:
        raise Conflict("status", f"every device of the run {run.id} succeeded")
    ask_about_blackouts(home, device_ids, is_forced=force)
    run_id = write_down(home, run.job_type, device_ids, run.job_data)
    _follow(home, run_id, total=len(device_ids), detach=detach, as_json=as_json)


def _follow(home: AnyHome, run_id: UUID, *, total: int, detach: bool, as_json: bool) -> None:
    from netraven.cli.work import see_through

    if detach:
        if as_json:
            output.say_json({"run_id": run_id})
        else:
            output.say(f"The run {run_id} waits for a server or a worker.")
            _say_if_nobody_works(home)
        return
    with _telling(total, is_quiet=as_json) as on_result:
        summary = see_through(home, run_id, on_result)
    _end(home, summary, as_json=as_json)


@contextmanager
def _telling(total: int, *, is_quiet: bool) -> Iterator[Callable[[DeviceDone], None]]:
    """Show a bar that each device moves."""
    from netraven.cli.progress import progress_bar

    failed = 0
    with progress_bar("Working", total or None, is_quiet=is_quiet) as bar:

        def on_result(done: DeviceDone) -> None:
            nonlocal failed
            bar.advance()
            if done.status != "succeeded":
                failed += 1
                bar.tell(f"{failed} not good")

        yield on_result


def _end(home: AnyHome, summary: RunSummary, *, as_json: bool) -> None:
    """Show how the run ended, and leave with the exit code that this means."""
    from netraven.cli.backup_run import leave
    from netraven.cli.run import shown_run

    shown_run(home, str(summary.run_id), as_json=as_json)
    leave(summary)


def _say_if_nobody_works(home: AnyHome) -> None:
    from netraven.cli.work import is_anybody_at_work

    if not is_anybody_at_work(home):
        output.note(
            "Nobody does runs now; start `netraven serve`, or `netraven worker`.", style="yellow"
        )


def _options(given: list[str]) -> dict[str, JsonValue]:
    options: dict[str, JsonValue] = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator:
            raise Invalid("set", f"{text} is not KEY=VALUE")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options
