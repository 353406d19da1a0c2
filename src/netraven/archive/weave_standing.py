"""Which weaves are there and up to date, and which are to be made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.orm import Session, aliased

from netraven.archive.series import Series
from netraven.archive.weave_frame import FORMAT
from netraven.archive.weave_keep import load_device_types
from netraven.archive.weave_store import mixed_view_rev, view_rev
from netraven.db import operation
from netraven.db.enums import BackupStatus
from netraven.inventory.platforms import get_platforms
from netraven.models import Backup, BackupCounter, History


class Standing(NamedTuple):
    """Where a series and its weave stand: their newest completed versions, and their rules."""

    device_id: UUID
    config_type: str
    newest: int | None
    device_type: str
    woven: int | None
    view_rev: str | None
    format: int | None

    @property
    def series(self) -> Series:
        """Return whose standing it is."""
        return self.device_id, self.config_type


@dataclass(frozen=True, slots=True)
class UnwovenPage:
    """Series whose weaves are missing or out of date; `last` is None behind the last one."""

    series: tuple[Series, ...]
    last: Series | None


@dataclass(frozen=True, slots=True)
class HistoryStatus:
    """How many series have completed versions, and how many of these a weave that is current."""

    series: int
    current: int

    @property
    def unwoven(self) -> int:
        """How many weaves are missing or out of date."""
        return self.series - self.current


@operation
def find_unwoven(db: Session, *, after: Series | None = None, limit: int = 500) -> UnwovenPage:
    """Look at up to `limit` series behind `after`; return those that need a new weave."""
    standings = load_standings(db, after=after, limit=limit)
    current = choose_current(db, standings)
    found = tuple(one.series for one in standings if one.series not in current)
    return UnwovenPage(found, standings[-1].series if len(standings) == limit else None)


@operation
def get_history_status(db: Session) -> HistoryStatus:
    """Return for how many series the lines of all versions can be searched."""
    standings = load_standings(db)
    return HistoryStatus(len(standings), len(choose_current(db, standings)))


@operation
def load_standings(
    db: Session,
    *,
    after: Series | None = None,
    limit: int | None = None,
    device_id: UUID | None = None,
) -> Sequence[Standing]:
    """Return where series with completed versions stand, in their order."""
    page = _STANDINGS.limit(limit)
    if after is not None:
        page = page.where(tuple_(*_KEY) > after)
    if device_id is not None:
        page = page.where(BackupCounter.device_id == device_id)
    return [Standing(*row) for row in db.execute(page)]


@operation
def choose_current(db: Session, standings: Sequence[Standing]) -> set[Series]:
    """Return those series whose weaves are up to date and made by this program's rules."""
    platforms = get_platforms(db)
    woven = [one for one in standings if one.woven == one.newest and one.format == FORMAT]
    kinds = {one.device_type for one in woven}
    revisions = {kind: view_rev(platforms.get(kind)) for kind in kinds}
    current = {one.series for one in woven if one.view_rev == revisions[one.device_type]}
    # Rare: other platforms wrote some of their versions, or other rules made their weaves.
    others = [one for one in woven if one.series not in current]
    written_by = load_device_types(db, {one.series for one in others})
    return current | {
        one.series
        for one in others
        if one.view_rev == mixed_view_rev(map(platforms.get, written_by[one.series]))
    }


NEWEST = aliased(Backup)
"""The newest completed version of a series of `BackupCounter`, joined by `IS_NEWEST`."""

_other = aliased(Backup)
IS_NEWEST = and_(
    NEWEST.device_id == BackupCounter.device_id,
    NEWEST.config_type == BackupCounter.config_type,
    NEWEST.version
    == (
        select(_other.version)
        .where(
            _other.device_id == BackupCounter.device_id,
            _other.config_type == BackupCounter.config_type,
            _other.status == BackupStatus.COMPLETED,
            _other.version.is_not(None),
        )
        .order_by(_other.version.desc())
        .limit(1)
        .correlate(BackupCounter)
        .scalar_subquery()
    ),
)

IS_WEAVE = and_(
    History.device_id == BackupCounter.device_id, History.config_type == BackupCounter.config_type
)
"""The condition that joins the weave of a series of `BackupCounter`."""

_KEY = (BackupCounter.device_id, BackupCounter.config_type)


def _standings() -> Select[UUID, str, int | None, str, int, str, int]:
    columns = (
        *_KEY,
        NEWEST.version,
        NEWEST.device_type,
        History.last_version,
        History.view_rev,
        History.format,
    )
    joined = select(*columns).select_from(BackupCounter).join(NEWEST, IS_NEWEST)
    return joined.outerjoin(History, IS_WEAVE).order_by(*_KEY)


# Building it takes longer than running it.
_STANDINGS = _standings()
