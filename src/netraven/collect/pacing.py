"""When a login may be tried: what keeps a sweep from locking accounts."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from netraven.collect.target import Login


class Verdict(StrEnum):
    """What came of a login: unknown where the device went away or did not answer."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class LoginGate(Protocol):
    """Stands before every login of a sweep; its state may be shared by all processes.

    For each login: `objection` before the device is dialled, `admit` before its secret is
    shown, and after an `admit` that returned exactly one `leave`.
    """

    def objection(self, device_id: str, login: Login) -> str | None:
        """Return why this login must not be tried on this device at all, None where it may."""

    async def admit(self, device_id: str, login: Login) -> None:
        """Return when the secret may be shown.

        Raises `LoginWithheld` where it may not any more, `LoginPostponed` where its turn does
        not come soon.
        """

    def leave(self, device_id: str, login: Login, verdict: Verdict) -> None:
        """Take note of what came of a login that was admitted."""


class OpenGate:
    """Lets every login pass: for one device that a person asks for."""

    def objection(self, device_id: str, login: Login) -> str | None:
        """Return None."""
        del device_id, login
        return None

    async def admit(self, device_id: str, login: Login) -> None:
        """Return at once."""

    def leave(self, device_id: str, login: Login, verdict: Verdict) -> None:
        """Forget it."""
