"""`netraven device test --replay`: a kept session tried again, without the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from netraven.cli import output
from netraven.cli.evidence import explanation, show_explanation, show_proof

if TYPE_CHECKING:
    from netraven.cli.home import Home
    from netraven.models import Device
    from netraven.tasks.doctor import Replayed


def replay_kept_session(name: str, *, as_json: bool) -> None:
    """Try the kept session of the device's newest bad backup on its present platform."""
    from netraven.cli.home import open_home
    from netraven.cli.names import newest_bad_backup
    from netraven.errors import ExitCode
    from netraven.tasks.doctor import replay_transcript

    home = open_home()
    with home.reading() as db:
        backup = newest_bad_backup(db, name)
    with output.waiting(f"Replaying {backup.device.hostname}", is_quiet=as_json):
        found = replay_transcript(home.sessions, backup.id, actor=home.actor)
    if as_json:
        output.say_json(_told(found))
    else:
        title = output.versioned(backup.device.hostname, backup.version)
        output.say(f"{title}, the session of {output.local_time(backup.last_seen_at)}")
        show_explanation(_why(found))
        output.say("")
        output.say(f"With {found.platform.label} as it is now:", style="bold")
        show_proof(found.proving.steps)
        if found.is_gap:
            output.note("Of the session's middle nothing was kept, so its text is not whole.")
    if not found.proving.is_proven:
        raise typer.Exit(ExitCode.DEVICES_FAILED)


def explain_newest_backup(home: Home, device: Device) -> None:
    """Say why the device's newest backup is not good, where it is not and something was kept."""
    from netraven.archive.transcripts import get_transcript
    from netraven.cli.names import newest_bad_backup
    from netraven.db.enums import BackupStatus
    from netraven.errors import NotFound

    with home.reading() as db:
        try:
            backup = newest_bad_backup(db, str(device.id))
        except NotFound:
            return
        view = get_transcript(db, backup.id)
    is_over = device.last_backup_status is BackupStatus.COMPLETED
    if view is None or is_over:
        return
    title = output.versioned(device.hostname, backup.version)
    output.say("")
    output.say(f"Its newest backup, {title}, is {backup.status.value}.", style="bold")
    show_explanation(explanation(view.step, view.awaited, view.last_seen, advice=view.advice))


def _why(found: Replayed) -> list[str]:
    view = found.view
    return explanation(view.step, view.awaited, view.last_seen, advice=view.advice)


def _told(found: Replayed) -> dict[str, object]:
    return {
        "backup_id": found.view.backup_id,
        "platform": found.platform.name,
        "why": _why(found),
        "proven": found.proving.is_proven,
        "steps": found.proving.steps,
        "is_whole": not found.is_gap,
    }
