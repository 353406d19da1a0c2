"""A platform proven against a recorded session, step by step, without any device."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final

from netraven.archive.grade import grade
from netraven.collect.advice import advise
from netraven.collect.dialogue import TYPED_SECRET
from netraven.collect.limits import Limits
from netraven.collect.recording import Recording
from netraven.collect.replay import Replay
from netraven.collect.session import Session
from netraven.db.enums import BackupStatus
from netraven.errors import CollectError, DialogueFailed
from netraven.platforms.observation import CONFIGURATIONS, Observation, Yields
from netraven.platforms.platform import Command, Platform
from netraven.platforms.registry import PLATFORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofStep:
    """One step of a session: what came of it in one line, and more on what differs."""

    name: str
    finding: str
    is_ok: bool = True
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proving:
    """What a platform makes of a recording; `observations` are what it read.

    It `is_compared` where the recording says what is right.
    """

    steps: tuple[ProofStep, ...]
    observations: tuple[Observation, ...] = field(default=(), repr=False)
    is_compared: bool = False

    @property
    def is_proven(self) -> bool:
        """Every step went as it should."""
        return all(step.is_ok for step in self.steps)


def prove(recording: Recording, platform: Platform, *, shows_words: bool = True) -> Proving:
    """Return how a session of the platform goes with the recorded device.

    Without `shows_words` nothing that the device said is in the steps but its prompt: what was
    kept of a real session holds secrets.
    Takes some seconds where a session waits for more, and never longer than a minute. Blocks, on
    an event loop of its own.
    """
    return asyncio.run(follow(recording, platform, shows_words=shows_words))


async def follow(recording: Recording, platform: Platform, *, shows_words: bool = True) -> Proving:
    """Return the same within an event loop that runs."""
    replay = Replay(recording)
    session = Session(replay, platform, _LIMITS, enable_secret=TYPED_SECRET)
    steps: list[ProofStep] = []
    observations: list[Observation] = []
    try:
        await session.open()
        steps.append(ProofStep(name="prompt", finding=f"it is {session.prompt}"))
        steps.append(_prepared(session))
        for command in platform.commands:
            taken = _in_recorded_spelling(recording, command)
            if taken is None:
                steps.append(_not_recorded(recording, command))
                continue
            try:
                observation = await session.run(taken)
            except DialogueFailed as refusal:
                steps.append(_refused(taken, refusal, recording))
                continue
            observations.append(observation)
            steps.append(_judged(observation, recording, platform))
    except CollectError as error:
        steps.append(_stopped(session, platform, error, shows_words=shows_words))
    finally:
        await session.leave()
    if not recording.is_partial:
        steps += _strays(replay, platform)
    return Proving(
        steps=tuple(steps),
        observations=tuple(observations),
        is_compared=bool(recording.answers),
    )


_LIMITS: Final = Limits(idle_s=2.0, deadline_s=60.0)
_SHOWN: Final = 120


def _prepared(session: Session) -> ProofStep:
    refused = ", ".join(session.refused)
    finding = f"the device does not know {refused}" if refused else "the terminal is set up"
    return ProofStep(name="preparation", finding=finding)


def _in_recorded_spelling(recording: Recording, command: Command) -> Command | None:
    """Return the command from the first spelling on that was recorded, None without any."""
    typed = {exchange.typed for exchange in recording.exchanges}
    spellings = (command.text, *command.alternatives)
    for number, text in enumerate(spellings):
        if text in typed:
            return replace(command, text=text, alternatives=spellings[number + 1 :])
    return command if typed.intersection(command.parts) else None


def _refused(command: Command, refusal: DialogueFailed, recording: Recording) -> ProofStep:
    """A startup configuration may be refused; where it was recorded so, it should be."""
    is_missed = command.yields is Yields.RUNNING or any(
        answer.yields is command.yields for answer in recording.answers
    )
    return ProofStep(name=command.text, finding=str(refusal), is_ok=not is_missed)


def _not_recorded(recording: Recording, command: Command) -> ProofStep:
    """A recording of another tool need not hold all; one of ours does, or the platform changed."""
    if command.file is not None:
        return ProofStep(name=command.text, finding="copies a file, which no recording holds")
    return ProofStep(
        name=command.text,
        finding=f"the command for `{command.yields}` is not in the recording",
        is_ok=recording.is_partial and command.yields is not Yields.RUNNING,
    )


def _judged(observation: Observation, recording: Recording, platform: Platform) -> ProofStep:
    lines = observation.text.count("\n")
    finding = f"{lines} lines"
    is_ok = True
    if observation.yields in CONFIGURATIONS:
        verdict = grade(observation, platform, None)
        finding += f", grade {verdict.grade}: {verdict.reason}"
        is_ok = verdict.status is BackupStatus.COMPLETED
    expected = recording.answer(observation.yields, observation.command)
    details: tuple[str, ...] = ()
    if expected is None and not recording.is_partial:
        details = ("the recording does not say what this command yields",)
    elif expected is not None and expected.text != observation.text:
        finding, is_ok = f"{finding}; it differs from what was recorded", False
        details = _difference(expected.text, observation.text)
    return ProofStep(name=observation.command, finding=finding, is_ok=is_ok, details=details)


def _difference(expected: str, found: str) -> tuple[str, ...]:
    """Return in words where two texts begin to differ, and how many lines each has."""
    before, after = expected.split("\n"), found.split("\n")
    pairs = enumerate(zip_longest(before, after), start=1)
    number, (a, b) = next((pair for pair in pairs if pair[1][0] != pair[1][1]), (0, ("", "")))
    return (
        f"line {number} was recorded as {_shown(a)}",
        f"and is now                {_shown(b)}",
        f"{len(before) - 1} lines were recorded, {len(after) - 1} come now",
    )


def _shown(line: str | None) -> str:
    return "nothing more" if line is None else repr(line[:_SHOWN])


def _stopped(
    session: Session, platform: Platform, error: CollectError, *, shows_words: bool
) -> ProofStep:
    record = session.dialogue.text()
    words = (f"last seen: {session.dialogue.last(_SHOWN)}",) if shows_words else ()
    return ProofStep(
        name=error.step,
        finding=str(error),
        is_ok=False,
        details=(
            f"awaited: {error.awaited}",
            *words,
            *advise(record, error.awaited, platform, PLATFORMS),
        ),
    )


def _strays(replay: Replay, platform: Platform) -> list[ProofStep]:
    """Return what was typed though it was not recorded; preparing and leaving may differ."""
    may_differ = {*platform.paging_off, *platform.leave}
    strays = [text for text in dict.fromkeys(replay.strays) if text not in may_differ]
    return [
        ProofStep(
            name=text, finding="it is typed, and the recording has no answer to it", is_ok=False
        )
        for text in strays
    ]
