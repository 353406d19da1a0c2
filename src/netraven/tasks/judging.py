"""What became of one device, judged: its grade, what is to be stored, and what to say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from netraven.archive.backups import get_backup_content
from netraven.archive.codec import content_hash
from netraven.archive.grade import PreviousCapture, Verdict, advise_on_doubts, grade
from netraven.archive.normalise import normal_hash, rules_differ
from netraven.archive.series import Series
from netraven.archive.storing import BackupCapture
from netraven.archive.transcripts import Transcript
from netraven.collect.advice import advise
from netraven.collect.capture import Capture
from netraven.collect.sweep import Outcome
from netraven.db.enums import BackupStatus, Grade, ResultStatus
from netraven.db.types import JsonValue
from netraven.errors import CollectError, Corrupt, FailureReport
from netraven.inventory.device_facts import DeviceFacts
from netraven.models import Backup
from netraven.platforms.facts import read_facts
from netraven.platforms.observation import Observation
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS
from netraven.schemas.backup import BackupCreate
from netraven.tasks.shards import PassedOver, Planned

QUARANTINED = "quarantined"
"""The reason of a result whose capture was put in quarantine; its message says why."""

INCOMPLETE = "incomplete"
"""The reason of a result whose session ended well, but not its configuration."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A device that was collected, or tried."""

    planned: Planned
    outcome: Outcome

    @property
    def device_id(self) -> UUID:
        """The device's id."""
        return self.planned.device_id

    @property
    def hostname(self) -> str:
        """The device's name."""
        return self.planned.hostname

    @property
    def lease_token(self) -> int:
        """The token under which the device was collected."""
        return self.planned.lease_token

    @property
    def credential_name(self) -> str | None:
        """The credential that the device took, else the last one that was tried."""
        if self.outcome.capture is not None:
            return self.outcome.capture.login_name
        return self.outcome.logins[-1].credential if self.outcome.logins else None


Finished: TypeAlias = Collected | PassedOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One configuration to store, with a transcript where it is not good, to say why."""

    capture: BackupCapture
    transcript: Transcript | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finished device: its result, what is to be stored, and what it said about itself.

    `sights` are empty for a device that was not to be touched. The last one is what the result
    tells of: the first configuration that is not good, or the first that was asked for.
    """

    finished: Finished
    status: ResultStatus
    reason: str | None = None
    message: str = ""
    sights: tuple[Sight, ...] = ()
    facts: DeviceFacts | None = None


def judge(db: Session, finished: Finished, latest: Mapping[Series, Backup], run_id: UUID) -> Judged:
    """Return what is to be kept of the device; `latest` are its latest completed backups.

    The session is only read from, and only where the rules that made the stored hash are not
    those of this program.
    """
    if isinstance(finished, PassedOver):
        return _judge_passed_over(finished, run_id)
    outcome = finished.outcome
    if outcome.error is not None or outcome.capture is None:
        return _judge_error(finished, outcome.error, run_id)
    found = outcome.capture.configurations
    wanted = finished.planned.request.config_types
    judged = [
        _judge_configuration(
            db,
            finished,
            outcome.capture,
            found[config_type],
            latest=latest.get((finished.device_id, config_type)),
            run_id=run_id,
        )
        for config_type in reversed(wanted)
        if config_type in found
    ]
    absent = [config_type for config_type in wanted if config_type not in found]
    lack = _lack(finished, outcome.capture.platform, absent) if absent else ""
    if not judged:
        return _judge_error(finished, CollectError(lack, step="command"), run_id)
    judged.sort(key=lambda each: each.status is not ResultStatus.SUCCEEDED)
    return replace(
        judged[-1],
        message=judged[-1].message or lack,
        sights=tuple(sight for each in judged for sight in each.sights),
    )


def _judge_passed_over(device: PassedOver, run_id: UUID) -> Judged:
    is_failed = device.status is ResultStatus.FAILED
    evidence: dict[str, JsonValue] = {"fault": device.reason}
    return Judged(
        finished=device,
        status=device.status,
        reason=device.reason,
        message=device.message,
        sights=(Sight(capture=_failure(device, run_id, evidence)),) if is_failed else (),
    )


def _judge_error(finished: Collected, error: CollectError | None, run_id: UUID) -> Judged:
    if error is None:
        message = f"the collection of {finished.hostname} was stopped"
        return Judged(finished=finished, status=ResultStatus.CANCELLED, message=message)
    evidence: dict[str, JsonValue] = {"fault": error.code, "step": error.step}
    return Judged(
        finished=finished,
        status=ResultStatus.FAILED,
        reason=error.code,
        message=str(error),
        sights=(
            Sight(
                capture=_failure(finished.planned, run_id, evidence),
                transcript=None if error.report is None else _transcript(error.report, finished),
            ),
        ),
    )


def _judge_configuration(
    db: Session,
    finished: Collected,
    capture: Capture,
    observation: Observation,
    *,
    latest: Backup | None,
    run_id: UUID,
) -> Judged:
    platform = capture.platform
    verdict = grade(observation, platform, _previous(latest))
    facts = read_facts(capture.observations, platform)
    is_failed = verdict.status is BackupStatus.FAILED
    content = observation.text.encode("utf-8", "surrogateescape")
    backup = BackupCreate(
        device_id=finished.device_id,
        status=verdict.status,
        config_type=observation.yields.value,
        job_log_id=run_id,
        grade=verdict.grade,
        evidence=verdict.evidence,
        normal_hash=None if is_failed else _hash(db, content, platform, latest),
    )
    status, reason = _RESULTS[verdict.status]
    sight = Sight(
        capture=BackupCapture(
            backup,
            None if is_failed else content,
            None if facts.serial is None else facts.serial[:_LONGEST_SERIAL],
            finished.lease_token,
        ),
        transcript=(
            None
            if verdict.status is BackupStatus.COMPLETED
            else _doubtful(observation, capture, verdict, platform)
        ),
    )
    return Judged(
        finished=finished,
        status=status,
        reason=reason,
        message="" if status is ResultStatus.SUCCEEDED else _sentence(finished, verdict),
        sights=(sight,),
        facts=None if is_failed else DeviceFacts(model=facts.model, serial_number=facts.serial),
    )


def _transcript(report: FailureReport, finished: Collected) -> Transcript:
    platform = finished.planned.request.platform
    is_talk = bool(report.dialogue)
    advice = advise(report.dialogue, report.awaited, platform, PLATFORMS) if is_talk else ()
    return Transcript.of(report, advice=advice)


def _doubtful(
    observation: Observation, capture: Capture, verdict: Verdict, platform: Platform
) -> Transcript:
    """Return why a whole session gave no capture to rely on."""
    record = capture.record
    return Transcript(
        step="judgement",
        awaited="a complete configuration",
        advice=tuple(advise_on_doubts(verdict.evidence, platform)),
        dialogue="" if record is None else record.text(),
        typed=() if record is None else record.marks(),
        text=observation.text,
        negotiated=capture.negotiated,
    )


_LONGEST_SERIAL = 100
_RESULTS: Mapping[BackupStatus, tuple[ResultStatus, str | None]] = {
    BackupStatus.COMPLETED: (ResultStatus.SUCCEEDED, None),
    BackupStatus.QUARANTINED: (ResultStatus.FAILED, QUARANTINED),
    BackupStatus.FAILED: (ResultStatus.FAILED, INCOMPLETE),
}


def _failure(
    device: Planned | PassedOver, run_id: UUID, evidence: dict[str, JsonValue]
) -> BackupCapture:
    config_type = "running" if isinstance(device, PassedOver) else device.request.config_types[0]
    backup = BackupCreate(
        device_id=device.device_id,
        status=BackupStatus.FAILED,
        config_type=config_type,
        job_log_id=run_id,
        grade=Grade.F,
        evidence=evidence,
    )
    return BackupCapture(backup, lease_token=device.lease_token)


def _previous(latest: Backup | None) -> PreviousCapture | None:
    if latest is None or latest.size is None:
        return None
    return PreviousCapture.of(latest.size, latest.evidence)


def _hash(db: Session, content: bytes, platform: Platform, latest: Backup | None) -> str:
    """Return the hash that tells whether the text is the latest one's.

    Where other rules made the stored hash, its text is normalised anew: else a new program
    would give every device a new version.
    """
    stored = None if latest is None else latest.normal_hash
    if latest is None or stored is None:
        return normal_hash(content, platform)
    if latest.size == len(content) and latest.content_hash == content_hash(content):
        return stored  # as for most devices: to normalise takes seven times as long
    fresh = normal_hash(content, platform)
    if not rules_differ(fresh, stored):
        return fresh
    try:
        before = get_backup_content(db, latest.id)
    except Corrupt:  # `verify` tells; what the device says now is kept whatever
        return fresh
    is_same = before is not None and normal_hash(before, platform) == fresh
    return stored if is_same else fresh


def _lack(finished: Collected, platform: Platform, absent: Sequence[str]) -> str:
    which = " or ".join(absent)
    return f"{finished.hostname}: the platform {platform.name} has no {which} configuration"


def _sentence(finished: Collected, verdict: Verdict) -> str:
    return f"{finished.hostname}: {verdict.reason}"
