"""The one way to a configuration with its secrets: with a reason, and on record."""

from __future__ import annotations

from sqlalchemy.orm import Session

from netraven.admin.audit import audit
from netraven.archive.backups import backup_name, get_backup, get_backup_content_bytes
from netraven.db import Id, operation
from netraven.errors import Invalid


@operation
def unseal_backup(
    db: Session, backup_id: Id, *, reason: str, visible_to: Id | None = None
) -> bytes | None:
    """Return exactly the bytes that were stored, and record who asked for them and why.

    None without row or content. The caller shows them after the commit, so that nothing is seen
    that is not on record. Raises Invalid("reason") for a blank one, Corrupt, KeyUnavailable.
    """
    check_reason(reason)
    backup = get_backup(db, backup_id, visible_to=visible_to)
    content = get_backup_content_bytes(db, backup_id, visible_to=visible_to)
    if backup is None or content is None:
        return None
    audit(
        db,
        event_name="backup_unsealed",
        target_type="backup",
        target_id=backup.id,
        target_name=backup_name(backup),
        description=f"showed {backup_name(backup)} with its secrets",
        changes={"reason": reason.strip(), "version": backup.version},
    )
    return content


def check_reason(reason: str) -> None:
    """Raise Invalid("reason") for one that says nothing."""
    if not reason.strip():
        raise Invalid("reason", "say why the secrets must be seen; the audit log keeps it")
