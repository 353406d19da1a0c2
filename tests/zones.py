"""Time zones for tests: their days of change, and their clocks read minute by minute."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1)
def zone_keys() -> tuple[str, ...]:
    """Return the names of all zones of the package tzdata, sorted."""
    return tuple(sorted(files("tzdata").joinpath("zones").read_text().split()))


@lru_cache(maxsize=1024)
def changes(key: str) -> tuple[datetime, ...]:
    """Return when the zone's clock was or will be changed, from 1975 to 2037.

    Read from the compiled file itself (RFC 9636, version 2 data), not through zoneinfo.
    """
    raw = files("tzdata").joinpath("zoneinfo", *key.split("/")).read_bytes()
    old = struct.unpack(">6l", raw[20:44])
    head = 44 + old[3] * 5 + old[4] * 6 + old[5] + old[2] * 8 + old[1] + old[0]
    number = struct.unpack(">6l", raw[head + 20 : head + 44])[3]
    seconds = struct.unpack(f">{number}q", raw[head + 44 : head + 44 + 8 * number])
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    known = [epoch + timedelta(seconds=s) for s in seconds if s > 5 * 365 * 86_400]
    ruled = _ruled_changes(key)
    return tuple(sorted({*known, *ruled}))


def _ruled_changes(key: str) -> list[datetime]:
    """Return the changes of 2026 to 2028 that the zone's standing rule makes, to the minute."""
    zone, found = ZoneInfo(key), []
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=day) for day in range(3 * 365)]
    for before, after in pairwise(days):
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            low, high = before, after
            while high - low > MINUTE:
                middle = low + (high - low) // 2
                changed = middle.astimezone(zone).utcoffset() != before.astimezone(zone).utcoffset()
                low, high = (low, middle) if changed else (middle, high)
            found.append(high.replace(second=0, microsecond=0))
    return found


@lru_cache(maxsize=8)
def firings(
    key: str, around: datetime, *, hours_before: int, hours_after: int
) -> tuple[tuple[datetime, tuple[datetime, ...]], ...]:
    """Return each minute of a window with the wall times that are due in it.

    In an ordinary minute that is what the clock shows, the first time it shows it. In the first
    minute after a gap it is everything in the gap too.
    """
    zone = ZoneInfo(key)
    start = around.replace(second=0, microsecond=0) - timedelta(hours=hours_before)
    minutes = [start + MINUTE * n for n in range((hours_before + hours_after) * 60)]
    shown = [minute.astimezone(zone).replace(tzinfo=None) for minute in minutes]
    newest = shown[0]
    told: list[tuple[datetime, tuple[datetime, ...]]] = []
    for minute, wall in zip(minutes[1:], shown[1:], strict=True):
        ahead = wall - newest
        if ahead == MINUTE:
            told.append((minute, (wall,)))
        else:
            walls = tuple(wall - MINUTE * back for back in range(ahead // MINUTE))
            told.append((minute, walls))
        newest = max(newest, wall)
    return tuple(told)
