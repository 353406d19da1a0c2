"""Which backups of a series a policy keeps, and why: pure arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from netraven.db.enums import BackupStatus
from netraven.schemas.retention import RetentionPolicy


class KeptBecause(StrEnum):
    """Why a backup stays."""

    PROTECTED = "protected"
    IN_USE = "in use"
    YOUNG = "young"
    LAST = "last"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRow:
    """What retention looks at of a backup; `is_in_use` says that its run is not finished."""

    id: UUID
    device_id: UUID
    config_type: str
    status: BackupStatus
    version: int | None
    created_at: datetime
    last_seen_at: datetime
    pinned: bool
    content_hash: str | None
    is_in_use: bool


def reasons_to_keep(
    series: Sequence[DatedRow], policy: RetentionPolicy, *, now: datetime, zone: ZoneInfo
) -> dict[UUID, set[KeptBecause]]:
    """Return why each row of one device's configuration type stays; without a reason it goes."""
    reasons = {row.id: _own_reasons(row, policy, now) for row in series}
    completed = sorted(
        (row for row in series if row.status is BackupStatus.COMPLETED),
        key=lambda row: row.version or 0,
        reverse=True,
    )
    for row in completed[:1]:
        reasons[row.id].add(KeptBecause.PROTECTED)
    for row in completed[: policy.keep_last]:
        reasons[row.id].add(KeptBecause.LAST)
    spans: tuple[tuple[KeptBecause, int, Callable[[date], int]], ...] = (
        (KeptBecause.DAILY, policy.keep_daily, _day),
        (KeptBecause.WEEKLY, policy.keep_weekly, _week),
        (KeptBecause.MONTHLY, policy.keep_monthly, _month),
    )
    for reason, most, number_of in spans:
        current = number_of(now.astimezone(zone).date())
        claimed: set[int] = set()
        for row in completed:
            first, last = (
                number_of(moment.astimezone(zone).date())
                for moment in (row.created_at, row.last_seen_at)
            )
            touched = range(max(first, current - most + 1), min(last, current) + 1)
            # Newest first: a span that is claimed has a higher version.
            if not claimed.issuperset(touched):
                reasons[row.id].add(reason)
                claimed.update(touched)
    return reasons


def _own_reasons(row: DatedRow, policy: RetentionPolicy, now: datetime) -> set[KeptBecause]:
    found = {
        KeptBecause.PROTECTED: row.pinned,
        KeptBecause.IN_USE: row.is_in_use,
        KeptBecause.YOUNG: now - row.last_seen_at <= timedelta(days=policy.keep_days),
    }
    return {reason for reason, holds in found.items() if holds}


def _day(day: date) -> int:
    return day.toordinal()


def _week(day: date) -> int:
    # Day 1 of the calendar was a Monday, on which ISO weeks begin.
    return (day.toordinal() - 1) // 7


def _month(day: date) -> int:
    return day.year * 12 + day.month
