"""Logging in to one machine: its logins in order, each past the gate and on its own connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from netraven.collect.authentication import Peer
from netraven.collect.bridge import Bridges
from netraven.collect.limits import Limits
from netraven.collect.pacing import LoginGate, Verdict
from netraven.collect.privatekeys import PrivateKeys
from netraven.collect.ssh import Attempt, Connection
from netraven.collect.target import Login
from netraven.collect.walk import Step, Walk
from netraven.errors import LoginRefused, LoginWithheld

Opened = TypeVar("Opened")

_ON_SUCCESS = {Verdict.UNKNOWN: Verdict.ACCEPTED, Verdict.UNTRIED: Verdict.UNTRIED}
_ON_REFUSAL = {Verdict.UNKNOWN: Verdict.REFUSED, Verdict.UNTRIED: Verdict.UNTRIED}
"""What an outcome says of a login whose secret was shown, and of one whose secret was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the connections of one walk have in common."""

    limits: Limits
    gate: LoginGate
    keys: PrivateKeys
    bridges: Bridges = field(default_factory=Bridges)


async def log_in(
    peer: Peer,
    logins: tuple[Login, ...],
    walk: Walk,
    circumstances: Circumstances,
    *,
    tunnel: Connection | None,
    open_way: Callable[[Attempt, Walk], Awaitable[Opened]],
) -> tuple[Opened, Login]:
    """Return what `open_way` opens, logged in, and by which login; only a refusal leads on.

    Raises the `CollectError` that ended the last try, with every connection closed.
    """
    refusals: list[LoginRefused] = []
    for login in logins:
        try:
            connection = await _try_login(
                peer, login, walk, circumstances, tunnel=tunnel, open_way=open_way
            )
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
    open_way: Callable[[Attempt, Walk], Awaitable[Opened]],
) -> Opened:
    gate = circumstances.gate
    device_id = peer.device_id
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
        connection = await open_way(attempt, walk)
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
