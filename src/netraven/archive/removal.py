"""Removing backups together with the contents that only they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from netraven.archive.dropping import Dropped, drop_unused
from netraven.archive.series import Series
from netraven.archive.weave_keep import weave_out
from netraven.db import operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import BackupStatus
from netraven.models import Backup


@operation
def remove_backups(db: Session, backup_ids: Sequence[UUID]) -> Dropped:
    """Remove these backups, their lines, and the contents that no other backup refers to.

    The caller holds their series and has seen that none is protected.
    """
    doomed: list[Row[UUID, str | None, int | None, UUID, str, BackupStatus]] = []
    for chunk in in_chunks(backup_ids):
        known = select(
            Backup.id,
            Backup.content_hash,
            Backup.version,
            Backup.device_id,
            Backup.config_type,
            Backup.status,
        ).where(Backup.id.in_(chunk))
        doomed += db.execute(known).all()
        db.execute(delete(Backup).where(Backup.id.in_(chunk)))
    # Newest first: what rests on another goes before it and need not be stored again.
    doomed.sort(key=lambda row: row.version or 0, reverse=True)
    hashes = dict.fromkeys(row.content_hash for row in doomed if row.content_hash is not None)
    dropped = drop_unused(db, list(hashes))
    woven: defaultdict[Series, set[int]] = defaultdict(set)
    for row in doomed:
        if row.version is not None and row.status is BackupStatus.COMPLETED:
            woven[row.device_id, row.config_type].add(row.version)
    weave_out(db, woven)
    return dropped
