"""`netraven backup`: make, list, show, compare, keep and remove versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from netraven.cli import output
from netraven.cli.backup_run import run_backups
from netraven.cli.backup_show import compare_versions, show_backup
from netraven.cli.backup_why import explain_backup
from netraven.cli.options import AsJson, ConfigType, Everything, Limit, Skip, VersionName, Yes
from netraven.cli.output import Column

if TYPE_CHECKING:
    from netraven.models import Backup

app = typer.Typer(
    short_help="Make backups and work with their versions.",
    help="Make backups and work with their versions. A version is named HOST (the newest "
    "completed one), HOST@3, HOST@latest, HOST@quarantined, or by its id.",
    no_args_is_help=True,
)
app.command("run")(run_backups)

State = Literal["completed", "failed", "quarantined"]


@app.command("list")
def list_backups(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Only of this device: hostname or id."),
    ] = None,
    *,
    status: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    pinned: Annotated[
        bool | None, typer.Option("--pinned/--unpinned", help="Only these; both without it.")
    ] = None,
    config_type: Annotated[
        str | None, typer.Option("--config-type", help="Only this configuration.")
    ] = None,
    skip: Skip = 0,
    limit: Limit = 100,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List backups, newest first."""
    from netraven.archive.backups import count_backups, get_backups
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_device
    from netraven.cli.pages import Listed, Look, Page, show_list, take
    from netraven.schemas.backup import BackupRead

    page = Page(skip, limit, is_everything=everything)
    with reach_home().reading() as db:
        device_id = named_device(db, name).id if name else None
        backups = take(
            page,
            lambda skip, limit: get_backups(
                db, skip, limit, device_id, status, config_type=config_type, pinned=pinned
            ),
        )
        total = count_backups(db, device_id, status, config_type=config_type, pinned=pinned)
    show_list(
        Listed(page, backups, total),
        Look(_COLUMNS, _cells, BackupRead.model_validate),
        "backup",
        is_filtered=bool(name or status or config_type or pinned is not None),
        begin="make the first with `netraven backup run --all`",
        as_json=as_json,
    )


app.command("show")(show_backup)
app.command("diff")(compare_versions)
app.command("why")(explain_backup)


@app.command("accept")
def accept_backup(
    name: VersionName,
    *,
    reason: Annotated[str, typer.Option(help="Why it is good after all; kept in the audit log.")],
    config_type: ConfigType = "running",
    as_json: AsJson = False,
) -> None:
    """Take a version out of quarantine: HOST means its newest quarantined one."""
    from netraven.archive.backups import update_backup
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_backup
    from netraven.db import as_uuid
    from netraven.db.enums import BackupStatus
    from netraven.errors import Invalid
    from netraven.schemas.backup import BackupRead, BackupUpdate

    if not reason.strip():
        raise Invalid("reason", "say why the version is good after all")
    wanted = BackupUpdate(status=BackupStatus.COMPLETED, reason=reason)
    with reach_home().writing() as db:
        is_exact = "@" in name or as_uuid(name) is not None
        wanted_name = name if is_exact else f"{name}@quarantined"
        backup = named_backup(db, wanted_name, config_type=config_type)
        told = BackupRead.model_validate(update_backup(db, backup.id, wanted))
    if as_json:
        output.say_json(told)
    else:
        output.say(f"Accepted {output.versioned(told.device.hostname, told.version)} as completed.")


@app.command("pin")
def pin_backup(
    name: VersionName, *, config_type: ConfigType = "running", as_json: AsJson = False
) -> None:
    """Protect a version: neither `delete` nor retention removes it."""
    _set_pinned(name, config_type, is_pinned=True, as_json=as_json)


@app.command("unpin")
def unpin_backup(
    name: VersionName, *, config_type: ConfigType = "running", as_json: AsJson = False
) -> None:
    """Take the protection off a version."""
    _set_pinned(name, config_type, is_pinned=False, as_json=as_json)


@app.command("delete")
def remove_backup(
    name: VersionName,
    *,
    config_type: ConfigType = "running",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete one version; the others stay readable, its number is never used again."""
    from netraven.archive.backups import delete_backup
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_backup
    from netraven.cli.questions import confirm

    home = reach_home()
    with home.reading() as db:
        backup = named_backup(db, name, config_type=config_type)
    title = output.versioned(backup.device.hostname, backup.version)
    confirm(f"Delete {title} of {output.local_time(backup.created_at)}?", is_answered=yes)
    with home.writing() as db:
        delete_backup(db, backup.id)
    if as_json:
        output.say_json({"deleted": backup.id, "backup": title})
    else:
        output.say(f"Deleted {title}.")


def _set_pinned(name: str, config_type: str, *, is_pinned: bool, as_json: bool) -> None:
    from netraven.archive.backups import update_backup
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_backup
    from netraven.schemas.backup import BackupRead, BackupUpdate

    with reach_home().writing() as db:
        backup = named_backup(db, name, config_type=config_type)
        changed = update_backup(db, backup.id, BackupUpdate(pinned=is_pinned))
        told = BackupRead.model_validate(changed)
    if as_json:
        output.say_json(told)
    else:
        done = "Pinned" if is_pinned else "Unpinned"
        output.say(f"{done} {output.versioned(told.device.hostname, told.version)}.")


def _name_of(row: Backup) -> str:
    if row.version is None:  # its status says why
        return row.device.hostname
    title = output.versioned(row.device.hostname, row.version)
    return f"{title} (pinned)" if row.pinned else title


_COLUMNS = (
    Column("Backup", wraps=True),
    Column("Status"),
    Column("Grade"),
    Column("Size", right=True),
    Column("Stored"),
    Column("Last seen"),
)


def _cells(row: Backup) -> Sequence[object]:
    return (
        _name_of(row),
        row.status,
        row.grade,
        output.bytes_in_words(row.size),
        output.local_minute(row.created_at),
        output.local_minute(row.last_seen_at),
    )
