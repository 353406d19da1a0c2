"""What people see of contents: the redacted view, by the platform that read the backup."""

from __future__ import annotations

from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.archive.backups import get_backup, get_backup_content, get_two_contents
from netraven.archive.diff import diff_texts
from netraven.archive.normalise import normalise
from netraven.archive.redact import redact
from netraven.db import Id, operation
from netraven.inventory.platforms import get_platforms
from netraven.platforms.platform import Platform
from netraven.schemas.backup import BackupComparison


@operation
def get_redacted_content(db: Session, backup_id: Id, *, visible_to: Id | None = None) -> str | None:
    """Return the content with each secret as its token; None without row or content.

    Nothing is shown of a backup that an unknown platform read. Raises Corrupt and
    KeyUnavailable.
    """
    backup = get_backup(db, backup_id, visible_to=visible_to)
    content = get_backup_content(db, backup_id, visible_to=visible_to)
    if backup is None or content is None:
        return None
    platform = get_platforms(db).get(backup.device_type)
    return redact(content, platform, get_installation_key(db))


@operation
def redacted_diff(
    db: Session,
    a: Id,
    b: Id,
    *,
    context: int = 3,
    with_volatile: bool = True,
    visible_to: Id | None = None,
) -> BackupComparison | None:
    """Return how the redacted view of `a` becomes that of `b`; None as for `compare_backups`.

    Diff and counts are those of the views, `with_volatile` or without the lines that change by
    themselves; `identical` is said of the exact bytes.
    """
    both = get_two_contents(db, a, b, visible_to=visible_to)
    if both is None:
        return None
    key = get_installation_key(db)
    a_view, b_view = (
        _compared(
            content.decode("utf-8", "surrogateescape"),
            get_platforms(db).get(backup.device_type),
            key,
            with_volatile=with_volatile,
        )
        for backup, content in both
    )
    found = diff_texts(a_view, b_view, context=context)
    (first, a_text), (second, b_text) = both
    return BackupComparison(
        a_id=first.id,
        b_id=second.id,
        identical=a_text == b_text,
        added=found.added,
        removed=found.removed,
        diff=found.diff,
    )


def _compared(content: str, platform: Platform | None, key: bytes, *, with_volatile: bool) -> bytes:
    text = content if with_volatile or platform is None else normalise(content, platform)
    return redact(text, platform, key).encode("utf-8", "surrogateescape")
