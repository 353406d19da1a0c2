"""Looking for something in the weaves of some series: unsealing, unpacking and searching them.

Nothing here knows the database, so that a process that does nothing else begins at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netraven.archive.search_past import SeriesSearch
from netraven.archive.search_scan import Scan, WeaveSearch
from netraven.archive.weave_frame import SealedWeave, corrupt_history, open_weave_bytes
from netraven.errors import Corrupt
from netraven.seal import KeyRing


class Sought(NamedTuple):
    """A series to be looked at, whose weave is current; `has_sections` says it is no flat list."""

    weave: SealedWeave
    past: Sequence[SealedWeave]
    has_sections: bool


class Looked(NamedTuple):
    """The places of a series' hits, and whether there was a version at the moment asked for.

    `is_too_young` says that there was none yet, `is_pruned` that it is not kept any more.
    """

    hits: Sequence[int]
    is_too_young: bool
    is_pruned: bool


def look(keyring: KeyRing, scan: Scan, sought: Sequence[Sought]) -> list[Looked | None]:
    """Return what is found in each of these series, None where a weave is damaged.

    Raises KeyUnavailable.
    """
    return [_look(keyring, scan, each) for each in sought]


def open_search(keyring: KeyRing, scan: Scan, sought: Sought) -> WeaveSearch | SeriesSearch:
    """Return the search of a weave and of its past; raises Corrupt where any of it is damaged."""
    weave = open_weave_bytes(keyring, sought.weave)
    search = WeaveSearch(weave, scan, has_sections=sought.has_sections)
    if not weave.has_past():
        return search
    parts = [open_weave_bytes(keyring, each) for each in sought.past]
    if not weave.follows(parts):
        raise corrupt_history(sought.weave.series)
    past = (
        WeaveSearch(part, scan, has_sections=sought.has_sections, is_past=True) for part in parts
    )
    return SeriesSearch([*past, search])


def _look(keyring: KeyRing, scan: Scan, sought: Sought) -> Looked | None:
    try:
        search = open_search(keyring, scan, sought)
    except Corrupt:
        return None
    return Looked([*search.hits()], search.is_too_young, search.is_pruned)
