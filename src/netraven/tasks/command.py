"""Read-only commands on many devices: the answers are kept in the run's log, as views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from netraven.admin.audit import audit
from netraven.admin.installation import get_installation_key
from netraven.archive.dialogues import bounded
from netraven.archive.redact import redact
from netraven.collect.answer import is_refused
from netraven.db import unit_of_work
from netraven.db.enums import LogLevel, ResultStatus
from netraven.jobs.commands import CommandRules, get_command_rules
from netraven.jobs.entries import append_job_log_entries
from netraven.jobs.leases import release_device_leases
from netraven.jobs.results import record_job_results
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Command, Platform
from netraven.schemas.job import JobLogEntryCreate, JobResultCreate
from netraven.tasks.acquaintance import keep_acquaintance, refusals
from netraven.tasks.collecting import Collection, in_thread
from netraven.tasks.judging import Finished
from netraven.tasks.plan import Terms, read_terms
from netraven.tasks.progress import DeviceDone
from netraven.tasks.shards import PassedOver, Planned
from netraven.tasks.task import Work
from netraven.tasks.words import counted

ANSWER: Final = "answer"
"""The category of the entries that hold what devices answered."""

_MOST_RECEIVED: Final = 4 * 1024 * 1024
_MOST_KEPT: Final = 64 * 1024


async def run_commands(work: Work) -> None:
    """Give the run's commands to a shard's devices, and keep a redacted view of the answers.

    A device whose platform does not declare a command harmless, where no administrator allows it,
    is left alone. Raises as `Collection.conduct` does.
    """
    commands = _commands(work)
    terms, rules = await in_thread(work.collector.loading, _begin, work, commands)
    with work.collector.joined(terms, is_interactive=work.is_interactive) as share:
        ask = partial(_ask, commands, rules)
        await Collection(work, terms, share, ask=ask, keeper=_Keeper).conduct()


def answered(results: Mapping[ResultStatus, int]) -> str:
    """Return how a run ended, in one sentence."""
    good = results.get(ResultStatus.SUCCEEDED, 0)
    return f"{good} of {counted(sum(results.values()), 'device')} answered every command"


def _commands(work: Work) -> tuple[str, ...]:
    given = work.options.get("commands")
    return tuple(str(text) for text in given) if isinstance(given, list) else ()


def _begin(work: Work, commands: Sequence[str]) -> tuple[Terms, CommandRules]:
    with work.reading() as db:
        terms, rules = read_terms(db), get_command_rules(db)
    if work.shard_number == 1 and work.attempt == 1:
        with unit_of_work(work.sessions, actor=work.actor) as db:
            audit(
                db,
                event_name="commands_run",
                target_type="job_log",
                target_id=work.run_id,
                target_name="command",
                description=f"began to give {counted(len(commands), 'command')} to devices",
                changes={"commands": list(commands)},
            )
    limits = replace(terms.limits, max_bytes=min(terms.limits.max_bytes, _MOST_RECEIVED))
    return replace(terms, limits=limits), rules


def _ask(commands: Sequence[str], rules: CommandRules, planned: Planned) -> Planned | PassedOver:
    """Return the device with the commands for it, or why it is left alone."""
    platform = planned.request.platform
    for text in commands:
        objection = rules.objection(text, platform)
        if objection is not None:
            return PassedOver(
                device_id=planned.device_id,
                hostname=planned.hostname,
                status=ResultStatus.FAILED,
                reason="command_not_allowed",
                message=objection,
                lease_token=planned.lease_token,
            )
    wanted = tuple(Command(text=text, yields=Yields.VERSION) for text in commands)
    return replace(planned, request=replace(planned.request, commands=wanted))


@dataclass(frozen=True, slots=True)
class _Answered:
    """What became of one device, with the lines for the run's log."""

    done: DeviceDone
    entries: tuple[JobLogEntryCreate, ...] = ()


class _Keeper:
    """Keeps answers, results, host keys and counts of logins, a batch in one transaction."""

    def __init__(self, work: Work, credential_ids: Mapping[str, UUID]) -> None:
        self._work = work
        self._credential_ids = credential_ids

    def keep(self, batch: Sequence[Finished], /) -> list[DeviceDone]:
        """Keep all of the batch; raises Conflict("shard") where it is another worker's."""
        with self._work.reading() as db:
            key = get_installation_key(db)
        told = [_answered(one, key) for one in batch]
        results = {
            one.device_id: _result(one, each.done) for one, each in zip(batch, told, strict=True)
        }
        entries = [
            entry
            for one, each in zip(batch, told, strict=True)
            for entry in (*refusals(one), *each.entries)
        ]
        tokens = {one.device_id: one.lease_token for one in batch}
        with self._work.writing() as db:
            record_job_results(db, self._work.run_id, results)
            keep_acquaintance(db, batch, self._credential_ids)
            if entries:
                append_job_log_entries(db, self._work.run_id, entries)
            release_device_leases(db, {one: held for one, held in tokens.items() if held})
        return [each.done for each in told]


def _answered(finished: Finished, key: bytes) -> _Answered:
    if isinstance(finished, PassedOver):
        return _failed(finished, finished.reason, finished.message, status=finished.status)
    outcome = finished.outcome
    if outcome.error is not None:
        return _failed(finished, outcome.error.code, str(outcome.error))
    if outcome.capture is None:
        message = f"{finished.hostname} was not asked: the run was stopped"
        return _failed(finished, None, message, status=ResultStatus.CANCELLED)
    platform = outcome.capture.platform
    answers = outcome.capture.observations
    refused = [one.command for one in answers if is_refused(one.text, platform)]
    entries = tuple(_entries(finished, answers, platform, key))
    if refused:
        message = f"{finished.hostname} does not take {', '.join(map(repr, refused))}"
        return _Answered(_failed(finished, "command_refused", message).done, entries)
    return _Answered(_done(finished, ResultStatus.SUCCEEDED), entries)


def _entries(
    finished: Finished, answers: Sequence[Observation], platform: Platform, key: bytes
) -> Iterator[JobLogEntryCreate]:
    for answer in answers:
        # Redacted first: a secret that is cut in half would be none that a rule knows.
        view = redact(answer.text, platform, key)
        shown = bounded(view, _MOST_KEPT)
        yield JobLogEntryCreate(
            category=ANSWER,
            device_id=finished.device_id,
            message=f"{finished.hostname}: {answer.command}",
            details={
                "command": answer.command,
                "answer": shown.encode("utf-8", "replace").decode(),
                "is_whole": len(shown) == len(view),
                "took_ms": round(answer.took_s * 1000),
            },
        )


def _failed(
    finished: Finished,
    reason: str | None,
    message: str,
    *,
    status: ResultStatus = ResultStatus.FAILED,
) -> _Answered:
    entry = JobLogEntryCreate(
        level=LogLevel.ERROR,
        category="collect",
        device_id=finished.device_id,
        message=message,
        details={"reason": reason},
    )
    done = _done(finished, status, reason=reason, message=message)
    return _Answered(done, (entry,) if status is ResultStatus.FAILED else ())


def _done(
    finished: Finished, status: ResultStatus, *, reason: str | None = None, message: str = ""
) -> DeviceDone:
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
