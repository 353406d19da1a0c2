"""Verifying weaves: each version's lines are compared with those of its content."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from netraven.admin.installation import get_installation_key
from netraven.archive.reading import open_contents
from netraven.archive.series import Series
from netraven.archive.view_lines import view_lines
from netraven.archive.weave import Weave
from netraven.archive.weave_build import completed_versions, readable
from netraven.archive.weave_standing import choose_current, load_standings
from netraven.archive.weave_store import load_weaves, open_parts
from netraven.db import Id, as_uuid, operation
from netraven.errors import Corrupt, KeyUnavailable
from netraven.inventory.platforms import get_platforms


@dataclass(frozen=True, slots=True)
class WeaveReport:
    """How many weaves were compared with their contents, and whose do not fit them.

    `last` is None behind the last series.
    """

    checked: int
    misfits: tuple[Series, ...]
    last: Series | None


@operation
def verify_weaves(
    db: Session, *, device_id: Id | None = None, after: Series | None = None, limit: int = 20
) -> WeaveReport:
    """Compare the weaves of up to `limit` series with the contents of all versions they hold.

    Called from `last` to `last` it goes through all. Those that are out of date are passed over:
    nobody reads them.
    """
    device = None if device_id is None else as_uuid(device_id)
    if device is None and device_id is not None:
        return WeaveReport(0, (), None)
    standings = load_standings(db, after=after, limit=limit, device_id=device)
    are_current = choose_current(db, standings)
    current = [one.series for one in standings if one.series in are_current]
    misfits = tuple(series for series in current if not _fits(db, series))
    last = standings[-1].series if len(standings) == limit else None
    return WeaveReport(len(current), misfits, last)


def _fits(db: Session, series: Series) -> bool:
    backups = completed_versions(db, series)
    reader = open_contents(db, {each.content_hash or "" for each in backups})
    try:
        parts = open_parts(db, reader.keyring, load_weaves(db, [series])[series])
    except Corrupt:
        return False
    except KeyUnavailable:
        # Nothing can be said of it, nor of its contents, which `verify_backups` tells.
        return True
    key, platforms = get_installation_key(db), get_platforms(db)
    found = {number: part for part in parts for number in part.kept}
    for backup in backups:
        try:
            content = readable(reader, backup)
        except KeyUnavailable:
            continue
        # What cannot be read is said by `verify_backups`.
        if content is not None and not _has(
            found.get(backup.version or 0),
            backup.version or 0,
            view_lines(content, platforms.get(backup.device_type), key).lines,
        ):
            return False
    return {each.version or 0 for each in backups}.issuperset(found)


def _has(weave: Weave | None, number: int, lines: list[bytes]) -> bool:
    return weave is not None and weave.text_lines(number) == lines
