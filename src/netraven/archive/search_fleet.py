"""Going through a fleet's weaves: rows are read while those before are opened and searched."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session
from typing_extensions import override

from netraven.archive.search_past import SeriesSearch
from netraven.archive.search_scan import Scan, WeaveSearch
from netraven.archive.search_scope import Place, Searched, SearchScope, load_searched
from netraven.archive.series import Series
from netraven.archive.weave_standing import choose_current
from netraven.archive.weave_store import StoredPast, StoredWeave, open_weave_bytes
from netraven.db import KeyRing, get_keyring, is_postgresql
from netraven.db.offloop import Handed, hand_over
from netraven.errors import Corrupt, Invalid, KeyUnavailable
from netraven.inventory.platforms import get_platforms
from netraven.platforms.catalogue import Platforms
from netraven.platforms.platform import BlockSyntax
from netraven.schemas.texts import whole_number


@dataclass(frozen=True, slots=True)
class Cursor:
    """Behind which series a page begins; with `skip`, within it behind so many hits."""

    place: Place | None = None
    skip: int = 0

    @classmethod
    def read(cls, text: str | None) -> Cursor:
        """Return what `str()` of a cursor gave; raises Invalid("cursor")."""
        if text is None:
            return cls()
        hostname_key, _, rest = text.partition("/")
        config_type, _, skip = rest.partition("/")
        hits = whole_number(skip)
        if not config_type or hits is None:
            raise Invalid("cursor", "is not one that a page gave")
        return cls(Place(hostname_key, config_type), hits)

    @override
    def __str__(self) -> str:
        if self.place is None:
            return ""
        return f"{self.place.hostname_key}/{self.place.config_type}/{self.skip}"


@dataclass(frozen=True, slots=True)
class Scanned:
    """A series that was looked at, with the places of its hits.

    Without a search its weave is damaged, or, with `is_unwoven`, not made yet.
    """

    searched: Searched
    search: WeaveSearch | SeriesSearch | None = None
    hits: Sequence[int] = ()
    is_unwoven: bool = False


@dataclass(frozen=True, slots=True)
class FleetScan:
    """What is looked for, and where."""

    scope: SearchScope
    scan: Scan

    def turns(self, db: Session, start: Cursor) -> Iterator[list[Scanned]]:
        """Yield the series behind a cursor, some at a time, in their order.

        Part of an operation's body. Whoever stops taking them stops the search: what has not begun
        is taken back, and a few turns at most were in vain. Raises KeyUnavailable.
        """
        keyring = get_keyring(db)
        if keyring is None:
            raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be searched")
        platforms = get_platforms(db)
        begun: deque[Handed[list[Scanned]]] = deque()
        # More and more: a page that is soon full needs but few.
        ahead, most = 0, _AHEAD if is_postgresql(db) else 0
        try:
            for rows, current in self._loaded(db, start):
                work = partial(
                    _scan_all, rows, current, self.scan, keyring=keyring, platforms=platforms
                )
                begun.append(hand_over(work))
                if len(begun) > ahead:
                    yield begun.popleft().result()
                    ahead = min(ahead + 1, most)
            while begun:
                yield begun.popleft().result()
        finally:
            for handed in begun:
                handed.take_back()

    def _loaded(
        self, db: Session, start: Cursor
    ) -> Iterator[tuple[Sequence[Searched], Collection[Series]]]:
        """Yield rows for one turn after another, with those of the series that are current."""
        size = _FIRST_BATCH
        while True:
            rows = load_searched(
                db, self.scope, after=start.place, is_there_too=start.skip > 0, limit=size
            )
            current = choose_current(db, [row.standing for row in rows])
            for begin in range(0, len(rows), _TURN):
                yield rows[begin : begin + _TURN], current
            if len(rows) < size:
                return
            start, size = Cursor(rows[-1].place), _next_size(rows)


# Series of one thread's turn, and of one statement; a page that is soon full needs but few.
_TURN = 25
_FIRST_BATCH = 75
_BATCH = 250
# Turns that wait while the next rows are read: by a server, that is. SQLite reads in this process,
# where reading and searching at the same time only hinder each other.
_AHEAD = 5
# Bounds what is loaded at once, however large a fleet's weaves are.
_BATCH_BYTES = 16 * 1024 * 1024


def _next_size(rows: Sequence[Searched]) -> int:
    loaded = sum(len(row.weave.data) for row in rows if row.weave is not None)
    return min(_BATCH, max(1, _BATCH_BYTES * len(rows) // max(1, loaded)))


def _scan_all(
    rows: Sequence[Searched],
    current: Collection[Series],
    scan: Scan,
    *,
    keyring: KeyRing,
    platforms: Platforms,
) -> list[Scanned]:
    found: list[Scanned] = []
    for row in rows:
        if row.weave is None or row.standing.series not in current:
            found.append(Scanned(row, is_unwoven=True))
            continue
        platform = platforms.get(row.standing.device_type)
        has_sections = platform is None or platform.blocks is not BlockSyntax.FLAT
        try:
            search = _search(keyring, row.weave, row.past, scan=scan, has_sections=has_sections)
        except Corrupt:
            found.append(Scanned(row))
            continue
        found.append(Scanned(row, search, [*search.hits()]))
    return found


def _search(
    keyring: KeyRing,
    row: StoredWeave,
    past: Sequence[StoredPast],
    *,
    scan: Scan,
    has_sections: bool,
) -> WeaveSearch | SeriesSearch:
    """Return the search of a weave and of its past; raises Corrupt where any of it is damaged."""
    weave = open_weave_bytes(keyring, row)
    search = WeaveSearch(weave, scan, has_sections=has_sections)
    if not weave.has_past():
        return search
    parts = [open_weave_bytes(keyring, each) for each in past]
    if not weave.follows(parts):
        raise Corrupt(f"the history of {row.config_type} of device {row.device_id}")
    return SeriesSearch(
        [
            *(WeaveSearch(part, scan, has_sections=has_sections, is_past=True) for part in parts),
            search,
        ]
    )
