"""Making weaves anew from the contents, which are the truth.

Reading and weaving need no lock. `weave_series` does them in a unit that only reads, `keep_woven`
stores the result in a short one of its own, unless the series has changed meanwhile. Whoever goes
through a fleet may stop and go on at any series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.archive.reading import TextReader, open_contents
from netraven.archive.series import Series, lock_series
from netraven.archive.weave import Weave
from netraven.archive.weave_change import ChangeMark, mark_change
from netraven.archive.weave_frame import open_weave
from netraven.archive.weave_keep import NewVersion, append_version, keep_marks, weave_in
from netraven.archive.weave_store import (
    FreshWeave,
    drop_weaves,
    keep_weaves,
    load_weaves,
    mixed_view_rev,
    view_rev,
)
from netraven.db import get_keyring, operation
from netraven.db.enums import BackupStatus
from netraven.errors import Corrupt, KeyUnavailable
from netraven.inventory.platforms import get_platforms
from netraven.models import Backup, Device


@dataclass(frozen=True, slots=True)
class WovenSeries:
    """A weave made of a series as it was when it was read: `backup_ids` are those it then had."""

    fresh: FreshWeave
    marks: tuple[tuple[Backup, ChangeMark], ...]
    backup_ids: tuple[UUID, ...]

    @property
    def version_count(self) -> int:
        """How many versions were read."""
        return len(self.backup_ids)


@operation
def weave_series(db: Session, series: Series) -> WovenSeries | None:
    """Return a new weave of all completed versions; None without any. Changes nothing.

    A version whose content is damaged is passed over. Raises KeyUnavailable.
    """
    backups = completed_versions(db, series)
    if not backups:
        return None
    key, platforms = get_installation_key(db), get_platforms(db)
    reader = open_contents(db, {each.content_hash or "" for each in backups})
    weave, past = Weave(), list[Weave]()
    marks: list[tuple[Backup, ChangeMark]] = []
    rev = mixed_view_rev(platforms.get(each.device_type) for each in backups)
    for number, at, backup in _with_removed(db, series, backups):
        content = None if backup is None else readable(reader, backup)
        if backup is None or content is None:
            weave.pass_over(number, at)
            continue
        is_first = not (weave.kept or past)
        if (part := weave.part_past()) is not None:
            past.append(part)
        platform = platforms.get(backup.device_type)
        is_own = rev == view_rev(platform)
        change = append_version(weave, backup, content, platform=platform, key=key, is_own=is_own)
        mark = mark_change(change, platform, key)
        if mark is not None and not is_first:
            marks.append((backup, mark))
    fresh = FreshWeave(series, weave, rev, tuple(past))
    return WovenSeries(fresh, tuple(marks), tuple(each.id for each in backups))


@operation
def keep_woven(db: Session, woven: WovenSeries) -> bool:
    """Store a weave that `weave_series` made; False where the series has changed since."""
    keyring, series = get_keyring(db), woven.fresh.series
    held = select(Device.id).where(Device.id == series[0]).with_for_update(key_share=True)
    if keyring is None or db.scalar(held) is None:
        return False
    lock_series(db, [series])
    present = tuple(each.id for each in completed_versions(db, series))
    if present != woven.backup_ids or not woven.fresh.weave.kept:
        return False
    drop_weaves(db, [series])
    keep_weaves(db, keyring, [woven.fresh])
    keep_marks(db, woven.marks)
    return True


@operation
def weave_accepted(db: Session, backup: Backup) -> None:
    """Weave a version in that was just accepted as completed; the caller holds its series.

    Where newer ones follow it, the weave is made anew; where these are many, it goes, and is made
    when the unwoven are.
    """
    series = (backup.device_id, backup.config_type)
    backups = completed_versions(db, series)
    if backup.id == backups[-1].id:
        content = readable(open_contents(db, [backup.content_hash or ""]), backup)
        previous = backups[-2] if len(backups) > 1 else None
        if content is not None:
            weave_in(db, [NewVersion(backup, content, previous)])
        return
    drop_weaves(db, [series])
    if len(backups) <= _MOST_AT_ONCE and (woven := weave_series(db, series)) is not None:
        keep_woven(db, woven)


@operation
def completed_versions(db: Session, series: Series) -> Sequence[Backup]:
    """Return the completed versions of a series, the oldest first."""
    device_id, config_type = series
    versions = select(Backup).where(
        Backup.device_id == device_id,
        Backup.config_type == config_type,
        Backup.status == BackupStatus.COMPLETED,
        Backup.version.is_not(None),
    )
    return db.scalars(versions.order_by(Backup.version)).all()


def readable(reader: TextReader, backup: Backup) -> bytes | None:
    """Return a version's content, None where it is damaged; raises KeyUnavailable."""
    try:
        return reader.text(backup.content_hash or "")
    except Corrupt:
        return None


# Opening and weaving in takes one or two milliseconds for each.
_MOST_AT_ONCE = 100


def _with_removed(
    db: Session, series: Series, backups: Sequence[Backup]
) -> Iterator[tuple[int, datetime, Backup | None]]:
    """Yield number, moment and row of each version, with those that only the old weave knows.

    So that nobody takes the version before a removed one for what stood after it.
    """
    moments: dict[int, datetime] = {}
    row = load_weaves(db, [series]).get(series)
    keyring = get_keyring(db)
    if row is not None and keyring is not None:
        with suppress(Corrupt, KeyUnavailable):
            moments = {each.number: each.at for each in open_weave(keyring, row).versions}
    known = {each.version or 0: each for each in backups}
    moments |= {number: each.created_at for number, each in known.items()}
    for number in sorted(moments):
        if number <= max(known):
            yield number, moments[number], known.get(number)
