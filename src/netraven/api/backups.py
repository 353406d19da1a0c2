"""Backups: listed, read, compared, pinned, accepted, and unsealed with a reason."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from netraven.api.access import guarded_router
from netraven.api.reasons import Reason
from netraven.api.replies import READ, WITH_BODY, found, refusals, require_found, whole
from netraven.archive.backups import (
    NEWEST_FIRST,
    count_backups,
    delete_backup,
    get_backup,
    get_backups,
    update_backup,
)
from netraven.archive.transcripts import get_transcript
from netraven.archive.unsealing import unseal_backup
from netraven.archive.views import get_redacted_content, redacted_diff
from netraven.archive.weave_store import view_rev
from netraven.db.enums import BackupStatus
from netraven.errors import Invalid
from netraven.inventory.platforms import get_platforms
from netraven.models import Backup
from netraven.request.caller import Me
from netraven.request.conditions import is_known
from netraven.request.moments import Moment
from netraven.request.pages import Page, PageAsked, page_of
from netraven.request.units import Reading, reading_in_thread, writing_in_thread
from netraven.schemas.backup import BackupRead, BackupUpdate

router = guarded_router("/backups", "Backups")


_TEXT = "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"
# Answered anew each time, since another user may see another view or none.
_CACHED = "private, no-cache"


class Comparison(BaseModel):
    """How the redacted view of one backup becomes that of another, as a unified diff."""

    model_config = ConfigDict(from_attributes=True)

    a_id: UUID
    b_id: UUID
    identical: bool
    added: int
    removed: int
    diff: str


class TypedLineRead(BaseModel):
    """What was typed, in which line of the dialogue and when; a secret's place has its kind."""

    line: int
    text: str
    at_s: float
    answered_s: float


class NegotiatedRead(BaseModel):
    """What both SSH ends agreed on."""

    server: str
    kex: str
    host_key: str
    cipher: str
    mac: str


class TranscriptRead(BaseModel):
    """How far a session came, what it awaited, and what the device said, as may be shown."""

    backup_id: UUID
    step: str
    awaited: str
    last_seen: str
    advice: list[str]
    dialogue: str | None
    typed: list[TypedLineRead]
    text: str | None
    not_shown: str
    negotiated: NegotiatedRead | None
    offered: dict[str, list[str]] | None


@router.get("", responses=refusals(*READ, 422))
async def list_backups(
    *,
    request: Request,
    db: Reading,
    me: Me,
    paging: PageAsked,
    device_id: str | None = None,
    status: BackupStatus | None = None,
    start_date: Moment | None = None,
    end_date: Moment | None = None,
    is_automatic: bool | None = None,
    config_type: Annotated[str | None, Query(max_length=32)] = None,
    pinned: bool | None = None,
) -> Page[BackupRead]:
    """List backups, newest first; the dates bound when they were stored."""
    wanted: dict[str, Any] = {
        "device_id": device_id,
        "status": status,
        "start_date": start_date,
        "end_date": end_date,
        "is_automatic": is_automatic,
        "config_type": config_type,
        "pinned": pinned,
        "visible_to": me.viewer,
    }
    rows = await get_backups(db, paging.skip, paging.limit, **wanted, after=paging.after)
    total = await paging.count(rows, lambda: count_backups(db, **wanted))
    return page_of(request, paging, BackupRead, rows, total=total, place_of=NEWEST_FIRST.place_of)


@router.get("/{backup_id}", responses=refusals(*READ, 404))
async def show_backup(db: Reading, me: Me, backup_id: str) -> BackupRead:
    """Show what is known of one backup."""
    row = await get_backup(db, backup_id, visible_to=me.viewer)
    return BackupRead.model_validate(found(row, "backup"))


@router.patch("/{backup_id}", responses=refusals(*WITH_BODY, 404, 409))
async def change_backup(
    request: Request, me: Me, backup_id: str, change: BackupUpdate
) -> BackupRead:
    """Comment or pin a backup, or accept a quarantined one, which needs a reason."""
    if "status" in change.model_fields_set and change.reason is None:
        raise Invalid("reason", "say why the backup is accepted; the audit log keeps it")

    def take(db: Session) -> BackupRead:
        found(get_backup(db, backup_id, visible_to=me.viewer), "backup")
        return BackupRead.model_validate(found(update_backup(db, backup_id, change), "backup"))

    return await writing_in_thread(request, take)


@router.delete("/{backup_id}", status_code=204, responses=refusals(*READ, 404, 409))
async def remove_backup(request: Request, me: Me, backup_id: str) -> None:
    """Delete a backup that is not pinned."""

    def take(db: Session) -> bool:
        found(get_backup(db, backup_id, visible_to=me.viewer), "backup")
        return delete_backup(db, backup_id)

    require_found(await writing_in_thread(request, take), "backup")


@router.get(
    "/{backup_id}/content",
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                _BYTES: {"schema": {"type": "string", "format": "binary"}},
            }
        },
        304: {"description": "It is what the caller has already."},
        **refusals(*READ, 404),
    },
)
async def read_content(request: Request, me: Me, backup_id: str) -> Response:
    """Return the configuration with each secret as a token."""
    is_bytes = request.headers.get("accept") == _BYTES

    def take(db: Session) -> tuple[str, str | None]:
        backup = found(get_backup(db, backup_id, visible_to=me.viewer), "backup")
        tag = _tag_of_view(db, backup, is_bytes=is_bytes)
        if is_known(request, tag):
            return tag, None
        text = get_redacted_content(db, backup_id, visible_to=me.viewer)
        return tag, found(text, "content")

    tag, text = await reading_in_thread(request, take)
    headers = {"ETag": tag, "Cache-Control": _CACHED, "Vary": "Accept"}
    if text is None:
        return Response(status_code=304, headers=headers)
    # What a device sent may be no UTF-8; who asks for bytes gets them as they were sent.
    content = text.encode("utf-8", "surrogateescape")
    if is_bytes:
        return Response(content, headers=headers, media_type=_BYTES)
    shown = content.decode("utf-8", "backslashreplace")
    return Response(shown.encode(), headers=headers, media_type=_TEXT)


@router.post(
    "/{backup_id}/unseal",
    response_class=Response,
    responses={
        200: {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        **refusals(*WITH_BODY, 404, 503),
    },
)
async def unseal(request: Request, me: Me, backup_id: str, given: Reason) -> Response:
    """Return the exact bytes that were stored, with their secrets; the reason goes on record."""

    def take(db: Session) -> bytes | None:
        return unseal_backup(db, backup_id, reason=given.reason, visible_to=me.viewer)

    content = found(await writing_in_thread(request, take), "backup with content")
    name = f'attachment; filename="{UUID(str(backup_id))}.cfg"'
    return Response(content, headers={"Content-Disposition": name}, media_type=_BYTES)


@router.get("/{backup_id}/diff/{other_id}", responses=refusals(*READ, 404, 422))
async def compare(
    *,
    request: Request,
    me: Me,
    backup_id: str,
    other_id: str,
    context: Annotated[int, Query(ge=0, le=1000)] = 3,
    volatile: bool = False,
) -> Comparison:
    """Compare two backups as redacted views, `volatile` with lines that change by themselves."""
    compared = await reading_in_thread(
        request,
        lambda db: redacted_diff(
            db,
            backup_id,
            other_id,
            context=context,
            with_volatile=volatile,
            visible_to=me.viewer,
        ),
    )
    told = asdict(found(compared, "pair of backups with content"))
    return Comparison.model_validate(whole(told))


@router.get("/{backup_id}/transcript", responses=refusals(*READ, 404, 503))
async def read_transcript(request: Request, me: Me, backup_id: str) -> TranscriptRead:
    """Return how the session went that gave no backup to rely on, each secret as a token."""
    view = await reading_in_thread(
        request, lambda db: get_transcript(db, backup_id, visible_to=me.viewer)
    )
    return TranscriptRead.model_validate(whole(asdict(found(view, "transcript"))))


def _tag_of_view(db: Session, backup: Backup, *, is_bytes: bool) -> str:
    """Return the ETag: a content never changes, what is shown of it follows from the rules."""
    platform = get_platforms(db).get(backup.device_type)
    form = "-bytes" if is_bytes else ""
    return f'"{backup.id.hex}-{view_rev(platform)}{form}"'
