"""Removing backups together with the contents that only they have."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from netraven.archive.dropping import Dropped, drop_unused
from netraven.db import operation
from netraven.models import Backup


@operation
def remove_backups(db: Session, backup_ids: Sequence[UUID]) -> Dropped:
    """Remove these backups, and the contents that no other backup refers to.

    The caller holds their series and has seen that none is protected.
    """
    # Newest first: what rests on another goes before it and need not be stored again.
    found = db.execute(
        select(Backup.id, Backup.content_hash)
        .where(Backup.id.in_(backup_ids))
        .order_by(Backup.version.desc(), Backup.id)
    ).all()
    db.execute(delete(Backup).where(Backup.id.in_([row.id for row in found])))
    hashes = dict.fromkeys(row.content_hash for row in found if row.content_hash is not None)
    return drop_unused(db, list(hashes))
