"""The lines of changes, read from weaves: those that came and went with a version."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sqlalchemy.orm import Session

from netraven.archive.series import Series
from netraven.archive.weave import LineChange, WeaveBytes, WeaveMisfit
from netraven.archive.weave_change import changed_lines
from netraven.archive.weave_frame import StoredPast, StoredWeave, open_weave_bytes
from netraven.archive.weave_store import load_past, load_weaves
from netraven.db import KeyRing, get_keyring, operation
from netraven.errors import Corrupt, KeyUnavailable
from netraven.inventory.platforms import get_platforms

Lines: TypeAlias = Mapping[tuple[Series, int], tuple[str, ...]]
"""Changed lines of versions, by series and number."""


@operation
def load_changed_lines(db: Session, wanted: Mapping[tuple[Series, int], str]) -> Lines:
    """Return what these versions of series changed, of those whose weaves can tell it.

    Lines begin with `+` or `-`. `wanted` names the platform that read each. Raises KeyUnavailable.
    """
    keyring, platforms = get_keyring(db), get_platforms(db)
    if keyring is None:
        raise KeyUnavailable("ring", "there is no key ring; nothing sealed can be read")
    of_series = {series for series, _ in wanted}
    rows, past = load_weaves(db, of_series), load_past(db, of_series)
    parts = {series: _parts(keyring, row, past.get(series, ())) for series, row in rows.items()}
    found: dict[tuple[Series, int], tuple[str, ...]] = {}
    for (series, number), device_type in wanted.items():
        for part in parts.get(series, ()):
            if (change := _change_of(part, number)) is not None:
                told = changed_lines(change, platforms.get(device_type))
                found[series, number] = tuple(told)
    return found


def _parts(keyring: KeyRing, row: StoredWeave, past: Sequence[StoredPast]) -> list[WeaveBytes]:
    """Return a weave behind the parts of its past; none where any of it is damaged."""
    try:
        weave = open_weave_bytes(keyring, row)
        parts = [open_weave_bytes(keyring, each) for each in past] if weave.has_past() else []
    except Corrupt:
        return []
    return [*parts, weave] if weave.follows(parts) else []


def _change_of(weave: WeaveBytes, number: int) -> LineChange | None:
    """Return what a version changed, in the order of the texts; None where its text lies elsewhere.

    Only the lines are made that changed: a weave has hundreds that did not.
    """
    numbers = weave.numbers()
    place = bisect_left(numbers, number)
    if number not in numbers[place : place + 1] or not weave.version(place).is_here:
        return None
    gone = range(numbers[place - 1] if place else number, number)
    try:
        lines = weave.lines()
    except WeaveMisfit:
        return None
    return LineChange(
        added=tuple(lines[at] for at, first in enumerate(weave.firsts()) if first == number),
        removed=tuple(lines[at] for at, last in enumerate(weave.lasts()) if last in gone),
    )
