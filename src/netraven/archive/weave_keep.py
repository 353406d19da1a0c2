"""Keeping weaves true: in the transaction in which versions come and go.

Weaves come behind contents in the order of locks, and are written only under the lock of their
series. One that is missing or cannot be used is left as it is: it is then behind its series, which
everybody who reads it sees, and `weave_build` makes it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.archive.series import Series
from netraven.archive.view_lines import KnownLines, view_lines
from netraven.archive.weave import LineChange, Weave
from netraven.archive.weave_change import ChangeMark, mark_change
from netraven.archive.weave_frame import FORMAT, StoredPast, StoredWeave, open_weave
from netraven.archive.weave_store import (
    FreshWeave,
    drop_weaves,
    keep_weaves,
    load_past,
    load_weaves,
    mixed_view_rev,
    view_rev,
)
from netraven.db import KeyRing, get_keyring, insert_into, operation
from netraven.db.chunks import in_chunks
from netraven.db.enums import BackupStatus
from netraven.errors import Corrupt, KeyUnavailable
from netraven.inventory.platforms import get_platforms
from netraven.models import Backup, BackupChange
from netraven.platforms.catalogue import Platforms
from netraven.platforms.platform import Platform


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A completed version just stored, with its exact bytes and the completed one before it."""

    backup: Backup
    content: bytes = field(repr=False)
    previous: Backup | None

    @property
    def series(self) -> Series:
        """Return what it is a version of."""
        return self.backup.device_id, self.backup.config_type


@operation
def weave_in(db: Session, new: Sequence[NewVersion]) -> None:
    """Weave versions in, at most one of a series; note what each changed.

    The caller holds the series. A handful of statements, whatever the number of versions.
    """
    keyring = get_keyring(db)
    if not new or keyring is None:
        return
    key, platforms = get_installation_key(db), get_platforms(db)
    rows = load_weaves(db, {each.series for each in new if each.previous is not None})
    fresh: list[FreshWeave] = []
    marks: list[tuple[Backup, ChangeMark]] = []
    for each in new:
        row = rows.get(each.series)
        rev = _rev_with(db, each, row, platforms)
        weave = Weave() if row is None else _weave_before(keyring, row)
        if rev is None or weave is None:
            continue
        past = weave.part_past()
        platform = platforms.get(each.backup.device_type)
        is_own = rev == view_rev(platform)
        change = append_version(
            weave, each.backup, each.content, platform=platform, key=key, is_own=is_own
        )
        fresh.append(FreshWeave(each.series, weave, rev, () if past is None else (past,)))
        if each.previous is not None and (mark := mark_change(change, platform, key)):
            marks.append((each.backup, mark))
    keep_weaves(db, keyring, fresh)
    keep_marks(db, marks)


@operation
def weave_out(db: Session, removed: Mapping[Series, Collection[int]]) -> None:
    """Let these versions go from the weaves of their series, which the caller holds.

    A weave that cannot be read goes as a whole: nothing of what was removed may stay in it.
    """
    keyring = get_keyring(db)
    rows = load_weaves(db, removed.keys())
    all_past = load_past(db, removed.keys())
    fresh: list[FreshWeave] = []
    dropped: list[Series] = []
    for series, row in rows.items():
        past = [_weave_before(keyring, each) for each in all_past.get(series, ())]
        weave = None if None in past else _weave_before(keyring, row)
        if weave is not None:
            weave.remove(removed[series])
        # Where all that is left lies in the past, the weave is made anew from the contents.
        if weave is None or not weave.kept:
            dropped.append(series)
            continue
        parts = [each for each in past if each is not None]
        for part in parts:
            part.remove_past(removed[series])
        fresh.append(FreshWeave(series, weave, row.view_rev, tuple(parts)))
    drop_weaves(db, dropped)
    if keyring is not None:
        keep_weaves(db, keyring, fresh)


@operation
def keep_marks(db: Session, marks: Sequence[tuple[Backup, ChangeMark]]) -> None:
    """Store how these versions' changes are recognised, in place of what was known."""
    if not marks:
        return
    rows = [
        {
            "backup_id": backup.id,
            "at": backup.created_at,
            "shape": mark.shape,
            "exact": mark.exact,
            "added": mark.added,
            "removed": mark.removed,
            "device_id": backup.device_id,
            "config_type": backup.config_type,
            "device_type": backup.device_type,
            "version": backup.version,
            "author": backup.author,
        }
        for backup, mark in marks
    ]
    insertion = insert_into(db, BackupChange)
    replaced = {name: insertion.excluded[name] for name in rows[0] if name != "backup_id"}
    kept = insertion.on_conflict_do_update(index_elements=["backup_id"], set_=replaced)
    db.connection().execute(kept, rows)


def append_version(
    weave: Weave,
    backup: Backup,
    content: bytes,
    *,
    platform: Platform | None,
    key: bytes,
    is_own: bool,
) -> LineChange:
    """Weave in what people see of a version; raises WeaveMisfit where it does not follow.

    `is_own` says that this platform's rules made the whole weave, so what it knows of lines holds.
    """
    number, at = backup.version or 0, backup.created_at
    if not is_own:
        return weave.append(number, at, view_lines(content, platform, key).lines)
    known = KnownLines(weave.plain_lines, weave.seen)
    view = view_lines(content, platform, key, known)
    return weave.append(number, at, view.lines, view.are_plain, seen=view.seen)


@operation
def load_device_types(db: Session, series: Collection[Series]) -> dict[Series, set[str]]:
    """Return the platforms that wrote the completed versions of these series."""
    found: dict[Series, set[str]] = {one: set() for one in series}
    columns = (Backup.device_id, Backup.config_type, Backup.device_type)
    for chunk in in_chunks(sorted({device_id for device_id, _ in series})):
        kinds = select(*columns).where(
            Backup.device_id.in_(chunk), Backup.status == BackupStatus.COMPLETED
        )
        for device_id, config_type, device_type in db.execute(kinds.distinct()):
            found.get((device_id, config_type), set()).add(device_type)
    return found


def _rev_with(
    db: Session, new: NewVersion, row: StoredWeave | None, platforms: Platforms
) -> str | None:
    """Return the name of the weave's rules with the new version; None where it is out of date."""
    own = view_rev(platforms.get(new.backup.device_type))
    if new.previous is None:
        return own
    if row is None or row.last_version != new.previous.version or row.format != FORMAT:
        return None
    if new.previous.device_type == new.backup.device_type and row.view_rev == own:
        return own
    written_by = load_device_types(db, [new.series])[new.series]
    now = mixed_view_rev(map(platforms.get, written_by))
    others = written_by - {new.backup.device_type}
    # Whether an older version was this platform's too cannot be told: either name will do.
    before = {now, mixed_view_rev(map(platforms.get, others or written_by))}
    return now if row.view_rev in before else None


def _weave_before(keyring: KeyRing | None, row: StoredWeave | StoredPast) -> Weave | None:
    """Return a weave as it is stored; None where it cannot be read."""
    try:
        return None if keyring is None else open_weave(keyring, row)
    except (Corrupt, KeyUnavailable):
        return None
