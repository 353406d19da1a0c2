"""`netraven verify`: read contents again and name every one that fails its check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from netraven.cli.home import Home
    from netraven.cli.progress import Bar
    from netraven.models import Backup
    from netraven.schemas.backup import VerifyReport

_PER_UNIT = 200


@dataclass(slots=True)
class Findings:
    """What re-reading found so far: contents read, and backups that are not as they were stored.

    `histories` were compared with them, of which `made_anew` did not fit.
    """

    checked: int = 0
    corrupt: list[UUID] = field(default_factory=list)
    unavailable: list[UUID] = field(default_factory=list)
    histories: int = 0
    made_anew: int = 0

    @property
    def is_clean(self) -> bool:
        """Everything read was exactly as it was stored."""
        return not self.corrupt and not self.unavailable and not self.made_anew


def verify(
    *,
    subset: Annotated[
        str,
        typer.Option(
            metavar="PERCENT",
            help="Share to read, such as 5%. Successive days take turns, so that 5% a day reads "
            "everything in 20 days.",
        ),
    ] = "100%",
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this device's backups.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read every stored configuration again and check seal, size and hash of each.

    Goes on after a fault and names all of them. Without --subset histories are compared with what
    was read, and made anew where they do not fit.
    """
    from netraven.cli.home import open_home
    from netraven.cli.names import named_device
    from netraven.errors import Invalid

    share = read_share(subset)
    if device is not None and share < 1:
        raise Invalid("subset", "choose --device or --subset")
    home = open_home()
    device_id = None
    if device is not None:
        with home.reading() as db:
            device_id = named_device(db, device).id
    findings = verify_contents(home, share=share, device_id=device_id, is_quiet=as_json)
    if share == 1:
        verify_histories(home, findings, device_id=device_id, is_quiet=as_json)
    damaged = _damaged(home, findings)
    if as_json:
        output.say_json(
            {
                "checked": findings.checked,
                "corrupt": [_name_of(row) for row in damaged if row.id in findings.corrupt],
                "unavailable": [_name_of(row) for row in damaged if row.id in findings.unavailable],
                "histories": {"checked": findings.histories, "made_anew": findings.made_anew},
            }
        )
    else:
        _show(findings, damaged)
    if not findings.is_clean:
        raise typer.Exit(_exit_code(findings))


def verify_contents(
    home: Home, *, share: float = 1.0, device_id: UUID | None = None, is_quiet: bool = False
) -> Findings:
    """Return what reading that share of all contents, or those of one device, finds."""
    from netraven import clock
    from netraven.archive.usage import get_storage_usage
    from netraven.archive.verify import verify_backups, verify_share
    from netraven.cli.progress import progress_bar

    turn = clock.now().toordinal()

    def step(db: Session, after_id: UUID | None) -> VerifyReport:
        if share < 1:
            return verify_share(db, share=share, turn=turn, after_id=after_id, limit=_PER_UNIT)
        return verify_backups(db, device_id=device_id, after_id=after_id, limit=_PER_UNIT)

    total = None
    if device_id is None:
        with home.reading() as db:
            total = round(get_storage_usage(db).contents * share)
    with progress_bar("Verifying", total, is_quiet=is_quiet) as bar:
        return _read_all(home, step, bar)


def verify_histories(
    home: Home, findings: Findings, *, device_id: UUID | None = None, is_quiet: bool = False
) -> None:
    """Compare histories with their contents, and make anew those that do not fit them."""
    from netraven.archive.weave_standing import get_history_status
    from netraven.cli.progress import progress_bar
    from netraven.cli.weaves import weave_units
    from netraven.tasks.weaving import find_wrong_weaves, weave_anew

    total = None
    if device_id is None:
        with home.reading() as db:
            total = get_history_status(db).current
    units = weave_units(home)
    with progress_bar("Comparing histories", total, is_quiet=is_quiet) as bar:
        for series in find_wrong_weaves(units, device_id=device_id):
            findings.histories += 1
            if series is not None:
                findings.made_anew += 1
                weave_anew(units, series)
            bar.advance()


def read_share(text: str) -> float:
    """Return the share of `5%` as 0.05; raises Invalid outside 0 % to 100 %."""
    from netraven.errors import Invalid

    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:  # noqa: PLR2004
        raise Invalid("subset", f"{text} is no share; write a percentage such as 5%")
    return percent / 100


def _read_all(
    home: Home, step: Callable[[Session, UUID | None], VerifyReport], bar: Bar
) -> Findings:
    findings, after_id = Findings(), None
    while True:
        with home.reading() as db:
            report = step(db, after_id)
        findings.checked += report.checked
        findings.corrupt += report.corrupt_ids
        findings.unavailable += report.unavailable_ids
        bar.advance(report.checked)
        after_id = report.last_id
        if report.checked < _PER_UNIT or after_id is None:
            return findings


def _damaged(home: Home, findings: Findings) -> list[Backup]:
    from netraven.archive.backups import get_backup

    ids = dict.fromkeys((*findings.corrupt, *findings.unavailable))
    with home.reading() as db:
        rows = [get_backup(db, backup_id) for backup_id in ids]
    return [row for row in rows if row is not None]


def _show(findings: Findings, damaged: list[Backup]) -> None:
    read = output.counted(findings.checked, "content")
    if findings.is_clean:
        output.say(f"{read} read; every one is exactly as it was stored.", style="green")
        return
    if findings.made_anew:
        histories = output.counted(findings.made_anew, "history", "histories")
        output.say(f"{histories} did not fit what is stored; made anew from it.", style="yellow")
    if not damaged:
        output.say(f"{read} read; every one is exactly as it was stored.", style="green")
        return
    columns = (Column("Backup", wraps=True), Column("Stored"), Column("Finding", wraps=True))
    corrupt = set(findings.corrupt)
    rows = (
        (
            _name_of(row)["backup"],
            output.local_minute(row.created_at),
            "fails its integrity check" if row.id in corrupt else "sealed with a key not here",
        )
        for row in damaged
    )
    output.say_table(columns, rows)
    output.say(
        f"{read} read; {output.counted(len(damaged), 'backup')} cannot be read as stored. "
        "Restore the database from a copy (docs/operations/troubleshooting.md), then verify again.",
        style="red",
    )


def _name_of(row: Backup) -> dict[str, object]:

    return {"id": row.id, "backup": output.versioned(row.device.hostname, row.version)}


def _exit_code(findings: Findings) -> int:
    from netraven.errors import ExitCode

    if findings.corrupt or not findings.unavailable:
        return ExitCode.CORRUPT
    return ExitCode.KEY
