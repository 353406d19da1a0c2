"""`netraven run answers`: what devices answered to the commands of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.options import AsJson

if TYPE_CHECKING:
    from netraven.models import JobLogEntry


def show_answers(
    name: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of a run, or `latest`.", show_default=True)
    ] = "latest",
    *,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this device answered.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what devices answered to the commands of a run, each secret a token."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device, named_run
    from netraven.cli.pages import take_all
    from netraven.jobs.entries import get_job_log_entries
    from netraven.tasks.command import ANSWER

    with reach_home().reading() as db:
        run = named_run(db, name)
        wanted = None if device is None else named_device(db, device).id
        entries = take_all(lambda skip, limit: get_job_log_entries(db, run.id, skip, limit))
    answers = [one for one in entries if one.category == ANSWER]
    if wanted is not None:
        answers = [one for one in answers if one.device_id == wanted]
    if as_json:
        output.say_json({"items": [_told(one) for one in answers], "total": len(answers)})
    elif not answers:
        output.say("This run has no answers of devices; `netraven run show` says what it did.")
    else:
        for one in answers:
            _show(one)


def _show(entry: JobLogEntry) -> None:
    told = _told(entry)
    output.say(entry.message, style="bold")
    for line in str(told["answer"]).splitlines():
        output.say(line)
    if not told["is_whole"]:
        output.say("The answer was too long; its middle was left out.", style="yellow")
    output.say("")


def _told(entry: JobLogEntry) -> dict[str, object]:
    details = entry.details or {}
    return {
        "device": entry.message.partition(": ")[0],
        "command": details.get("command"),
        "answer": details.get("answer", ""),
        "is_whole": details.get("is_whole", True),
    }
