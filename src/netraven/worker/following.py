"""A run as others do it, followed in the database: each device as it is done, then the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from netraven import clock
from netraven.db import unit_of_work
from netraven.db.chunks import in_chunks
from netraven.db.enums import ACTIVE_RUN, BackupStatus, ResultStatus
from netraven.errors import NotFound
from netraven.jobs.results import count_results_by_status
from netraven.jobs.shards import OPEN_RESULT
from netraven.models import Backup, JobLog, JobResult
from netraven.tasks.progress import DeviceDone, RunSummary

# A batch bears the time at which its keeping began.
_OUT_OF_ORDER: Final = timedelta(seconds=3)
_NOT_DONE: Final = (*OPEN_RESULT, ResultStatus.CANCELLED)


class Following:
    """One run, looked at again and again; each call is a short read-only unit.

    A look that fails has told nothing; the next one tells all that is new since the last.
    Devices that were cancelled are counted, but not told: nothing was done with them.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        run_id: UUID,
        on_result: Callable[[DeviceDone], None] | None = None,
    ) -> None:
        self._sessions = sessions
        self._run_id = run_id
        self._on_result = on_result
        self._told: set[UUID] = set()
        self._newest: datetime | None = None
        self._counts = Counter[str]()

    def look(self) -> RunSummary | None:
        """Tell what was done since the last look; return how the run ended once it has.

        Raises NotFound where somebody has deleted the run.
        """
        with unit_of_work(self._sessions, read_only=True) as db:
            # Before the results, so that none can come between the last look and the end.
            run = db.scalar(select(JobLog).where(JobLog.id == self._run_id))
            if run is None:
                message = f"the run {self._run_id} has been deleted"
                raise NotFound(message)
            is_over = run.status not in ACTIVE_RUN
            fresh = self._fresh(db, is_last=is_over)
            done = self._read(db, sorted(fresh, key=fresh.__getitem__))
            results = count_results_by_status(db, run.id) if is_over else {}
        self._told |= fresh.keys()
        seen = [] if self._newest is None else [self._newest]
        self._newest = max((*seen, *fresh.values()), default=None)
        for each in done:
            self._count(each)
            if self._on_result is not None:
                self._on_result(each)
        if not is_over:
            return None
        return RunSummary(
            run_id=run.id,
            status=run.status,
            took_s=_seconds(run.start_time, run.end_time),
            results=Counter(results),
            new_versions=self._counts["new"],
            unchanged=self._counts["unchanged"],
            quarantined=self._counts["quarantined"],
        )

    def _fresh(self, db: Session, *, is_last: bool) -> dict[UUID, datetime]:
        """Return what became final since the last look, and when; the last leaves nothing out."""
        is_done = JobResult.job_log_id == self._run_id, JobResult.status.not_in(_NOT_DONE)
        done = select(JobResult.id, JobResult.updated_at).where(*is_done)
        if self._newest is not None and not is_last:
            done = done.where(JobResult.updated_at >= self._newest - _OUT_OF_ORDER)
        rows = {row.id: row.updated_at for row in db.execute(done)}
        return {one: changed_at for one, changed_at in rows.items() if one not in self._told}

    def _read(self, db: Session, result_ids: Sequence[UUID]) -> list[DeviceDone]:
        found: list[DeviceDone] = []
        for chunk in in_chunks(result_ids):
            rows = db.execute(_RESULTS.where(JobResult.id.in_(chunk)))
            found += [_done(row, self._run_id) for row in rows]
        return found

    def _count(self, done: DeviceDone) -> None:
        if done.backup_status is BackupStatus.QUARANTINED:
            self._counts["quarantined"] += 1
        elif done.backup_status is BackupStatus.COMPLETED:
            self._counts["new" if done.is_new else "unchanged"] += 1


_Row: TypeAlias = tuple[
    UUID,
    UUID | None,
    str,
    ResultStatus,
    str | None,
    str | None,
    int | None,
    BackupStatus,
    int | None,
    UUID | None,
]
# Columns: to make objects of these rows would take several times as long.
_RESULTS: Final = (
    select(
        JobResult.id,
        JobResult.device_id,
        JobResult.device_hostname,
        JobResult.status,
        JobResult.reason,
        JobResult.message,
        JobResult.duration_ms,
        Backup.status,
        Backup.version,
        Backup.job_log_id,
    )
    .outerjoin(Backup, Backup.id == JobResult.backup_id)
    .order_by(JobResult.updated_at)
)


def _done(row: _Row, run_id: UUID) -> DeviceDone:
    result_id, device_id, hostname, status, reason, message, took_ms, _, version, kept_by = row
    kept: BackupStatus | None = row[7]
    return DeviceDone(
        device_id=device_id or result_id,
        hostname=hostname,
        status=status,
        backup_status=kept,
        # A text seen before is a row of the run that saw it first.
        is_new=kept is not None and kept_by == run_id,
        version=version,
        reason=reason,
        message=message or "",
        duration_ms=took_ms or 0,
    )


def _seconds(start: datetime | None, end: datetime | None) -> float:
    if start is None:
        return 0.0
    return max(0.0, ((end or clock.now()) - start).total_seconds())
