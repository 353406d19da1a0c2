"""When a login may be tried: what keeps a sweep from locking accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from netraven.collect.target import Login


class Verdict(StrEnum):
    """What came of a login: unknown where the device did not answer, untried where never asked."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A credential that nobody may use until a person has looked at it, and why."""

    credential: str
    domain: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginResult:
    """What one device, or a jump host on the way to it, made of one credential, and when."""

    device_id: str
    credential: str
    verdict: Verdict
    at: datetime


class LoginGate(Protocol):
    """Stands before every login of a sweep; its state may be shared by all processes.

    For each login: `approach` before the device is dialled, `admit` before its secret is
    shown, and, where `approach` returned, exactly one `leave` at the end.
    """

    async def approach(self, device_id: str, login: Login) -> None:
        """Return where dialling makes sense now.

        Raises `LoginWithheld` where the login must not be tried on this device at all,
        `LoginPostponed` where its turn comes later.
        """

    async def admit(self, device_id: str, login: Login) -> None:
        """Return when the secret may be shown; raises as `approach` does."""

    def leave(self, device_id: str, login: Login, verdict: Verdict) -> Freeze | None:
        """Take note of what came of it; return the freeze that follows from it, if any."""


class OpenGate:
    """Lets every login pass: for one device that a person asks for."""

    async def approach(self, device_id: str, login: Login) -> None:
        """Return at once."""

    async def admit(self, device_id: str, login: Login) -> None:
        """Return at once."""

    def leave(self, device_id: str, login: Login, verdict: Verdict) -> None:
        """Forget it."""
