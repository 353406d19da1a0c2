"""How much is kept, and in how little space."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from netraven.db import operation
from netraven.models import Backup, Content


@dataclass(frozen=True, slots=True)
class StorageUsage:
    """Numbers of versions and contents, and their sizes in bytes.

    `text_bytes` is what the versions would take as plain files, `stored_bytes` what their sealed
    frames take.
    """

    versions: int
    contents: int
    text_bytes: int
    stored_bytes: int


@operation
def get_storage_usage(db: Session) -> StorageUsage:
    """Return how many versions are kept and what they take."""
    kept = select(func.count(), func.coalesce(func.sum(Backup.size), 0))
    versions, text_bytes = db.execute(kept.where(Backup.content_hash.is_not(None))).one()
    frames = select(func.count(), func.coalesce(func.sum(func.length(Content.data)), 0))
    contents, stored_bytes = db.execute(frames.select_from(Content)).one()
    return StorageUsage(versions, contents, int(text_bytes or 0), int(stored_bytes or 0))
