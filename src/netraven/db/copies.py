"""The copy of a SQLite database that is kept before its schema changes: the last one only."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import URL, make_url

from netraven.errors import StorageFailed


def copy_path(url: str | URL) -> Path | None:
    """Return where the copy from before the last upgrade lies; None where none is ever kept."""
    database = make_url(url).database
    if make_url(url).get_backend_name() != "sqlite" or database in {None, "", ":memory:"}:
        return None
    path = Path(database or "").absolute()
    return path.with_name(f"{path.name}.before-upgrade")


def keep_copy(url: str | URL) -> Path | None:
    """Copy a SQLite database beside itself, in place of the copy before; return the copy's path.

    None for other databases. A writer may hold its lock meanwhile: the copy has what is committed.
    Raises StorageFailed where the disk cannot hold it, with the copy before still there.
    """
    target = copy_path(url)
    if target is None:
        return None
    database = target.with_suffix("")
    _require_space(database)
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(database, partial)
        partial.replace(target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            partial.unlink()
        message = f"no copy of {database} could be kept before its upgrade ({error}); {_REMEDY}"
        raise StorageFailed(message) from error
    return target


_REMEDY = "nothing was changed; free some space beside it and retry"


def _require_space(database: Path) -> None:
    beside = database.with_name(f"{database.name}-wal")
    needed = sum(path.stat().st_size for path in (database, beside) if path.exists())
    free = shutil.disk_usage(database.parent).free
    if free < needed:
        message = (
            f"the disk cannot hold a copy of {database} before its upgrade: "
            f"it takes {needed // 1024} KiB, {free // 1024} KiB are free; {_REMEDY}"
        )
        raise StorageFailed(message)


def _copy(database: Path, partial: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
        # One file, whole in itself: the log beside it would be left behind by whoever moves it.
        copy.execute("PRAGMA journal_mode = DELETE")
