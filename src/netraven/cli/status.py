"""`netraven status`: how the installation stands, for people and for monitoring."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from netraven.schemas.status import Problem, Status

_STYLES = {"ok": "green", "warning": "yellow", "critical": "red"}


def status(*, as_json: AsJson = False) -> None:
    """Say whether devices are swept, runs done and schedules fired, and what is wrong.

    Ends with 0 where all is well, 1 with a warning, 2 with something critical, as monitoring
    wants it; with another code where the status cannot be told at all.
    """
    from netraven.cli.home import reach_home
    from netraven.jobs.status import get_status

    with reach_home().reading() as db:
        found = get_status(db)
    if as_json:
        output.say_json({"exit_code": found.health.exit_code, "status": found})
    else:
        _show(found)
    if found.health.exit_code:
        raise typer.Exit(found.health.exit_code)


def _show(found: Status) -> None:
    words = {"ok": "All is well.", "warning": "Look at this:", "critical": "Act now:"}
    output.say(words[found.health], style=_STYLES[found.health])
    if found.problems:
        _show_problems(found.problems)
    output.say("")
    output.say_facts(_facts(found))
    if found.workers:
        output.say("")
        _show_workers(found)


def _show_problems(problems: Sequence[Problem]) -> None:
    columns = (Column("State"), Column("What", wraps=True))
    rows = ((Text(one.health.value, style=_STYLES[one.health]), one.sentence) for one in problems)
    output.say_table(columns, rows)


def _facts(found: Status) -> Iterator[tuple[str, object]]:
    fleet, queue = found.fleet, found.queue
    off = f", {fleet.disabled} switched off" if fleet.disabled else ""
    yield "Devices", f"{output.counted(fleet.enabled, 'device')}{off}"
    yield "Last backups", _counts(fleet.by_status, fleet.untried)
    yield "Last complete sweep", _since(found, fleet.swept_at) or "none yet"
    oldest = fleet.oldest_good
    good = None if oldest is None else f"{_since(found, oldest.at)}, of {oldest.hostname}"
    yield "Oldest good backup", good or "none yet"
    if fleet.unreachable:
        yield "Do not answer", output.counted(fleet.unreachable, "device")
    runs = f"{queue.running_runs} running, {queue.queued_runs} queued"
    yield "Runs", f"{runs}, {output.counted(queue.open_devices, 'device')} to go"
    if queue.shards:
        waiting = ", ".join(f"{number} in {name}" for name, number in sorted(queue.shards.items()))
        yield "Parts that wait", waiting
    if found.waiting_devices:
        yield "Wait for black-outs", output.counted(found.waiting_devices, "device")
    if not found.workers:
        yield "Workers", "none"


def _counts(by_status: dict[str, int], untried: int) -> str:
    told = [f"{number} {status}" for status, number in by_status.items()]
    told += [f"{untried} never tried"] if untried else []
    return ", ".join(told) or "none"


def _since(found: Status, moment: datetime | None) -> str | None:
    from netraven.jobs.spans import span

    if moment is None:
        return None
    return f"{output.local_minute(moment)}, {span(found.at - moment)} ago"


def _show_workers(found: Status) -> None:
    from netraven.jobs.spans import span

    columns = (
        Column("Worker", wraps=True),
        Column("Queues", wraps=True),
        Column("Version"),
        Column("Up", right=True),
        Column("Last seen", right=True),
    )
    rows = (
        (
            worker.name,
            ", ".join(worker.queues),
            worker.version,
            span(found.at - worker.started_at),
            Text(
                f"{span(found.at - worker.heartbeat_at)} ago",
                style="yellow" if worker.is_silent else "",
            ),
        )
        for worker in found.workers
    )
    output.say_table(columns, rows)
