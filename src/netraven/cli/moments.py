"""Moments as people write them: a date, a time, or how long ago."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from netraven import clock
from netraven.errors import Invalid

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6})\s*([mhdw])")


def read_moment(text: str | None, field: str) -> datetime | None:
    """Return the moment of `2026-06-03`, `2026-06-03 02:00`, `24h`, `7d` or `now`; None for None.

    Without an offset it is in this machine's zone. Raises Invalid for the field.
    """
    if text is None:
        return None
    wanted = text.strip()
    if wanted == "now":
        return clock.now()
    try:
        if ago := _AGO.fullmatch(wanted):
            return clock.now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(wanted)
        return clock.as_utc(moment.astimezone())
    except (ValueError, OverflowError):
        reason = f"{text} is no time; write 2026-06-03, '2026-06-03 02:00', 24h, 7d or now"
        raise Invalid(field, reason) from None
