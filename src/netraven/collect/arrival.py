"""From a target to a connection that is logged in: jump hosts first, then logins in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import TypeVar

from netraven.collect.authentication import Peer
from netraven.collect.limits import Limits
from netraven.collect.pacing import LoginGate, Verdict
from netraven.collect.privatekeys import PrivateKeys
from netraven.collect.session import Session
from netraven.collect.ssh import Attempt, Connection, open_connection, open_shell
from netraven.collect.target import Login, Target
from netraven.collect.walk import Step, Walk
from netraven.errors import CollectError, DeviceTimeout, LoginRefused, LoginWithheld
from netraven.platforms.platform import Platform

T = TypeVar("T")

_ON_SUCCESS = {Verdict.UNKNOWN: Verdict.ACCEPTED, Verdict.UNTRIED: Verdict.UNTRIED}
_ON_REFUSAL = {Verdict.UNKNOWN: Verdict.REFUSED, Verdict.UNTRIED: Verdict.UNTRIED}
"""What an outcome says of a login whose secret was shown, and of one whose secret was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What all connections of a sweep have in common."""

    limits: Limits
    gate: LoginGate
    keys: PrivateKeys


@dataclass(frozen=True, slots=True)
class Arrival:
    """A connection that is logged in, and the login that the device took."""

    connection: Connection
    login: Login


async def reported(walking: Awaitable[T], walk: Walk, limits: Limits) -> T:
    """Bound a walk by its absolute deadline, and give every `CollectError` its report."""
    clock = asyncio.timeout(limits.deadline_s)
    try:
        async with clock:
            walk.deadline_at = clock.when()
            return await walking
    except CollectError as error:
        if walk.talk is not None:
            error.args = (f"{walk.name}: {error}",)
        error.report = walk.report(error)
        raise
    except TimeoutError:
        if not clock.expired():
            raise
        late = DeviceTimeout(
            f"{walk.name} was not done within {limits.deadline_s:g} s; it stopped {walk.place()}",
            step=walk.place(),
            awaited=walk.awaited,
        )
        late.report = walk.report(late)
        raise late from None


@contextlib.asynccontextmanager
async def arrived(walk: Walk, circumstances: Circumstances) -> AsyncIterator[Arrival]:
    """Give the device's connection, past its jump hosts; closed at once when the block is left."""
    opened: list[Connection] = []
    try:
        for jump in walk.target.jump:
            tunnel = opened[-1] if opened else None
            connection, _ = await _log_in(jump, jump.logins, walk, circumstances, tunnel=tunnel)
            opened.append(connection)
        tunnel = opened[-1] if opened else None
        connection, login = await _log_in(
            walk.target, walk.logins, walk, circumstances, tunnel=tunnel
        )
        opened.append(connection)
        yield Arrival(connection, login)
    finally:
        for connection in reversed(opened):
            connection.close()


async def open_session(arrival: Arrival, platform: Platform, walk: Walk, limits: Limits) -> Session:
    """Return a session that has its prompt and its privileges and is not paged."""
    shell = await open_shell(arrival.connection, walk, limits)
    login = arrival.login
    session = Session(
        shell,
        platform,
        limits,
        enable_secret=login.enable_secret,
        deadline_at=walk.deadline_at,
    )
    walk.talk = session
    if login.password:
        session.dialogue.hide(login.password)
    await session.open()
    return session


async def _log_in(
    peer: Peer,
    logins: tuple[Login, ...],
    walk: Walk,
    circumstances: Circumstances,
    *,
    tunnel: Connection | None,
) -> tuple[Connection, Login]:
    """Try the logins in order, each on a connection of its own; only a refusal leads on."""
    refusals: list[LoginRefused] = []
    for login in logins:
        try:
            connection = await _try_login(peer, login, walk, circumstances, tunnel=tunnel)
        except LoginRefused as refusal:
            refusals.append(refusal)
            if isinstance(refusal, LoginWithheld):
                walk.begin(Step.LOGIN, "")
            else:
                walk.refused_logins.append(login.name)
            walk.note(Step.LOGIN, str(refusal), is_ok=False)
            continue
        return connection, login
    raise _nothing_left(peer, refusals)


async def _try_login(
    peer: Peer,
    login: Login,
    walk: Walk,
    circumstances: Circumstances,
    *,
    tunnel: Connection | None,
) -> Connection:
    gate = circumstances.gate
    device_id = peer.device_id if isinstance(peer, Target) else peer.hostname
    await gate.approach(device_id, login)
    verdict = Verdict.UNTRIED

    async def admission() -> None:
        nonlocal verdict
        await gate.admit(device_id, login)
        verdict = Verdict.UNKNOWN

    try:
        attempt = Attempt(
            peer=peer,
            login=login,
            key=await circumstances.keys.open(login),
            limits=circumstances.limits,
            admission=admission,
            tunnel=tunnel,
        )
        connection = await open_connection(attempt, walk)
        verdict = _ON_SUCCESS[verdict]
    except LoginRefused:
        verdict = _ON_REFUSAL[verdict]
        raise
    finally:
        gate.leave(device_id, login, verdict)
    return connection


def _nothing_left(peer: Peer, refusals: list[LoginRefused]) -> LoginRefused:
    """One error for all logins: withheld only where the device was not asked at all."""
    if len(refusals) == 1 and not isinstance(refusals[0], LoginWithheld):
        return refusals[0]
    name = peer.hostname
    if not refusals:
        return LoginWithheld(
            f"{name} has no login; assign a credential to it or to one of its tags",
            step=Step.LOGIN,
        )
    if all(isinstance(refusal, LoginWithheld) for refusal in refusals):
        reasons = "; ".join(str(refusal) for refusal in refusals)
        return LoginWithheld(f"{name} has no usable login: {reasons}", step=Step.LOGIN)
    reasons = "; ".join(str(refusal) for refusal in refusals)
    return LoginRefused(f"{name} takes none of its logins: {reasons}", step=Step.LOGIN)
