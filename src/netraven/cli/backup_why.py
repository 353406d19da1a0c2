"""`netraven backup why`: how the session went that gave no backup to rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from netraven.cli import output
from netraven.cli.evidence import (
    Fact,
    algorithms,
    explanation,
    last_words,
    offers,
    show_explanation,
    show_times,
    show_words,
)
from netraven.cli.options import AsJson, ConfigType

if TYPE_CHECKING:
    from netraven.archive.transcripts import TranscriptView
    from netraven.db import Unit
    from netraven.models import Backup


def explain_backup(
    name: Annotated[
        str,
        typer.Argument(
            metavar="BACKUP",
            help="HOST (the newest failed or quarantined one), HOST@failed, HOST@quarantined, "
            "HOST@3, or the id of a backup.",
        ),
    ],
    *,
    transcript: Annotated[
        bool, typer.Option("--transcript", help="Show all that the device said, not its end only.")
    ] = False,
    config_type: ConfigType = "running",
    as_json: AsJson = False,
) -> None:
    """Tell why a backup failed or stands in quarantine, and how its session went.

    Secrets are shown as tokens, and what cannot be shown safely is not shown.
    """
    from netraven.archive.transcripts import get_transcript
    from netraven.cli.home import reach_home
    from netraven.schemas.backup import BackupRead

    with reach_home().reading() as db:
        backup = _meant(db, name, config_type)
        view = get_transcript(db, backup.id)
        told = BackupRead.model_validate(backup)
    if as_json:
        output.say_json({"backup": told, "transcript": view})
    else:
        _show(backup, view, is_whole=transcript)


def _meant(db: Unit, name: str, config_type: str) -> Backup:
    """Return the backup named; a hostname alone means its newest one that is not good."""
    from netraven.cli.names import named_backup, newest_bad_backup
    from netraven.db import as_uuid

    if "@" in name or as_uuid(name) is not None:
        return named_backup(db, name, config_type=config_type)
    return newest_bad_backup(db, name, config_type=config_type)


def _show(backup: Backup, view: TranscriptView | None, *, is_whole: bool) -> None:
    facts: list[Fact] = [
        ("Backup", output.versioned(backup.device.hostname, backup.version)),
        ("State", f"{backup.status.value} ({backup.grade})"),
        ("When", output.local_time(backup.last_seen_at)),
        ("Reason", _reason(backup)),
    ]
    if view is not None:
        facts += [
            ("Step reached", view.step),
            ("Awaited", view.awaited),
            ("Last seen", last_words(view.last_seen)),
            ("Server", view.negotiated.server if view.negotiated else None),
            ("Agreed on", ", ".join(algorithms(view.negotiated))),
            *offers(view.offered),
        ]
    output.say_facts([fact for fact in facts if fact[1]])
    if backup.version is not None:
        title = output.versioned(backup.device.hostname, backup.version)
        output.note(f"Its text: `netraven backup show {title}`.", style="dim")
    if view is None:
        output.say("")
        output.say("There is no transcript of its session.")
        return
    show_explanation(explanation(view.step, view.awaited, advice=view.advice))
    if is_whole:
        show_times(view.typed)
    show_words("What it said", view.dialogue or "", is_whole=is_whole)
    show_words("What was collected", view.text or "", is_whole=is_whole)
    if view.not_shown:
        output.say("")
        output.say(f"{view.not_shown[:1].upper()}{view.not_shown[1:]}.")


def _reason(backup: Backup) -> str:
    from netraven.cli.backup_show import reason_of
    from netraven.db.enums import BackupStatus

    fault = (backup.evidence or {}).get("fault")
    if backup.status is BackupStatus.FAILED and fault:
        return f"{fault} (docs/operations/errors.md)"
    return reason_of(backup)
