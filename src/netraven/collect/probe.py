"""Whether a device can be collected, step by step: what `netraven device test` shows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from netraven.collect.arrival import Shared, arrived, open_session, reported
from netraven.collect.conversation import Step as TalkStep
from netraven.collect.entry import Circumstances
from netraven.collect.footprint import Footprint
from netraven.collect.limits import Limits
from netraven.collect.pacing import LoginGate, OpenGate
from netraven.collect.target import Login, Target
from netraven.collect.tunnels import Tunnels
from netraven.collect.walk import Pulse, Step, Talk, Walk
from netraven.errors import CollectError, FailureReport
from netraven.platforms.observation import Observation, Yields
from netraven.platforms.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """One step: its name, what it came to in one line, and how long it took."""

    name: str
    finding: str
    took_s: float
    is_ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """How a device was reached, as far as it went; `error` is None where it went to the end.

    `report` is the evidence, of a success too. `login_name` is the credential that the device
    took, `platform` the one that was asked for or that the device turned out to be. `version` is
    the answer to the platform's harmless version command, None where it has none or the walk
    ended before.
    """

    steps: tuple[ProbeStep, ...]
    error: CollectError | None
    report: FailureReport
    login_name: str | None
    platform: Platform
    prompt: str | None
    version: Observation | None
    took_s: float


async def probe(
    target: Target,
    logins: tuple[Login, ...],
    platform: Platform,
    limits: Limits,
    *,
    gate: LoginGate | None = None,
) -> ProbeReport:
    """Return how far a walk comes that logs in, reaches the prompt and asks for the version.

    A failure is part of the report and not raised; cancellation passes through.
    """
    shared = Shared()
    walk = Walk(target, logins, Pulse())
    circumstances = Circumstances(
        limits=limits, gate=gate or OpenGate(), keys=shared.keys, bridges=shared.bridges
    )
    seen = _Seen()
    error: CollectError | None = None
    try:
        looking = _look(platform, walk, circumstances, seen, tunnels=shared.tunnels)
        await reported(looking, walk, limits)
    except CollectError as fault:
        error = fault
    finally:
        await shared.close()
    report = error.report if error is not None else None
    return ProbeReport(
        steps=tuple(_tell(walk, seen, error)),
        error=error,
        report=report or walk.report(CollectError("", step=walk.place())),
        login_name=seen.login_name,
        platform=seen.platform or platform,
        prompt=walk.talk.prompt if walk.talk else None,
        version=seen.version,
        took_s=walk.took_s(),
    )


@dataclass(slots=True)
class _Seen:
    login_name: str | None = None
    platform: Platform | None = None
    version: Observation | None = None


async def _look(
    platform: Platform,
    walk: Walk,
    circumstances: Circumstances,
    seen: _Seen,
    *,
    tunnels: Tunnels,
) -> None:
    async with arrived(walk, circumstances, tunnels, platform) as arrival:
        seen.login_name = arrival.login.name
        session = await open_session(arrival, platform, walk, circumstances.limits)
        seen.platform = session.platform
        for command in session.platform.commands_for(Yields.VERSION)[:1]:
            seen.version = await session.run(command)
        await session.leave()


def _tell(walk: Walk, seen: _Seen, error: CollectError | None) -> Iterator[ProbeStep]:
    """Yield the steps in order; where a login is tried anew, its connection is told anew."""
    talked = walk.talk.trail if walk.talk else ()
    prints = [*walk.trail, *talked]
    ends_s = [footprint.at_s for footprint in prints] + [asyncio.get_running_loop().time()]
    told = [
        (footprint, end_s)
        for footprint, end_s in zip(prints, ends_s[1:], strict=True)
        if footprint.step != TalkStep.LEAVE
    ]
    for footprint, end_s in told:
        is_last = error is not None and footprint is told[-1][0]
        yield ProbeStep(
            name=footprint.step,
            finding=str(error) if is_last else _finding(footprint, walk.talk, seen),
            took_s=end_s - footprint.at_s,
            is_ok=footprint.is_ok and not is_last,
        )
    if error is not None and not told:
        yield ProbeStep(name=error.step, finding=str(error), took_s=0.0, is_ok=False)


def _finding(footprint: Footprint, session: Talk | None, seen: _Seen) -> str:
    if footprint.finding or session is None:
        return footprint.finding
    if footprint.step == TalkStep.LOGIN:
        return f"the prompt is {session.prompt}" if session.prompt else "a prompt is there"
    if footprint.step == TalkStep.ENABLE:
        return "the privileges are there"
    if footprint.step == TalkStep.PREPARE:
        refused = ", ".join(session.refused)
        return f"the device does not know {refused}" if refused else "the pager is off"
    if footprint.step == TalkStep.COMMAND and seen.version is not None:
        lines = seen.version.text.count("\n")
        return f"'{seen.version.command}' answers {lines} lines"
    return "the device gives one" if footprint.step == Step.SHELL else ""
