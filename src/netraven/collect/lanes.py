"""Places for sessions: so many at once, so many of a site, and a slow lane for the silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepLimits:
    """How many devices are talked to at once, and how often one is tried.

    `slow_lane` is room for sessions besides `concurrency`: those whose device has not said
    anything within `unheard_s`, was silent for `silence_s` or has kept them for `long_s`, and
    all second attempts. `attempts` counts the first; between them pass `backoff_s`, then twice
    that and so on, more or less by half.
    """

    concurrency: int = 200
    per_site: int = 100
    slow_lane: int = 400
    unheard_s: float = 2.0
    silence_s: float = 5.0
    long_s: float = 7.0
    attempts: int = 3
    backoff_s: float = 2.0


@dataclass(slots=True, eq=False)
class Place:
    """One session's place: a normal one, which counts for its site, or one in the slow lane."""

    site: str | None
    is_slow: bool


class Sites:
    """How many sessions each site has, and who wants to know of a place that became free."""

    def __init__(self) -> None:
        self.taken: Counter[str | None] = Counter()
        self.recalls = 0
        self.listeners: list[Callable[[], None]] = []


class Lanes:
    """Counts the places that are taken; a site of None is no site.

    Sweeps at the same time share them where they are given the same ones. Lanes of the same
    `sites` have places of their own, but no site has more sessions of them all than it may.
    """

    def __init__(self, limits: SweepLimits, *, sites: Sites | None = None) -> None:
        self._limits = limits
        self._normal = 0
        self._slow = 0
        self._of_sites = sites or Sites()
        self._sites = self._of_sites.taken

    def change_limits(self, limits: SweepLimits) -> None:
        """Let other limits hold from now on; whoever has a place keeps it."""
        self._limits = limits

    @property
    def recalls(self) -> int:
        """How often waiting jobs were called back before their time."""
        return self._of_sites.recalls

    def recall(self) -> None:
        """Call back who waits for a turn to log in: what they wait for may have no use now."""
        self._of_sites.recalls += 1
        self._tell()

    def listen(self, when_free: Callable[[], None]) -> None:
        """Call this whenever a place becomes free, until `unlisten`."""
        self._of_sites.listeners.append(when_free)

    def unlisten(self, when_free: Callable[[], None]) -> None:
        """Call it no more."""
        self._of_sites.listeners.remove(when_free)

    @property
    def is_open(self) -> bool:
        """A normal place is free."""
        return self._normal < self._limits.concurrency

    @property
    def free(self) -> int:
        """How many normal places are free."""
        return self._limits.concurrency - self._normal

    @property
    def is_slow_open(self) -> bool:
        """A place in the slow lane is free."""
        return self._slow < self._limits.slow_lane

    def has_room_for(self, site: str | None) -> bool:
        """Tell whether the site may have one more session."""
        return site is None or self._sites[site] < self._limits.per_site

    def take(self, site: str | None, *, is_slow: bool) -> Place:
        """Return a place, taken now; the caller has seen that there is one."""
        place = Place(site, is_slow)
        self._count(place, 1)
        return place

    def give_back(self, place: Place) -> None:
        """Free a place."""
        self._count(place, -1)
        self._tell()

    def move_aside(self, place: Place) -> bool:
        """Give a normal place up for one in the slow lane; False where none is free."""
        if place.is_slow or not self.is_slow_open:
            return place.is_slow
        self._count(place, -1)
        place.is_slow = True
        self._count(place, 1)
        self._tell()
        return True

    def _tell(self) -> None:
        for when_free in self._of_sites.listeners:
            when_free()

    def _count(self, place: Place, change: int) -> None:
        if place.is_slow:
            self._slow += change
            return
        self._normal += change
        self._sites[place.site] += change
        if not self._sites[place.site]:
            del self._sites[place.site]
