"""What became of devices, kept: a batch at a time, each device wholly or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from uuid import UUID

from netraven.archive.series import get_latest_completed
from netraven.archive.storing import StoredBackup, StoreOutcome, store_backups
from netraven.archive.transcripts import Transcript, store_transcripts
from netraven.collect.target import Protocol
from netraven.db.enums import LogLevel, ResultStatus
from netraven.errors import NetRavenError
from netraven.inventory.detected import record_platforms
from netraven.inventory.device_facts import record_device_facts
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.leases import release_device_leases
from netraven.jobs.results import record_job_results
from netraven.platforms.undetermined import UNDETERMINED
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.acquaintance import keep_acquaintance, refusals
from netraven.tasks.judging import QUARANTINED, Collected, Finished, Judged, judge
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import PassedOver
from netraven.tasks.task import Work


class Keeper:
    """Keeps what became of a shard's devices; `credential_ids` are those revealed, by name.

    Every call opens units of its own, for a thread other than an event loop's. Grading and
    normalising happen before anything is locked: the leases hold the devices meanwhile.
    """

    def __init__(self, work: Work, credential_ids: Mapping[str, UUID]) -> None:
        self._work = work
        self._run_id = work.run_id
        self._credential_ids = credential_ids

    def keep(self, batch: Sequence[Finished]) -> list[DeviceDone]:
        """Store captures, results, host keys and counts, free the leases; return what to tell.

        One transaction: after an error nothing of the batch is kept, and it may be kept again.
        Raises Conflict("shard") where the shard has passed to another worker.
        """
        judged = self._judge(batch)
        with self._work.writing() as db:
            record_platforms(db, _found_platforms(batch))
            captures = [sight.capture for each in judged for sight in each.sights]
            outcomes = iter(store_backups(db, captures))
            kept = [_Kept(each, tuple(islice(outcomes, len(each.sights)))) for each in judged]
            store_transcripts(db, dict(chain.from_iterable(one.transcripts for one in kept)))
            results = {one.finished.device_id: _result(one) for one in kept}
            record_job_results(db, self._run_id, results)
            record_device_facts(
                db,
                {
                    one.finished.device_id: one.judged.facts
                    for one in kept
                    if one.judged.facts is not None and one.stored is not None
                },
            )
            keep_acquaintance(db, batch, self._credential_ids)
            append_job_log_entries(db, self._run_id, list(_entries(kept)))
            tokens = {one.device_id: one.lease_token for one in batch}
            release_device_leases(db, {one: held for one, held in tokens.items() if held})
        return [_done(one) for one in kept]

    def _judge(self, batch: Sequence[Finished]) -> list[Judged]:
        with self._work.reading() as db:
            captured = {
                one.device_id: one.planned.request
                for one in batch
                if isinstance(one, Collected) and one.outcome.capture is not None
            }
            types = {each for one in captured.values() for each in one.config_types}
            latest = {
                (device_id, config_type): backup
                for config_type in types
                for device_id, backup in get_latest_completed(
                    db, captured, config_type=config_type
                ).items()
            }
            return [judge(db, one, latest, self._run_id) for one in batch]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A judged device with the rows that keep its sights, or the errors that stand for them."""

    judged: Judged
    outcomes: tuple[StoreOutcome, ...]

    @property
    def finished(self) -> Finished:
        return self.judged.finished

    @property
    def stored(self) -> StoredBackup | None:
        """The backup that the result tells of."""
        last = self.outcomes[-1] if self.outcomes else None
        return last if isinstance(last, StoredBackup) else None

    @property
    def transcripts(self) -> Iterator[tuple[UUID, Transcript]]:
        for sight, outcome in zip(self.judged.sights, self.outcomes, strict=True):
            if sight.transcript is not None and isinstance(outcome, StoredBackup):
                yield outcome.backup.id, sight.transcript

    @property
    def status(self) -> ResultStatus:
        return ResultStatus.FAILED if self._error else self.judged.status

    @property
    def reason(self) -> str | None:
        return self._error.code if self._error else self.judged.reason

    @property
    def message(self) -> str:
        return str(self._error) if self._error else self.judged.message

    @property
    def _error(self) -> NetRavenError | None:
        errors = (one for one in self.outcomes if isinstance(one, NetRavenError))
        return next(errors, None)


def _found_platforms(batch: Sequence[Finished]) -> dict[UUID, str]:
    """Return what those devices turned out to be that nobody had named a platform of."""
    captures = ((one, one.outcome.capture) for one in batch if isinstance(one, Collected))
    return {
        one.device_id: capture.platform.name
        for one, capture in captures
        if capture is not None and one.planned.request.platform is UNDETERMINED
    }


def _result(kept: _Kept) -> JobResultCreate:
    attempts, duration_ms = _effort(kept.finished)
    return JobResultCreate(
        status=kept.status,
        reason=kept.reason,
        message=kept.message or None,
        backup_id=None if kept.stored is None else kept.stored.backup.id,
        credential_name=kept.finished.credential_name,
        attempts=attempts,
        duration_ms=duration_ms,
    )


def _done(kept: _Kept) -> DeviceDone:
    backup = None if kept.stored is None else kept.stored.backup
    return DeviceDone(
        device_id=kept.finished.device_id,
        hostname=kept.finished.hostname,
        status=kept.status,
        backup_status=None if backup is None else backup.status,
        is_new=kept.stored is not None and kept.stored.is_new,
        version=None if backup is None else backup.version,
        reason=kept.reason,
        message=kept.message,
        duration_ms=_effort(kept.finished)[1],
    )


def _is_insecure(finished: Finished) -> bool:
    if isinstance(finished, PassedOver):
        return False
    return finished.planned.request.target.protocol is Protocol.TELNET


def _effort(finished: Finished) -> tuple[int, int]:
    """Return the number of attempts and how long they took, in milliseconds."""
    if isinstance(finished, PassedOver):
        return 0, 0
    return finished.outcome.attempts, round(finished.outcome.took_s * 1000)


def _entries(kept: Sequence[_Kept]) -> Iterator[JobLogEntryCreate]:
    for one in kept:
        yield from refusals(one.finished)
        if _is_insecure(one.finished):
            yield _warning(one)
        if one.status is not ResultStatus.SUCCEEDED:
            yield _entry(one)


def _warning(kept: _Kept) -> JobLogEntryCreate:
    hostname = kept.finished.hostname
    return JobLogEntryCreate(
        level=LogLevel.WARNING,
        category="insecure",
        device_id=kept.finished.device_id,
        message=f"{hostname} is talked to by telnet: its login and configuration passed in clear",
    )


def _entry(kept: _Kept) -> JobLogEntryCreate:
    is_error = kept.status is ResultStatus.FAILED and kept.reason != QUARANTINED
    return JobLogEntryCreate(
        level=LogLevel.ERROR if is_error else LogLevel.WARNING,
        category="collect",
        device_id=kept.finished.device_id,
        message=f"{kept.finished.hostname} has no good backup from this run: {kept.reason}",
        details={"reason": kept.reason, "attempts": _effort(kept.finished)[0]},
    )
