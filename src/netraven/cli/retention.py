"""`netraven retention`: let old backups go, or first see which would and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from netraven.cli import output
from netraven.cli.options import AsJson
from netraven.cli.output import Column

if TYPE_CHECKING:
    from datetime import datetime

    from netraven.cli.home import Home
    from netraven.models import Backup
    from netraven.schemas.retention import RetentionPolicy, RetentionReport

_MOST_SHOWN = 40


@dataclass(slots=True)
class _Sum:
    """The reports of all devices together."""

    examined: int = 0
    removed_ids: list[UUID] = field(default_factory=list)
    contents_removed: int = 0
    bytes_freed: int = 0
    kept_because: Counter[str] = field(default_factory=Counter)
    blocked_ids: list[UUID] = field(default_factory=list)

    def add(self, report: RetentionReport) -> None:
        self.examined += report.examined
        self.removed_ids += report.removed_ids
        self.contents_removed += report.contents_removed
        self.bytes_freed += report.bytes_freed
        self.kept_because.update(report.kept_because)
        self.blocked_ids += report.blocked_ids

    @property
    def kept(self) -> int:
        return self.examined - len(self.removed_ids)


def retention(
    *,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this device's backups.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove them; without it nothing is changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which backups the retention settings let go, and why; with --apply remove them.

    Pinned backups and each device's newest completed one always stay. The settings are
    system.backup.retention_days and system.retention.*; see `netraven setting list`.
    """
    from netraven import clock
    from netraven.archive.retention import get_retention_policy
    from netraven.cli.home import open_home
    from netraven.cli.names import named_device

    home, now = open_home(), clock.now()
    with home.reading() as db:
        device_id = None if device is None else named_device(db, device).id
        policy = get_retention_policy(db)
    total = _go_through(home, policy, device_id, now=now, is_applied=apply, is_quiet=as_json)
    if as_json:
        output.say_json(
            {
                "applied": apply,
                "policy": policy,
                "examined": total.examined,
                "kept": total.kept,
                "kept_because": dict(sorted(total.kept_because.items())),
                "removed": total.removed_ids,
                "contents_removed": total.contents_removed,
                "bytes_freed": total.bytes_freed,
                "blocked": total.blocked_ids,
            }
        )
        return
    if not apply:
        _show_doomed(home, policy, total.removed_ids, now)
    _show_sum(total, policy, is_applied=apply)


def _go_through(
    home: Home,
    policy: RetentionPolicy,
    device_id: UUID | None,
    *,
    now: datetime,
    is_applied: bool,
    is_quiet: bool,
) -> _Sum:
    """Go through the devices, each 500 in a unit of their own."""
    from netraven.archive.retention import apply_backup_retention
    from netraven.cli.progress import progress_bar

    total, after_device_id = _Sum(), None
    title = "Removing" if is_applied else "Looking"
    with progress_bar(title, None, is_quiet=is_quiet) as bar:
        while True:
            with home.writing() if is_applied else home.reading() as db:
                report = apply_backup_retention(
                    db,
                    policy=policy,
                    device_id=device_id,
                    after_device_id=after_device_id,
                    dry_run=not is_applied,
                    now=now,
                )
            total.add(report)
            bar.advance(report.examined)
            after_device_id = report.last_device_id
            if after_device_id is None:
                return total


def _show_doomed(
    home: Home, policy: RetentionPolicy, backup_ids: Sequence[UUID], now: datetime
) -> None:
    from netraven.archive.backups import get_backup

    with home.reading() as db:
        found = [get_backup(db, backup_id) for backup_id in backup_ids[:_MOST_SHOWN]]
    rows = [row for row in found if row is not None]
    if not rows:
        return
    columns = (
        Column("Backup", wraps=True),
        Column("Last seen"),
        Column("Size", right=True),
        Column("Why it goes", wraps=True),
    )
    output.say_table(columns, _lines(rows, policy, now))
    if len(backup_ids) > len(rows):
        output.say(f"and {len(backup_ids) - len(rows)} more; all of them with --json", style="dim")
    output.say("")


def _lines(
    rows: Sequence[Backup], policy: RetentionPolicy, now: datetime
) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield (
            output.versioned(row.device.hostname, row.version),
            output.local_minute(row.last_seen_at),
            "-" if row.size is None else output.bytes_in_words(row.size),
            _why(row, policy, now),
        )


def _why(row: Backup, policy: RetentionPolicy, now: datetime) -> str:
    age = f"{(now - row.last_seen_at).days} days old"
    if row.status != "completed":
        return f"{row.status} and {age}"
    return f"{age}; not of the last {policy.keep_last}, and newer ones stand for its time"


def _show_sum(total: _Sum, policy: RetentionPolicy, *, is_applied: bool) -> None:
    spans = ("daily", "weekly", "monthly")
    kept = ", ".join(f"{getattr(policy, f'keep_{span}')} {span}" for span in spans)
    output.say(
        f"Kept are {policy.keep_days} days, the last {policy.keep_last} of a device, {kept},"
        " and what is pinned or newest.",
        style="dim",
    )
    reasons = ", ".join(f"{count} {why}" for why, count in sorted(total.kept_because.items()))
    stay = f"{output.counted(total.kept, 'backup')} stay" + (f" ({reasons})." if reasons else ".")
    gone = output.counted(len(total.removed_ids), "backup")
    freed = output.bytes_in_words(total.bytes_freed)
    verb = "went" if is_applied else "would go"
    output.say(f"{gone} {verb}, with {freed} of text; {stay}")
    if total.blocked_ids:
        output.say(
            f"{output.counted(len(total.blocked_ids), 'backup')} could not go, because a content"
            " that rests on theirs is damaged; see `netraven verify`.",
            style="red",
        )
    if not is_applied and total.removed_ids:
        output.say("Nothing was changed; remove them with `netraven retention --apply`.")
