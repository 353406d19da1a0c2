"""`netraven backup show` and `backup diff`: what a version holds, and what changed."""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from netraven.cli import output
from netraven.cli.options import AsJson, ConfigType, VersionName

if TYPE_CHECKING:
    from netraven.cli.home import AnyHome
    from netraven.models import Backup
    from netraven.schemas.backup import BackupComparison

_DIFF_STYLES = {"@": "not bold cyan", "+": "not bold green", "-": "not bold red"}


def show_backup(
    name: VersionName,
    *,
    unsealed: Annotated[
        bool, typer.Option("--unsealed", help="With its secrets; needs --reason, goes on record.")
    ] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the secrets must be seen.")] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write it there, byte for byte, for its owner only; - is standard output.",
        ),
    ] = None,
    config_type: ConfigType = "running",
    as_json: AsJson = False,
) -> None:
    """Show a version, each secret as a token; the exact bytes with --unsealed."""
    from netraven.archive.unsealing import check_reason
    from netraven.cli.home import reach_home
    from netraven.cli.names import named_backup
    from netraven.errors import Invalid

    if reason and not unsealed:
        raise Invalid("reason", "only --unsealed needs one")
    if unsealed:
        check_reason(reason)
    home = reach_home()
    with home.reading() as db:
        backup = named_backup(db, name, config_type=config_type)
    content = _content(home, backup, reason=reason if unsealed else None)
    if as_json:
        _tell_json(backup, content, is_unsealed=unsealed)
    elif file is not None:
        _write_to(file, content)
    else:
        _note_about(backup)
        text = content.decode("utf-8", "surrogateescape")
        lines = text.replace("\r\n", "\n").removesuffix("\n")
        _write_lines(Text(output.visible(lines, keep="\n\t") + "\n"))


def compare_versions(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="BACKUP [BACKUP]",
            help="HOST: its last two completed versions. Two backups: from first to second.",
        ),
    ],
    *,
    context: Annotated[int, typer.Option(min=0, help="Unchanged lines around each change.")] = 3,
    volatile: Annotated[
        bool,
        typer.Option("--volatile", help="With lines that change by themselves: clocks, counters."),
    ] = False,
    config_type: ConfigType = "running",
    as_json: AsJson = False,
) -> None:
    """Show what changed from one version to another, each secret as a token.

    Lines that change by themselves are left out; --volatile shows them too.
    """
    from netraven.archive.views import redacted_diff
    from netraven.cli.home import reach_home
    from netraven.cli.names import last_two_versions, named_backup
    from netraven.errors import Invalid, NotFound
    from netraven.schemas.backup import BackupRead

    if len(names) > 2:  # noqa: PLR2004
        raise Invalid("backup", "name one device or two backups")
    with reach_home().reading() as db:
        if len(names) == 1:
            older, newer = last_two_versions(db, names[0], config_type=config_type)
        else:
            older, newer = (named_backup(db, name, config_type=config_type) for name in names)
        found = redacted_diff(db, older.id, newer.id, context=context, with_volatile=volatile)
    if found is None:
        message = "one of the two has no content, a failed backup keeps none"
        raise NotFound(message)
    if as_json:
        told = {"a": BackupRead.model_validate(older), "b": BackupRead.model_validate(newer)}
        counts = {"identical": found.identical, "added": found.added, "removed": found.removed}
        output.say_json({**told, **counts, "diff": found.diff})
    else:
        show_diff(older, newer, found)


def show_diff(older: Backup, newer: Backup, found: BackupComparison) -> None:
    """Write a comparison as a unified diff under the versions' names."""
    titles = [output.versioned(each.device.hostname, each.version) for each in (older, newer)]
    if found.identical:
        output.say(f"{titles[0]} and {titles[1]} are the same, byte for byte.")
        return
    if not found.diff:
        output.say(
            f"{titles[0]} and {titles[1]} differ only in lines that change by themselves, "
            "or in what is not shown."
        )
        return
    added = output.counted(found.added, "line")
    output.note(f"{titles[0]} → {titles[1]}: {added} added, {found.removed} removed", style="dim")
    moments = [output.local_time(each.created_at) for each in (older, newer)]
    heads = [f"--- {titles[0]}  {moments[0]}", f"+++ {titles[1]}  {moments[1]}"]
    text = Text("".join(f"{head}\n" for head in heads), style="bold")
    # Only `\n` ends a line: a device's text may hold whatever else some take for a line end.
    for line in found.diff.removesuffix("\n").split("\n")[2:]:
        shown = output.visible(line.removesuffix("\r"), keep="\t")
        text.append(f"{shown}\n", style=_DIFF_STYLES.get(shown[:1], "not bold"))
    _write_lines(text)


def _content(home: AnyHome, backup: Backup, *, reason: str | None) -> bytes:
    """Return the view, or the exact bytes where there is a reason, which goes on record first."""
    from netraven.archive.unsealing import unseal_backup
    from netraven.archive.views import get_redacted_content
    from netraven.errors import NotFound

    if reason is None:
        with home.reading() as db:
            view = get_redacted_content(db, backup.id)
        content = None if view is None else view.encode("utf-8", "surrogateescape")
    else:
        with home.writing() as db:
            content = unseal_backup(db, backup.id, reason=reason)
    if content is None:
        message = f"this backup failed and keeps no content; see `netraven backup why {backup.id}`"
        raise NotFound(message)
    return content


def _note_about(backup: Backup) -> None:
    """Say on standard error which version this is, so that standard output holds only its text."""
    from netraven.db.enums import BackupStatus

    parts = [
        output.versioned(backup.device.hostname, backup.version),
        backup.status.value if backup.grade is None else f"{backup.status.value} ({backup.grade})",
        output.bytes_in_words(backup.size) or "",
        f"stored {output.local_time(backup.created_at)}",
        f"last seen {output.local_time(backup.last_seen_at)}",
    ]
    output.note(" · ".join(parts), style="dim")
    if backup.status is BackupStatus.QUARANTINED:
        output.note(f"In quarantine: {reason_of(backup)}", style="yellow")


def reason_of(backup: Backup) -> str:
    """Return in one sentence why a version stands in quarantine."""
    from netraven.archive.grade import doubt_in_words

    return doubt_in_words(backup.evidence) or backup.comment or "its evidence (--json) says no more"


def _tell_json(backup: Backup, content: bytes, *, is_unsealed: bool) -> None:
    from netraven.schemas.backup import BackupRead

    try:
        text, encoding = content.decode(), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(content).decode(), "base64"
    output.say_json(
        {
            "backup": BackupRead.model_validate(backup),
            "unsealed": is_unsealed,
            "encoding": encoding,
            "content": text,
        }
    )


def _write_to(path: Path, content: bytes) -> None:
    """Write the bytes whole or not at all, readable for their owner only."""
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        return
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    output.note(f"Wrote {output.bytes_in_words(len(content))} to {path}.")


def _write_lines(text: Text) -> None:
    console = output.out()
    if console.is_terminal:
        console.print(text, soft_wrap=True, end="")
    else:
        console.file.write(text.plain)
