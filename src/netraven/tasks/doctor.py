"""What was kept of a session that went wrong, tried again on the present platform."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from netraven.archive.backups import get_backup
from netraven.archive.transcripts import TranscriptView, get_transcript, reveal_transcript
from netraven.collect.recording import recording_of
from netraven.db import Actor, unit_of_work
from netraven.errors import NotFound
from netraven.inventory.platforms import get_platforms
from netraven.platforms.platform import Platform
from netraven.tasks.proving import Proving, prove


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A kept session, and how the device's present platform would have fared in it.

    `view` is what may be shown of it. With `is_gap` its middle was not kept, so that what comes of
    it is not whole.
    """

    platform: Platform
    view: TranscriptView
    proving: Proving
    is_gap: bool


def replay_transcript(
    sessions: sessionmaker[Session], backup_id: UUID, *, actor: Actor
) -> Replayed:
    """Return how the kept session of a failed or quarantined backup goes now; no device is touched.

    Blocks, on an event loop of its own. Raises NotFound where nothing was kept, where the session
    ended before the device said anything, or where the device's platform is not known any more.
    """
    with unit_of_work(sessions, actor=actor, read_only=True) as db:
        backup, view = get_backup(db, backup_id), get_transcript(db, backup_id)
        kept = reveal_transcript(db, backup_id)
        name = "" if backup is None else backup.device.device_type
        platform = get_platforms(db).get(name)
    if view is None or kept is None:
        message = "there is no transcript of its session, so nothing to replay"
        raise NotFound(message)
    if not kept.dialogue:
        message = f"its session ended while {kept.step}, before the device said anything"
        raise NotFound(message)
    if platform is None:
        message = f"the platform {name} is not known here, so nothing can be tried on it"
        raise NotFound(message)
    recording = recording_of(kept.dialogue, kept.typed)
    return Replayed(
        platform=platform,
        view=view,
        proving=prove(recording, platform, shows_words=False),
        is_gap="bytes left out ...]" in kept.dialogue,
    )
