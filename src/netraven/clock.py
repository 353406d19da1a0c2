"""The only clock: everything that needs the time asks here."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time, aware, in UTC, with microseconds."""
    return datetime.now(UTC)


def as_utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; a naive value is read as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment(given: datetime | None) -> datetime:
    """Return the given instant in UTC, a naive one read as UTC; without one the present time."""
    return now() if given is None else as_utc(given)
