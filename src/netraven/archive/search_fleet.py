"""Going through a fleet's weaves: rows are read while those before are opened and searched."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session
from typing_extensions import override

from netraven.archive.search_crew import shared_crew
from netraven.archive.search_look import Looked, Sought, look, open_search
from netraven.archive.search_past import SeriesSearch
from netraven.archive.search_scan import Scan, WeaveSearch
from netraven.archive.search_scope import Place, Searched, SearchScope, load_searched
from netraven.archive.series import Series
from netraven.archive.weave_standing import choose_current
from netraven.db import KeyRing, get_keyring, is_postgresql
from netraven.db.offloop import Handed, hand_over
from netraven.errors import Invalid, KeyUnavailable
from netraven.inventory.platforms import get_platforms
from netraven.platforms.catalogue import Platforms
from netraven.platforms.platform import BlockSyntax, Platform
from netraven.schemas.texts import whole_number

R = TypeVar("R")


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
    """A series that was gone through: what was sought in it, and what was found.

    Nothing was sought where its weave is not made yet, and found where that is damaged.
    """

    searched: Searched
    sought: Sought | None
    looked: Looked | None

    @property
    def hits(self) -> Sequence[int]:
        """Return the places of its hits."""
        return () if self.looked is None else self.looked.hits


class FleetScan:
    """Going through a scope for what is looked for; `is_through` says that nothing is left."""

    def __init__(self, scope: SearchScope, scan: Scan) -> None:
        self._scope = scope
        self._scan = scan
        self.is_through = False

    def turns(
        self, db: Session, start: Cursor, *, end_s: float = math.inf
    ) -> Iterator[list[Scanned]]:
        """Yield the series behind a cursor, some at a time, in their order.

        Part of an operation's body. From `end_s` of `time.monotonic()` on nothing more is read.
        Whoever stops taking them stops the search: what has not begun is taken back, and a few
        turns at most were in vain. Raises KeyUnavailable.
        """
        keyring = _keyring(db)
        platforms = get_platforms(db)
        looks = _Looks(keyring, self._scan, goes_on=start.place is not None)
        begun: deque[_Turn] = deque()
        # More and more: a page that is soon full needs but few.
        ahead, most = 0, looks.most_ahead(db)
        try:
            for rows, current in self._loaded(db, start, end_s):
                sought = _sought(rows, current, platforms)
                size = looks.turn_size()
                for begin in range(0, len(rows), size):
                    part = slice(begin, begin + size)
                    begun.append(looks.begin(rows[part], sought[part]))
                    if len(begun) > ahead:
                        yield begun.popleft().result()
                        ahead = min(ahead + 1, most)
            while begun:
                yield begun.popleft().result()
        finally:
            for turn in begun:
                turn.handed.take_back()

    def read(
        self,
        db: Session,
        found: Sequence[Scanned],
        work: Callable[[Scanned, WeaveSearch | SeriesSearch], R],
    ) -> list[R]:
        """Return what `work` makes of series with hits, off the event loop.

        Part of an operation's body.
        """
        if not found:
            return []
        return hand_over(partial(_read, _keyring(db), self._scan, found, work)).result()

    def _loaded(
        self, db: Session, start: Cursor, end_s: float
    ) -> Iterator[tuple[Sequence[Searched], Collection[Series]]]:
        """Yield rows, with those of their series that are current, until the end of either."""
        size = _FIRST_BATCH
        while not self.is_through:
            rows = load_searched(
                db, self._scope, after=start.place, is_there_too=start.skip > 0, limit=size
            )
            self.is_through = len(rows) < size
            yield rows, choose_current(db, [row.standing for row in rows])
            if self.is_through or time.monotonic() >= end_s:
                return
            start, size = Cursor(rows[-1].place), min(4 * size, _next_size(rows))


# Series of one statement, more and more; a page that is soon full needs but few.
_FIRST_BATCH = 25
_BATCH = 250
# Series of one turn, of the thread and of a process.
_TURN = 25
_LONG_TURN = 50
# Behind so many series a search counts as a long one, which is worth other processes.
_SHORT = 300
# Turns that wait while the next rows are read: by a server, that is. SQLite reads in this process,
# where reading and searching at the same time only hinder each other.
_AHEAD = 5
# Bounds what is loaded at once, however large a fleet's weaves are.
_BATCH_BYTES = 16 * 1024 * 1024


class _Looks:
    """How turns are looked at: at first by a thread, in a long search by all processes."""

    def __init__(self, keyring: KeyRing, scan: Scan, *, goes_on: bool) -> None:
        self._keyring = keyring
        self._scan = scan
        self._crew = shared_crew()
        self._is_long = goes_on and self._crew is not None
        self._begun = 0

    def turn_size(self) -> int:
        return _LONG_TURN if self._is_long else _TURN

    def most_ahead(self, db: Session) -> int:
        if self._crew is not None:
            return max(_AHEAD, 2 * self._crew.size + 1)
        return _AHEAD if is_postgresql(db) else 0

    def begin(self, rows: Sequence[Searched], sought: Sequence[Sought | None]) -> _Turn:
        wanted = [each for each in sought if each is not None]
        if self._is_long and self._crew is not None:
            handed = self._crew.hand_over(self._keyring, self._scan, wanted)
        else:
            handed = hand_over(partial(look, self._keyring, self._scan, wanted))
        self._begun += len(rows)
        self._is_long |= self._crew is not None and self._begun >= _SHORT
        return _Turn(rows, sought, handed)


@dataclass(frozen=True, slots=True)
class _Turn:
    rows: Sequence[Searched]
    sought: Sequence[Sought | None]
    handed: Handed[list[Looked | None]]

    def result(self) -> list[Scanned]:
        """Wait for what is found, and return it with whose it is."""
        looked = iter(self.handed.result())
        return [
            Scanned(row, sought, None if sought is None else next(looked))
            for row, sought in zip(self.rows, self.sought, strict=True)
        ]


def _keyring(db: Session) -> KeyRing:
    keyring = get_keyring(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be searched")
    return keyring


def _sought(
    rows: Sequence[Searched], current: Collection[Series], platforms: Platforms
) -> list[Sought | None]:
    """Return what is to be looked at of each series, None where its weave is not made yet."""
    kinds = {row.standing.device_type for row in rows}
    flat = {kind for kind in kinds if _is_flat(platforms.get(kind))}
    return [
        None
        if row.weave is None or row.standing.series not in current
        else Sought(
            row.weave.sealed,
            [each.sealed for each in row.past],
            has_sections=row.standing.device_type not in flat,
        )
        for row in rows
    ]


def _is_flat(platform: Platform | None) -> bool:
    return platform is not None and platform.blocks is BlockSyntax.FLAT


def _read(
    keyring: KeyRing,
    scan: Scan,
    found: Sequence[Scanned],
    work: Callable[[Scanned, WeaveSearch | SeriesSearch], R],
) -> list[R]:
    return [
        work(each, open_search(keyring, scan, each.sought))
        for each in found
        if each.sought is not None
    ]


def _next_size(rows: Sequence[Searched]) -> int:
    loaded = sum(len(row.weave.data) for row in rows if row.weave is not None)
    return min(_BATCH, max(1, _BATCH_BYTES * len(rows) // max(1, loaded)))
