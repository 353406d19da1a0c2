"""`netraven backup run`: read devices now and store what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.blackout_question import Force, ask_about_blackouts
from netraven.cli.options import AsJson, Deadline
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.db import Unit
    from netraven.db.types import JsonValue
    from netraven.tasks.progress import DeviceDone, RunSummary


def run_backups(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Hostnames or ids of devices.")
    ] = None,
    *,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="NAME", help="Devices with this tag; may be repeated."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All enabled devices.")] = False,
    deadline: Deadline = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Read devices now and store what is new, once each whatever names and tags say.

    Where a server or workers run, they do it, and this command watches; else it does it itself.
    Ctrl-C stops cleanly: what is stored stays, the rest is marked cancelled.
    """
    from netraven.cli.home import reach_home

    home = reach_home()
    with home.reading() as db:
        device_ids = chosen_devices(db, names or [], tag or [], everything=everything)
    ask_about_blackouts(home, device_ids, is_forced=force)
    done, summary = sweep(home, device_ids, deadline_s=deadline, is_quiet=as_json)
    if as_json:
        output.say_json({"run": summary, "devices": done})
    else:
        show_sweep(home, done, summary)
    leave(summary)


def chosen_devices(db: Unit, names: list[str], tags: list[str], *, everything: bool) -> list[UUID]:
    """Return the devices meant, each once, those of tags and of `everything` only if enabled.

    Raises Invalid where nothing was named, NotFound where no device fits.
    """
    from netraven.cli.names import named_device, named_tag
    from netraven.cli.pages import take_all
    from netraven.errors import Invalid, NotFound
    from netraven.inventory.devices import get_devices

    if not (names or tags or everything):
        raise Invalid("devices", "name devices, or say --tag TAG or --all")
    if everything and (names or tags):
        raise Invalid("devices", "--all stands alone, without names and tags")
    chosen = dict.fromkeys(named_device(db, name).id for name in names)
    if tags or everything:
        tag_ids = [named_tag(db, name).id for name in tags]
        found = take_all(
            lambda skip, limit: get_devices(db, skip, limit, enabled=True, tag_ids=tag_ids)
        )
        chosen |= dict.fromkeys(device.id for device in found)
    if not chosen:
        message = "no enabled device is meant; see `netraven device list`"
        raise NotFound(message)
    return list(chosen)


def sweep(
    home: AnyHome, device_ids: list[UUID], *, deadline_s: int | None = None, is_quiet: bool = False
) -> tuple[list[DeviceDone], RunSummary]:
    """Back the devices up with a progress bar; return each one's result and the summary."""
    from netraven.cli.progress import progress_bar
    from netraven.cli.work import see_through, write_down
    from netraven.db.enums import JobType

    options: dict[str, JsonValue] = {} if deadline_s is None else {"deadline_seconds": deadline_s}
    run_id = write_down(home, JobType.BACKUP, device_ids, options)
    done: list[DeviceDone] = []
    failed = 0
    with progress_bar("Backing up", len(device_ids), is_quiet=is_quiet) as bar:

        def on_result(result: DeviceDone) -> None:
            nonlocal failed
            done.append(result)
            bar.advance()
            if not is_good(result):
                failed += 1
                bar.tell(f"{failed} not good")

        summary = see_through(home, run_id, on_result)
    return done, summary


def is_good(result: DeviceDone) -> bool:
    """Tell whether the device has a completed backup from this run."""
    return result.status == "succeeded" and result.backup_status == "completed"


def show_sweep(home: AnyHome, done: list[DeviceDone], summary: RunSummary) -> None:
    """Show which devices did not succeed and why, then the whole in one line."""
    from netraven.inventory.unencrypted import get_telnet_hostnames

    with home.reading() as db:
        insecure = get_telnet_hostnames(db, [each.device_id for each in done])
    bad = [each for each in done if not is_good(each)]
    if bad:
        show_bad(bad)
        output.say("")
    output.say_text(summed_up(summary))
    if insecure:
        output.note(f"By telnet, which is not encrypted: {_some(insecure)}.", style="yellow")
    if bad:
        output.note("More: `netraven run show`, `netraven device test NAME`.", style="dim")


def _some(names: list[str], at_most: int = 5) -> str:
    shown = ", ".join(names[:at_most])
    return shown if len(names) <= at_most else f"{shown} and {len(names) - at_most} more"


def show_bad(bad: list[DeviceDone]) -> None:
    """Show devices without a completed backup, by name, and why."""
    columns = (
        Column("Device", wraps=True),
        Column("Result"),
        Column("Took", right=True),
        Column("Why", wraps=True),
    )
    rows = (
        (
            each.hostname,
            each.backup_status or each.status,
            output.milliseconds_in_words(each.duration_ms),
            without_name(each.message, each.hostname) or each.reason,
        )
        for each in sorted(bad, key=lambda each: each.hostname)
    )
    output.say_table(columns, rows)


def without_name(message: str, hostname: str) -> str:
    """Return what a message says of a device, for where its name stands beside it."""
    rest = message.removeprefix(hostname)
    if rest == message or rest.startswith(" and "):
        return message
    place = re.match(r" \((\S+ port \d+)\) ", rest)
    return f"{place[1]} {rest[place.end() :]}" if place else rest.removeprefix(":").strip()


def summed_up(summary: RunSummary) -> Text:
    """Return how a run ended, in one line."""
    from netraven.db.enums import ResultStatus

    total = sum(summary.results.values())
    took = output.milliseconds_in_words(round(summary.took_s * 1000))
    rate = f", {total / summary.took_s:.1f}/s" if summary.took_s > 0 else ""
    # A quarantined capture counts as a failure of its device, and is told apart here.
    failed = summary.results[ResultStatus.FAILED] - summary.quarantined
    counts = (
        ("new", summary.new_versions, "green"),
        ("unchanged", summary.unchanged, ""),
        ("quarantined", summary.quarantined, "yellow"),
        ("failed", failed, "red"),
        ("cancelled", summary.results[ResultStatus.CANCELLED], "yellow"),
        ("skipped", summary.results[ResultStatus.SKIPPED], "dim"),
    )
    parts = [Text(f"{number} {word}", style=style) for word, number, style in counts if number]
    head = Text(f"{output.counted(total, 'device')} in {took}{rate}: ")
    return head + Text(", ").join(parts) + Text(".")


def leave(summary: RunSummary) -> None:
    """End the command with the exit code of the run: 0 only if every device has its backup."""
    from netraven.db.enums import RunStatus
    from netraven.errors import ExitCode

    if summary.status is RunStatus.CANCELLED:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if summary.status is not RunStatus.SUCCEEDED or summary.quarantined:
        raise typer.Exit(ExitCode.DEVICES_FAILED)
