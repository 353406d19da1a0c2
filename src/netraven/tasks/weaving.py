"""Making weaves that are missing, out of date or wrong, one series at a time: stop and go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from netraven.archive.series import Series
from netraven.archive.weave_build import keep_woven, weave_series
from netraven.archive.weave_standing import find_unwoven
from netraven.archive.weave_verify import verify_weaves

Unit: TypeAlias = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class WeaveUnits:
    """How to open a unit that only reads, and one that is kept."""

    reading: Unit
    writing: Unit


def find_series_to_weave(units: WeaveUnits) -> Iterator[Series]:
    """Yield the series whose weaves are missing or out of date, as they are found."""
    after: Series | None = None
    while True:
        with units.reading() as db:
            page = find_unwoven(db, after=after)
        yield from page.series
        after = page.last
        if after is None:
            return


def weave_anew(units: WeaveUnits, series: Series) -> int:
    """Make the weave of a series from its contents; return how many versions it has.

    0 where it changed meanwhile or is gone: then it is found again. Raises KeyUnavailable.
    """
    # Nothing is locked while texts are opened and woven, which takes a millisecond or two each.
    with units.reading() as db:
        woven = weave_series(db, series)
    if woven is None:
        return 0
    with units.writing() as db:
        return woven.version_count if keep_woven(db, woven) else 0


def find_wrong_weaves(
    units: WeaveUnits, *, device_id: UUID | None = None
) -> Iterator[Series | None]:
    """Compare all weaves with their contents; yield those that do not fit, None for a good one."""
    after: Series | None = None
    while True:
        with units.reading() as db:
            report = verify_weaves(db, after=after, device_id=device_id)
        yield from report.misfits
        yield from [None] * (report.checked - len(report.misfits))
        after = report.last
        if after is None:
            return
