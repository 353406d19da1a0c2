"""Transcripts: why a collection failed or was doubted, sealed beside its backup.

A transcript says how far the session came, what it waited for and what the device said. It lives
and goes with its backup's row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.archive.backups import get_backup
from netraven.archive.codec import pack, unpack
from netraven.archive.dialogues import bounded, show
from netraven.archive.redact import NOTHING_SHOWN, redact
from netraven.db import Id, KeyRing, guarded, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.errors import Corrupt, FailureReport, Invalid, Negotiated, Typed
from netraven.inventory.platforms import get_platforms
from netraven.models import Backup, SealedTranscript
from netraven.platforms.platform import Platform
from netraven.seal import Place
from netraven.vault.secrets import require_keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What is known of a session that gave no backup to rely on; it never holds what was typed.

    `dialogue` is what the device said and `typed` what was typed to it, `advice` sentences of ours
    on why it did not go on. `text` is what was collected of its configuration where no
    content keeps that, `last_seen` the end of what it said where there is no dialogue: before any
    login. `offered` lists the device's algorithms by kind where no common one was found.
    """

    step: str
    awaited: str = ""
    last_seen: str = ""
    advice: tuple[str, ...] = ()
    dialogue: str = field(default="", repr=False)
    typed: tuple[Typed, ...] = ()
    text: str = field(default="", repr=False)
    negotiated: Negotiated | None = None
    offered: dict[str, tuple[str, ...]] | None = None

    @classmethod
    def of(cls, report: FailureReport, *, text: str = "", advice: Sequence[str] = ()) -> Transcript:
        """Return the transcript of a failure, with what was collected before it."""
        return cls(
            step=report.step,
            awaited=report.awaited,
            last_seen="" if report.dialogue else report.last_seen,
            advice=tuple(advice),
            dialogue=report.dialogue,
            typed=report.typed,
            text=text,
            negotiated=report.negotiated,
            offered=report.offered,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedLine:
    """What was typed at the end of a line of the dialogue (from 0), and its times in seconds."""

    line: int
    text: str
    at_s: float
    answered_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptView:
    """A transcript as people see it, with each secret as its token and doubtful lines hidden.

    Where secrets cannot be found safely, `dialogue` and `text` are None and `not_shown` is a
    sentence that says why; else it is empty. `last_seen` is the last line that the device sent.
    `typed` says what was typed when, and in which line of the dialogue.
    """

    backup_id: UUID
    step: str
    awaited: str
    last_seen: str
    advice: tuple[str, ...]
    dialogue: str | None
    typed: tuple[TypedLine, ...]
    text: str | None
    not_shown: str
    negotiated: Negotiated | None
    offered: dict[str, tuple[str, ...]] | None


@operation
def store_transcripts(db: Session, transcripts: Mapping[UUID, Transcript]) -> None:
    """Seal and keep these transcripts, by backup; one that is kept already is replaced.

    `text` is left out where the backup keeps a content, which is that text. Raises
    Invalid("backup_id") for a backup that is not there, and KeyUnavailable; then none is kept.
    """
    keyring = require_keyring(db)
    with guarded(db):
        for chunk in in_chunks(transcripts):
            found = select(Backup.id, Backup.content_hash).where(Backup.id.in_(chunk))
            has_content = {row[0]: row[1] is not None for row in db.execute(found)}
            if len(has_content) < len(chunk):
                raise Invalid("backup_id", "there is no such backup")
            _keep(
                db,
                [
                    _sealed(keyring, backup_id, transcripts[backup_id], has_content=kept)
                    for backup_id, kept in sorted(has_content.items())
                ],
            )


@operation
def get_transcript(
    db: Session, backup_id: Id, *, visible_to: Id | None = None
) -> TranscriptView | None:
    """Return what may be shown of a backup's transcript; None without backup or transcript.

    Secrets are found by the rules of the platform that read the device, whatever it is now.
    Raises Corrupt where the seal or the size does not fit, and KeyUnavailable.
    """
    backup = get_backup(db, backup_id, visible_to=visible_to)
    if backup is None:
        return None
    transcript = _kept(db, backup)
    if transcript is None:
        return None
    platform = get_platforms(db).get(backup.device_type)
    return _view(transcript, backup, platform, get_installation_key(db))


@operation
def reveal_transcript(db: Session, backup_id: Id) -> Transcript | None:
    """Return a transcript as it was kept, secrets of the device included; None without one.

    For trying it on a platform, never for showing it. Raises as `get_transcript` does.
    """
    backup = get_backup(db, backup_id)
    return None if backup is None else _kept(db, backup)


def transcript_place(backup_id: UUID) -> Place:
    """Return the place that a transcript's sealed bytes are bound to."""
    return Place(SealedTranscript.__tablename__, str(backup_id), "data")


# Together below 64 KiB, 96 with what was typed; the rest is bounded by the numbers below.
_DIALOGUE_BYTES = 49 * 1024
_TEXT_BYTES = 10 * 1024
_LAST_SEEN_CHARACTERS = 200
_WORDS_CHARACTERS = 300
_SENTENCES = 12
_ALGORITHMS = 40
_ALGORITHM_CHARACTERS = 64

_FORM = TypeAdapter(Transcript)


def _kept(db: Session, backup: Backup) -> Transcript | None:
    kept = select(SealedTranscript.size, SealedTranscript.data)
    row = db.execute(kept.where(SealedTranscript.backup_id == backup.id)).one_or_none()
    if row is None:
        return None
    return _opened(require_keyring(db), backup.id, size=row.size, data=row.data)


def _keep(db: Session, rows: Sequence[Mapping[str, object]]) -> None:
    insertion = insert_into(db, SealedTranscript)
    replaced = {name: insertion.excluded[name] for name in ("size", "data")}
    kept = insertion.on_conflict_do_update(index_elements=["backup_id"], set_=replaced)
    db.connection().execute(kept, rows)


def _sealed(
    keyring: KeyRing, backup_id: UUID, transcript: Transcript, *, has_content: bool
) -> dict[str, object]:
    plain = _FORM.dump_json(_bounded(transcript, has_content=has_content))
    sealed = keyring.seal(pack(plain), transcript_place(backup_id))
    return {"backup_id": backup_id, "size": len(plain), "data": sealed}


def _opened(keyring: KeyRing, backup_id: UUID, *, size: int, data: bytes) -> Transcript:
    place = transcript_place(backup_id)
    plain = unpack(keyring.open(data, place), size=size)
    if plain is None or len(plain) != size:
        raise Corrupt(f"the transcript of backup {backup_id}")
    try:
        return _FORM.validate_json(plain)
    except ValidationError:
        raise Corrupt(f"the transcript of backup {backup_id}") from None


def _bounded(transcript: Transcript, *, has_content: bool) -> Transcript:
    dialogue = bounded(transcript.dialogue, _DIALOGUE_BYTES)
    return replace(
        transcript,
        step=_words(transcript.step),
        awaited=_words(transcript.awaited),
        last_seen=_words(transcript.last_seen),
        advice=tuple(_words(sentence) for sentence in transcript.advice[:_SENTENCES]),
        dialogue=dialogue,
        # In a record that was cut once more nobody knows where they stood.
        typed=transcript.typed if dialogue == transcript.dialogue else (),
        text="" if has_content else bounded(transcript.text, _TEXT_BYTES),
        negotiated=transcript.negotiated and _bounded_names(transcript.negotiated),
        offered=transcript.offered and _bounded_offer(transcript.offered),
    )


def _words(text: str, most: int = _WORDS_CHARACTERS) -> str:
    return text[:most].encode("utf-8", "replace").decode()


def _bounded_names(negotiated: Negotiated) -> Negotiated:
    names = ("server", "kex", "host_key", "cipher", "mac")
    return Negotiated(**{name: _words(getattr(negotiated, name)) for name in names})


def _bounded_offer(offered: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {
        _words(kind): tuple(_words(name, _ALGORITHM_CHARACTERS) for name in names[:_ALGORITHMS])
        for kind, names in offered.items()
    }


def _view(
    transcript: Transcript, backup: Backup, platform: Platform | None, key: bytes
) -> TranscriptView:
    dialogue = text = None
    not_shown = ""
    if platform is None or not platform.secrets:
        not_shown = (
            f"what the device said is not shown: which of it is secret is not known for"
            f" {backup.device_type}"
        )
    else:
        dialogue = show(transcript.dialogue, platform, key)
        text = show(transcript.text, platform, key, breaks_off=True)
    return TranscriptView(
        backup_id=backup.id,
        step=transcript.step,
        awaited=transcript.awaited,
        # Said before any login, to anybody who asks.
        last_seen=transcript.last_seen or _last_line(dialogue or ""),
        advice=transcript.advice,
        dialogue=dialogue,
        typed=() if dialogue is None or platform is None else _typed(transcript, platform, key),
        text=text,
        not_shown=not_shown,
        negotiated=transcript.negotiated,
        offered=transcript.offered,
    )


def _last_line(dialogue: str) -> str:
    return dialogue.rstrip().rpartition("\n")[2].strip()[-_LAST_SEEN_CHARACTERS:]


def _typed(transcript: Transcript, platform: Platform, key: bytes) -> tuple[TypedLine, ...]:
    """Return what was typed; of answers that users declared nobody knows what they hold."""
    answers = {question.answer for question in platform.questions if platform.source} - {""}
    return tuple(
        TypedLine(
            line=transcript.dialogue.count("\n", 0, typed.offset),
            text=NOTHING_SHOWN if typed.text in answers else redact(typed.text, platform, key),
            at_s=typed.at_s,
            answered_s=typed.answered_s,
        )
        for typed in transcript.typed
    )
