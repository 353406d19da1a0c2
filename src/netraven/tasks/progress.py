"""What a run tells whoever watches it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from netraven.db.enums import BackupStatus, ResultStatus, RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDone:
    """One device's result, told after it was committed.

    `backup_status` is None where nothing was collected; `is_new` tells a new version from a
    text seen before; `message` is one sentence for people, without device text.
    """

    device_id: UUID
    hostname: str
    status: ResultStatus
    backup_status: BackupStatus | None = None
    is_new: bool = False
    version: int | None = None
    reason: str | None = None
    message: str = ""
    duration_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How a run ended: its status, results by status, new versions and unchanged ones."""

    run_id: UUID
    status: RunStatus
    took_s: float
    results: Counter[ResultStatus] = field(default_factory=Counter)
    new_versions: int = 0
    unchanged: int = 0
    quarantined: int = 0
