"""Space that deleted rows left: given back to the disk a piece at a time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from netraven.db.dialect import is_postgresql
from netraven.db.operation import operation

_INCREMENTAL: Final = 2


@operation
def give_back_space(db: Session, *, pages: int = 2_000) -> int:
    """Shorten a SQLite file by up to so many of its free pages; return how many there are still.

    PostgreSQL's autovacuum does that by itself. A file that was not made to give pages back keeps
    them for what is written next.
    """
    if is_postgresql(db) or _number(db, "PRAGMA auto_vacuum") != _INCREMENTAL:
        return 0
    free = _number(db, "PRAGMA freelist_count")
    for _ in range(min(pages, free)):
        db.execute(text("PRAGMA incremental_vacuum(1)")).close()
    return _number(db, "PRAGMA freelist_count")


def _number(db: Session, pragma: str) -> int:
    return int(db.execute(text(pragma)).scalar_one())
