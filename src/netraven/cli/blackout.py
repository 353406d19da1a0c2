"""`netraven blackout`: times in which schedules leave devices alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Everything, Limit, Skip, Yes
from netraven.cli.output import Column
from netraven.cli.schedule_options import Weekday, Zone

if TYPE_CHECKING:
    from netraven.db import Unit
    from netraven.models import Blackout
    from netraven.schemas.blackout import BlackoutRead

app = typer.Typer(
    help="Keep times in which schedules leave a tag's devices alone.", no_args_is_help=True
)

BlackoutName = Annotated[str, typer.Argument(metavar="BLACKOUT", help="Name or id of a black-out.")]
Moment = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"],
        help="Instead a single beginning and end; UTC unless it carries its offset.",
    ),
]


@app.command("add")
def add_blackout(
    name: Annotated[str, typer.Argument(help="Name of the black-out, unique.")],
    *,
    tag: Annotated[str, typer.Option(metavar="TAG", help="Whose devices are left alone.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="HH:MM", help="When it begins, each day.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="HH:MM", help="When it ends; not after --from: the next day."),
    ] = None,
    weekday: Weekday = None,
    starts: Moment = None,
    ends: Moment = None,
    timezone: Zone = None,
    hold_back: Annotated[
        Literal["wait", "skip"],
        typer.Option(help="Whether a due device has its turn when it is over, or is left out."),
    ] = "wait",
    description: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    as_json: AsJson = False,
) -> None:
    """Leave the devices of a tag alone, each day or week by --from and --until, or once."""
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_tag
    from netraven.jobs.blackouts import create_blackout
    from netraven.schemas.blackout import BlackoutCreate, BlackoutRead

    with reach_home().writing() as db:
        wanted = {
            "name": name,
            "tag_id": named_tag(db, tag).id,
            "from_time": since,
            "until_time": until,
            "weekdays": weekday,
            "starts_at": starts,
            "ends_at": ends,
            "timezone": timezone,
            "hold_back": hold_back,
            "description": description,
        }
        row = create_blackout(db, BlackoutCreate.model_validate(wanted))
        told = BlackoutRead.model_validate(row)
    if as_json:
        output.say_json(told)
        return
    does = "wait for its end" if told.hold_back == "wait" else "are left out"
    output.say(
        f"Added the black-out {told.name}: {_when(told)}; "
        f"devices tagged {told.tag.name} {does} where a schedule wants them."
    )


@app.command("list")
def list_blackouts(
    *, skip: Skip = 0, limit: Limit = 100, everything: Everything = False, as_json: AsJson = False
) -> None:
    """List black-outs by name, and say which of them hold now."""
    from netraven.cli.home import reach_home
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.jobs.blackouts import count_blackouts, get_blackouts
    from netraven.schemas.blackout import BlackoutRead

    page = Page(skip, limit, is_everything=everything)
    with reach_home().reading() as db:
        found = take(page, lambda skip, limit: get_blackouts(db, skip, limit))
        told = [(BlackoutRead.model_validate(row), _end(row)) for row in found]
        total = count_blackouts(db)
    show_list(
        Listed(page, told, total),
        Look(_COLUMNS, _cells, _as_item),
        "black-out",
        begin="`netraven blackout add` keeps one",
        as_json=as_json,
    )


@app.command("show")
def show_blackout(name: BlackoutName, *, as_json: AsJson = False) -> None:
    """Show a black-out, and whether it holds now."""
    from netraven.cli.home import reach_home
    from netraven.schemas.blackout import BlackoutRead

    with reach_home().reading() as db:
        row = _named(db, name)
        told, end = BlackoutRead.model_validate(row), _end(row)
    if as_json:
        output.say_json(_as_item((told, end)))
        return
    output.say_facts(
        (
            ("Black-out", told.name),
            ("Id", told.id),
            ("For", f"devices tagged {told.tag.name}"),
            ("When", _when(told)),
            ("Due devices", told.hold_back.value),
            ("Holds until", end or "it does not hold now"),
            ("Description", told.description),
            ("Made by", told.created_by_name),
        )
    )


@app.command("delete")
def remove_blackout(name: BlackoutName, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a black-out; devices that waited for its end have their turn."""
    from netraven.cli.removal import remove
    from netraven.jobs.blackouts import delete_blackout

    remove(
        lambda db: _named(db, name),
        delete_blackout,
        noun="black-out",
        is_answered=yes,
        as_json=as_json,
    )


_COLUMNS = (
    Column("Black-out", wraps=True),
    Column("Tag", wraps=True),
    Column("When", wraps=True),
    Column("Due"),
    Column("Holds until"),
)


def _cells(told: tuple[BlackoutRead, datetime | None]) -> Sequence[object]:
    row, end = told
    until = None if end is None else output.local_minute(end)
    return row.name, row.tag.name, _when(row), row.hold_back.value, until


def _as_item(told: tuple[BlackoutRead, datetime | None]) -> object:
    row, end = told
    return {**row.model_dump(mode="json"), "holds_until": end}


def _when(told: BlackoutRead) -> str:
    from netraven.jobs.schedule_words import weekdays_in_words
    from netraven.jobs.windows import shown_zone

    if told.starts_at is not None and told.ends_at is not None:
        zone = shown_zone(told.timezone)
        start, end = (moment.astimezone(zone) for moment in (told.starts_at, told.ends_at))
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {told.timezone}"
    days = weekdays_in_words(told.weekdays) if told.weekdays else "daily"
    return f"{days} {told.from_time} to {told.until_time} {told.timezone}"


def _end(row: Blackout) -> datetime | None:
    """Return when the black-out ends that holds now."""
    from netraven import clock
    from netraven.jobs.windows import Window

    return Window.of(row).end_at(clock.now())


def _named(db: Unit, name: str) -> Blackout:
    from netraven.errors import NotFound
    from netraven.jobs.blackouts import get_blackout, get_blackout_by_name

    found = get_blackout_by_name(db, name) or get_blackout(db, name)
    if found is None:
        message = f"there is no black-out {name}; see `netraven blackout list`"
        raise NotFound(message)
    return found
