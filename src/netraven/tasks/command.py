"""Read-only commands on many devices: the answers are kept in the run's log, as views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from netraven.admin.audit import audit
from netraven.admin.installation import get_installation_key
from netraven.archive.dialogues import bounded
from netraven.archive.redact import redact
from netraven.collect.answer import is_refused
from netraven.db import unit_of_work
from netraven.db.enums import ResultStatus
from netraven.jobs.commands import CommandRules, get_command_rules
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Command, Platform
from netraven.schemas.job import JobLogEntryCreate
from netraven.tasks.collecting import Collection, in_thread
from netraven.tasks.judging import Finished
from netraven.tasks.plan import Terms, read_terms
from netraven.tasks.result_keeping import ResultKeeper, Told, told, told_failure
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
    terms, rules, key = await in_thread(work.collector.loading, _begin, work, commands)
    with work.collector.joined(terms, is_interactive=work.is_interactive) as share:
        ask = partial(_ask, commands, rules)
        keeper = partial(ResultKeeper, partial(_answered, key))
        await Collection(work, terms, share, ask=ask, keeper=keeper).conduct()


def answered(results: Mapping[ResultStatus, int]) -> str:
    """Return how a run ended, in one sentence."""
    good = results.get(ResultStatus.SUCCEEDED, 0)
    return f"{good} of {counted(sum(results.values()), 'device')} answered every command"


def _commands(work: Work) -> tuple[str, ...]:
    given = work.options.get("commands")
    return tuple(str(text) for text in given) if isinstance(given, list) else ()


def _begin(work: Work, commands: Sequence[str]) -> tuple[Terms, CommandRules, bytes]:
    with work.reading() as db:
        terms, rules, key = read_terms(db), get_command_rules(db), get_installation_key(db)
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
    return replace(terms, limits=limits), rules, key


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


def _answered(key: bytes, finished: Finished) -> Told:
    capture = None if isinstance(finished, PassedOver) else finished.outcome.capture
    if capture is None:
        return told_failure(finished)
    platform, answers = capture.platform, capture.observations
    refused = [one.command for one in answers if is_refused(one.text, platform)]
    entries = tuple(_entries(finished, answers, platform, key))
    if refused:
        message = f"{finished.hostname} does not take {', '.join(map(repr, refused))}"
        done = told(finished, ResultStatus.FAILED, reason="command_refused", message=message)
        return Told(done, entries)
    return Told(told(finished, ResultStatus.SUCCEEDED), entries)


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
