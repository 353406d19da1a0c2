"""A gate that remembers what came of the logins that passed it."""

from __future__ import annotations

from netraven.clock import now
from netraven.collect.pacing import Freeze, LoginGate, LoginResult, Verdict
from netraven.collect.target import Login


class Witness:
    """Stands before another gate; `results` and `freezes` are added to as logins end."""

    def __init__(self, gate: LoginGate, results: list[LoginResult], freezes: list[Freeze]) -> None:
        self._gate = gate
        self.results = results
        self.freezes = freezes

    async def approach(self, device_id: str, login: Login) -> None:
        """Pass on."""
        await self._gate.approach(device_id, login)

    async def admit(self, device_id: str, login: Login) -> None:
        """Pass on."""
        await self._gate.admit(device_id, login)

    def leave(self, device_id: str, login: Login, verdict: Verdict) -> Freeze | None:
        """Remember the verdict, unless nothing was tried, and the freeze that it brought about."""
        freeze = self._gate.leave(device_id, login, verdict)
        if freeze is not None:
            self.freezes.append(freeze)
        if verdict is not Verdict.UNTRIED:
            self.results.append(
                LoginResult(device_id=device_id, credential=login.name, verdict=verdict, at=now())
            )
        return freeze
