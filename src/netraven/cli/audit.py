"""`netraven audit`: who did what, and whether the record is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from netraven.cli import output
from netraven.cli.options import AsJson, Everything, Limit, Skip, Yes
from netraven.cli.output import Column
from netraven.errors import ExitCode

if TYPE_CHECKING:
    from netraven.schemas.audit import AuditEventFilter, AuditEventRead

app = typer.Typer(
    help="See who did what, and check that the record is whole.", no_args_is_help=True
)

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"]

Kind: TypeAlias = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="auth, admin, data or key.")
]
EventName: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="What happened, such as user_created.")
]
Status: TypeAlias = Annotated[
    str | None, typer.Option(metavar="STATUS", help="success, failure, error or warning.")
]
Target: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TYPE", help="To what, such as device or credential.")
]
Since: TypeAlias = Annotated[
    datetime | None, typer.Option(formats=_MOMENTS, help="Not before, in this machine's zone.")
]
Until: TypeAlias = Annotated[
    datetime | None, typer.Option(formats=_MOMENTS, help="Not after, in this machine's zone.")
]
Search: TypeAlias = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Part of the description.")
]


@app.command("list")
def list_events(
    *,
    kind: Kind = None,
    name: EventName = None,
    status: Status = None,
    target: Target = None,
    since: Since = None,
    until: Until = None,
    search: Search = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List events, the newest first."""
    from netraven.admin.audit_log import count_audit_events, get_audit_events
    from netraven.cli.home import reach_home
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.schemas.audit import AuditEventRead

    page = Page(skip, limit, is_everything=everything)
    wanted = _filter(
        event_type=kind,
        event_name=name,
        status=status,
        target_type=target,
        start_date=since.astimezone() if since else None,
        end_date=until.astimezone() if until else None,
        search=search,
    )
    with reach_home().reading() as db:
        rows = take(page, lambda skip, limit: get_audit_events(db, skip, limit, wanted))
        events = [AuditEventRead.model_validate(row) for row in rows]
        total = count_audit_events(db, wanted)
    columns = (
        Column("Number", right=True),
        Column("Time"),
        Column("Who", wraps=True),
        Column("Event", wraps=True),
        Column("Description", wraps=True),
    )
    show_list(Listed(page, events, total), Look(columns, _cells), "event", as_json=as_json)


@app.command("show")
def show_event(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Number of an event, or its id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one event with what changed; secrets are masked when it is recorded."""
    from netraven.admin.audit_log import get_audit_event, get_audit_event_by_seq
    from netraven.cli.home import reach_home
    from netraven.errors import NotFound
    from netraven.schemas.audit import AuditEventRead
    from netraven.schemas.texts import whole_number

    with reach_home().reading() as db:
        seq = whole_number(number)
        row = get_audit_event(db, number) if seq is None else get_audit_event_by_seq(db, seq)
        if row is None:
            message = f"there is no event {number}; see `netraven audit list`"
            raise NotFound(message)
        event = AuditEventRead.model_validate(row)
    if as_json:
        output.say_json(event)
        return
    output.say_facts(
        (
            ("Number", event.seq),
            ("Time", event.created_at),
            ("Event", event.event_name),
            ("Status", event.status),
            ("Who", f"{event.actor_name} ({event.actor_kind})"),
            ("From", ", ".join(filter(None, (event.client, event.ip_address)))),
            ("To", " ".join(filter(None, (event.target_type, event.target_name)))),
            ("Description", event.description),
            *((f"  {name}", json.dumps(told)) for name, told in sorted(event.changes.items())),
            ("Id", event.id),
        )
    )


@app.command("verify")
def verify_chain(
    *,
    from_number: Annotated[
        int | None, typer.Option("--from", min=1, metavar="NUMBER", help="Begin at this event.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that no event was changed, removed or slipped in."""
    from netraven.admin.audit_chain import verify_audit_chain
    from netraven.cli.home import reach_home

    with reach_home().reading() as db:
        report = verify_audit_chain(db, from_seq=from_number)
    if as_json:
        output.say_json(report)
    elif report.ok:
        output.say(f"{output.counted(report.checked, 'event')}, none touched.", style="green")
    else:
        output.say(
            f"The audit log was tampered with: the first event that does not fit is number "
            f"{report.first_bad_seq}.",
            style="red",
        )
        output.note("Keep a copy of the database as it is, and see who can write to it.")
    if not report.ok:
        raise typer.Exit(ExitCode.CORRUPT)


@app.command("prune")
def prune_events(
    *,
    days: Annotated[
        int | None,
        typer.Option(min=30, help="Keep this many days, instead of what the setting says."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete events that are older than security.audit.retention_days; the rest still verifies."""
    from netraven.admin.audit_log import delete_old_audit_events
    from netraven.admin.settings import get_number
    from netraven.cli.home import open_home
    from netraven.cli.questions import confirm

    home = open_home()
    with home.reading() as db:
        kept_days = days or get_number(db, "security.audit.retention_days")
    confirm(f"Delete audit events older than {kept_days} days?", is_answered=yes)
    with home.writing() as db:
        deleted = delete_old_audit_events(db, kept_days)
    if as_json:
        output.say_json({"deleted": deleted, "days": kept_days})
    else:
        output.say(f"Deleted {output.counted(deleted, 'event')} older than {kept_days} days.")


def _cells(event: AuditEventRead) -> Sequence[object]:
    return event.seq, event.created_at, event.actor_name, event.event_name, event.description


def _filter(**wanted: object) -> AuditEventFilter:
    from netraven.schemas.audit import AuditEventFilter

    given = {field: value for field, value in wanted.items() if value is not None}
    return AuditEventFilter.model_validate(given)
