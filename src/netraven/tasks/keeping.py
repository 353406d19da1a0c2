"""What became of devices, kept: a batch at a time, each device wholly or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from netraven.archive.series import get_latest_completed
from netraven.archive.storing import StoredBackup, StoreOutcome, store_backups
from netraven.archive.transcripts import store_transcripts
from netraven.collect.pacing import LoginResult, Verdict
from netraven.collect.target import HostKeyPolicy
from netraven.db.enums import HostKeyState, LogLevel, ResultStatus
from netraven.errors import HostKeyChanged, NetRavenError
from netraven.inventory.device_facts import record_device_facts
from netraven.inventory.hostkeys import record_host_keys
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.leases import release_device_leases
from netraven.jobs.refusals import refusal_entry
from netraven.jobs.results import record_job_results
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.judging import QUARANTINED, Collected, Finished, Judged, judge
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import PassedOver
from netraven.tasks.task import Work
from netraven.vault.outcomes import DeviceLogin, freeze_credential, record_logins


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
            captures = [each.capture for each in judged if each.capture is not None]
            outcomes = iter(store_backups(db, captures))
            kept = [_Kept(each, next(outcomes) if each.capture else None) for each in judged]
            store_transcripts(
                db,
                {
                    one.stored.backup.id: one.judged.transcript
                    for one in kept
                    if one.stored is not None and one.judged.transcript is not None
                },
            )
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
            for state, keys in _shown_keys(batch).items():
                record_host_keys(db, keys, state)
            self._keep_logins(db, batch)
            append_job_log_entries(db, self._run_id, list(_entries(kept)))
            tokens = {one.device_id: one.lease_token for one in batch}
            release_device_leases(db, {one: held for one, held in tokens.items() if held})
        return [_done(one) for one in kept]

    def _judge(self, batch: Sequence[Finished]) -> list[Judged]:
        with self._work.reading() as db:
            captured = [
                one.device_id
                for one in batch
                if isinstance(one, Collected) and one.outcome.capture is not None
            ]
            latest = get_latest_completed(db, captured) if captured else {}
            return [judge(db, one, latest.get(one.device_id), self._run_id) for one in batch]

    def _keep_logins(self, db: Session, batch: Sequence[Finished]) -> None:
        outcomes = [one.outcome for one in batch if isinstance(one, Collected)]
        logins = [each for one in outcomes for each in one.logins]
        record_logins(db, [*self._counted(logins)])
        for freeze in (freeze for one in outcomes for freeze in one.freezes):
            credential_id = self._credential_ids.get(freeze.credential)
            if credential_id is not None:
                freeze_credential(db, credential_id, reason=freeze.reason)

    def _counted(self, logins: Sequence[LoginResult]) -> Iterator[DeviceLogin]:
        """Yield the logins that were answered."""
        for login in logins:
            credential_id = self._credential_ids.get(login.credential)
            if credential_id is not None and login.verdict in _ANSWERS:
                yield DeviceLogin(
                    device_id=UUID(login.device_id),
                    credential_id=credential_id,
                    is_success=_ANSWERS[login.verdict],
                    at=login.at,
                )


_ANSWERS: Mapping[Verdict, bool] = {Verdict.ACCEPTED: True, Verdict.REFUSED: False}


@dataclass(frozen=True, slots=True)
class _Kept:
    """A judged device with the row that keeps its capture, or the error that stands for it."""

    judged: Judged
    outcome: StoreOutcome | None

    @property
    def finished(self) -> Finished:
        return self.judged.finished

    @property
    def stored(self) -> StoredBackup | None:
        return self.outcome if isinstance(self.outcome, StoredBackup) else None

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
        return self.outcome if isinstance(self.outcome, NetRavenError) else None


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


def _effort(finished: Finished) -> tuple[int, int]:
    """Return the number of attempts and how long they took, in milliseconds."""
    if isinstance(finished, PassedOver):
        return 0, 0
    return finished.outcome.attempts, round(finished.outcome.took_s * 1000)


def _entries(kept: Sequence[_Kept]) -> Iterator[JobLogEntryCreate]:
    for one in kept:
        yield from _refusals(one.finished)
        if one.status is not ResultStatus.SUCCEEDED:
            yield _entry(one)


def _entry(kept: _Kept) -> JobLogEntryCreate:
    is_error = kept.status is ResultStatus.FAILED and kept.reason != QUARANTINED
    return JobLogEntryCreate(
        level=LogLevel.ERROR if is_error else LogLevel.WARNING,
        category="collect",
        device_id=kept.finished.device_id,
        message=f"{kept.finished.hostname} has no good backup from this run: {kept.reason}",
        details={"reason": kept.reason, "attempts": _effort(kept.finished)[0]},
    )


def _refusals(finished: Finished) -> Iterator[JobLogEntryCreate]:
    """Yield a line for each login that was refused, here or on the way."""
    if isinstance(finished, PassedOver):
        return
    target = finished.planned.request.target
    names = {jump.device_id: jump.hostname for jump in target.jump}
    names[target.device_id] = target.hostname
    for login in finished.outcome.logins:
        if login.verdict is Verdict.REFUSED:
            hostname = names.get(login.device_id, login.device_id)
            yield refusal_entry(UUID(login.device_id), hostname, login.credential)


def _shown_keys(batch: Sequence[Finished]) -> dict[HostKeyState, dict[UUID, str]]:
    """Return the host keys that were seen: those to trust, and those that are only offered."""
    shown: dict[HostKeyState, dict[UUID, str]] = {state: {} for state in HostKeyState}
    for one in batch:
        if isinstance(one, Collected):
            for device_id, key, state in _keys_of(one):
                shown[state][device_id] = key
    return shown


def _keys_of(collected: Collected) -> Iterator[tuple[UUID, str, HostKeyState]]:
    capture, error = collected.outcome.capture, collected.outcome.error
    seen = capture or (None if error is None else error.report)
    if seen is None:
        return
    target = collected.planned.request.target
    peers = [*zip(collected.planned.jump_ids, target.jump, strict=True)]
    keys = [
        (device_id, jump.host_key_policy, key)
        for (device_id, jump), key in zip(peers, seen.jump_host_keys, strict=False)
    ]
    if seen.host_key:
        keys.append((collected.device_id, target.host_key_policy, seen.host_key))
    for place, (device_id, policy, key) in enumerate(keys):
        # Who shows a changed key is the last one that was reached.
        is_refused = isinstance(error, HostKeyChanged) and place == len(keys) - 1
        is_believed = policy is not HostKeyPolicy.IGNORE and not is_refused
        yield device_id, key, HostKeyState.TRUSTED if is_believed else HostKeyState.OFFERED
