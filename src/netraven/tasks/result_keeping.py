"""Results of sessions that store no backup: kept with what was learnt of logins and host keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from netraven.db.enums import LogLevel, ResultStatus
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.leases import release_device_leases
from netraven.jobs.results import record_job_results
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.acquaintance import keep_acquaintance, refusals
from netraven.tasks.judging import Finished
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import PassedOver
from netraven.tasks.task import Work


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one device, with the lines for the run's log."""

    done: DeviceDone
    entries: tuple[JobLogEntryCreate, ...] = ()


class ResultKeeper:
    """Keeps a batch of devices in one transaction; `judge` says what became of each.

    `also` does what is to be done in the same transaction.
    """

    def __init__(
        self,
        judge: Callable[[Finished], Told],
        work: Work,
        credential_ids: Mapping[str, UUID],
        *,
        also: Callable[[Session, Sequence[Finished]], None] | None = None,
    ) -> None:
        self._judge = judge
        self._work = work
        self._credential_ids = credential_ids
        self._also = also

    def keep(self, batch: Sequence[Finished], /) -> list[DeviceDone]:
        """Keep all of the batch; raises Conflict("shard") where it is another worker's."""
        judged = [(one, self._judge(one)) for one in batch]
        entries = [entry for one, each in judged for entry in (*refusals(one), *each.entries)]
        tokens = {one.device_id: one.lease_token for one in batch}
        with self._work.writing() as db:
            if self._also is not None:
                self._also(db, batch)
            results = {one.device_id: _result(one, each.done) for one, each in judged}
            record_job_results(db, self._work.run_id, results)
            keep_acquaintance(db, batch, self._credential_ids)
            if entries:
                append_job_log_entries(db, self._work.run_id, entries)
            release_device_leases(db, {one: held for one, held in tokens.items() if held})
        return [each.done for _, each in judged]


def told_failure(finished: Finished) -> Told:
    """Return why nothing came of a device: passed over, failed, or stopped before its turn."""
    if isinstance(finished, PassedOver):
        reason, message, status = finished.reason, finished.message, finished.status
    elif finished.outcome.error is not None:
        error = finished.outcome.error
        reason, message, status = error.code, str(error), ResultStatus.FAILED
    else:
        message = f"{finished.hostname} was not asked: the run was stopped"
        return Told(told(finished, ResultStatus.CANCELLED, message=message))
    entry = JobLogEntryCreate(
        level=LogLevel.ERROR,
        category="collect",
        device_id=finished.device_id,
        message=message,
        details={"reason": reason},
    )
    done = told(finished, status, reason=reason, message=message)
    return Told(done, (entry,) if status is ResultStatus.FAILED else ())


def told(
    finished: Finished, status: ResultStatus, *, reason: str | None = None, message: str = ""
) -> DeviceDone:
    """Return what to tell of a device."""
    took_s = 0.0 if isinstance(finished, PassedOver) else finished.outcome.took_s
    return DeviceDone(
        device_id=finished.device_id,
        hostname=finished.hostname,
        status=status,
        reason=reason,
        message=message,
        duration_ms=round(took_s * 1000),
    )


def _result(finished: Finished, done: DeviceDone) -> JobResultCreate:
    return JobResultCreate(
        status=done.status,
        reason=done.reason,
        message=done.message or None,
        credential_name=finished.credential_name,
        attempts=0 if isinstance(finished, PassedOver) else finished.outcome.attempts,
        duration_ms=done.duration_ms,
    )
