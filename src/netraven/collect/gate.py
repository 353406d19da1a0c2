"""The gate of a sweep in one process: ramp-up, freezes, and fewer logins after refusals."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from netraven.collect.pacing import Freeze, Verdict
from netraven.collect.target import Login
from netraven.collect.walk import Step
from netraven.errors import LoginPostponed, LoginWithheld

_UNTOLD_S: Final = 30.0
_REFUSALS_TO_FREEZE: Final = 2
_MINUTE_S: Final = 60.0
_AT_ONCE_S: Final = 1.0
_ASK_AGAIN_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPolicy:
    """How careful logins are; the first three are the settings `security.device_login.*`.

    `rate_per_minute` holds per domain while a refusal in it is younger than the window; 0 is no
    limit. `patience_s` is how long an open connection waits for its turn to log in.
    `unproven_at_once` logins are under way with a credential that no device has taken yet.
    """

    max_auth_failures: int = 2
    window_minutes: int = 30
    rate_per_minute: int = 30
    patience_s: float = 20.0
    unproven_at_once: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginHistory:
    """What is known of logins when a sweep begins; credentials by name.

    `accepted`: those that a device took within the last ten minutes. `frozen`: why. `refusals`:
    how often each (device id, credential) was refused within the window. `refused_ago_s`: per
    domain (`Login.domain`) the seconds since the last refusal.
    """

    accepted: frozenset[str] = frozenset()
    frozen: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    refused_ago_s: Mapping[str, float] = field(default_factory=dict)


class SweepGate:
    """Keeps a wrong password from locking accounts; all logins of a process pass the same one.

    - Until a device has taken a credential, at most two logins with it are under way, counted
      from the moment its secret would be shown.
    - A credential that two different devices refuse in a row is frozen: nobody tries it again.
    - A credential that a device has refused `max_auth_failures` times is left alone there.
    - While a refusal is fresh, its domain gets `rate_per_minute` logins, that many at first.

    `on_freeze` is called at once, within the refusal. `may_prove` says whether this process may
    show a secret that no device has taken yet, or has to wait for another one's `notice`. What
    other processes learn is told by `freeze` and `accept`. `hostname_of` gives the name by which
    people know a device id.
    """

    def __init__(
        self,
        policy: LoginPolicy,
        history: LoginHistory | None = None,
        *,
        on_freeze: Callable[[Freeze], None] | None = None,
        may_prove: Callable[[str], bool] = lambda _: True,
        hostname_of: Callable[[str], str] = str,
    ) -> None:
        history = history or LoginHistory()
        self._hostname_of = hostname_of
        self._policy = policy
        self._on_freeze = on_freeze
        self._may_prove = may_prove
        self._accepted = set(history.accepted)
        self._frozen = dict(history.frozen)
        self._refusals = Counter(history.refusals)
        self._refused_ago_s = dict(history.refused_ago_s)
        self._refused_at_s: dict[str, float] = {}
        self._frozen_at_s: dict[str, float] = {}
        self._streaks: dict[str, list[str]] = {}
        self._under_way: Counter[str] = Counter()
        self._admitted: set[tuple[str, str]] = set()
        self._slots: dict[tuple[str, str], float] = {}
        self._next_slot_s: dict[str, float] = {}
        self._change = asyncio.Event()

    def learn(self, policy: LoginPolicy, history: LoginHistory) -> None:
        """Take over what the database says now: a new run begins beside others.

        What happened here within the last half minute may not stand there yet, so it holds on. A
        credential that was thawed begins anew.
        """
        now_s = asyncio.get_running_loop().time()
        self._policy = policy
        own = {name for name, at_s in self._frozen_at_s.items() if now_s - at_s < _UNTOLD_S}
        for name in self._frozen.keys() - history.frozen.keys() - own:
            self._forget(name)
        self._frozen |= history.frozen
        self._accepted |= history.accepted - self._frozen.keys() - self._streaks.keys()
        for key, count in history.refusals.items():
            self._refusals[key] = max(self._refusals[key], count)
        for domain, ago_s in history.refused_ago_s.items():
            at_s = now_s - ago_s
            self._refused_at_s[domain] = max(self._refused_at_s.get(domain, at_s), at_s)
        self._notify()

    def freeze(self, credential: str, reason: str) -> None:
        """Withhold a credential from now on, as another process or a person decided."""
        self._frozen[credential] = reason
        self._notify()

    def accept(self, credential: str) -> None:
        """Take a credential as proven: a device has taken it, here or elsewhere."""
        self._accepted.add(credential)
        self._streaks.pop(credential, None)
        self._notify()

    def hear(self, accepted: Collection[str]) -> None:
        """Take credentials as proven by others, except those that devices refused here since."""
        for credential in set(accepted) - self._streaks.keys() - self._frozen.keys():
            self.accept(credential)

    def notice(self) -> None:
        """Let those who wait look again: what they wait for may be there."""
        self._notify()

    def is_proven(self, credential: str) -> bool:
        """Tell whether a device has taken it, and none has refused it since."""
        return credential in self._accepted

    async def approach(self, device_id: str, login: Login) -> None:
        """Return where dialling makes sense now; see `LoginGate`."""
        self._object(device_id, login)
        wait_s = self._slot_wait_s(device_id, login)
        if wait_s > _AT_ONCE_S:
            raise self._postponed(login, wait_s)
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    async def admit(self, device_id: str, login: Login) -> None:
        """Return when the secret may be shown; see `LoginGate`."""
        now_s = asyncio.get_running_loop().time()
        give_up_at_s = now_s + self._policy.patience_s
        while True:
            self._object(device_id, login)
            wait_s = self._slot_wait_s(device_id, login)
            if wait_s > self._policy.patience_s:
                raise self._postponed(login, wait_s)
            if wait_s == 0 and self._may_ramp(login):
                break
            await self._changed(wait_s or give_up_at_s - now_s)
            now_s = asyncio.get_running_loop().time()
            if now_s >= give_up_at_s:
                raise self._postponed(login, None)
        self._under_way[login.name] += 1
        self._admitted.add((device_id, login.name))

    def leave(self, device_id: str, login: Login, verdict: Verdict) -> Freeze | None:
        """Take note of what came of a login; return the freeze that follows from it."""
        self._give_slot_back(device_id, login, verdict)
        if (device_id, login.name) in self._admitted:
            self._admitted.discard((device_id, login.name))
            self._under_way[login.name] -= 1
        freeze = None
        if verdict is Verdict.ACCEPTED:
            self.accept(login.name)
        elif verdict is Verdict.REFUSED:
            freeze = self._refuse(device_id, login)
        self._notify()
        return freeze

    def _refuse(self, device_id: str, login: Login) -> Freeze | None:
        """A refusal also ends the proof: hundreds may be under way with a changed password."""
        self._accepted.discard(login.name)
        self._refusals[device_id, login.name] += 1
        self._refused_at_s[login.domain] = asyncio.get_running_loop().time()
        streak = self._streaks.setdefault(login.name, [])
        if device_id not in streak:
            streak.append(device_id)
        if len(streak) < _REFUSALS_TO_FREEZE or login.name in self._frozen:
            return None
        freeze = Freeze(
            credential=login.name,
            domain=login.domain,
            reason=f"refused by {' and '.join(map(self._hostname_of, streak))} one after the other",
        )
        self._frozen[login.name] = freeze.reason
        self._frozen_at_s[login.name] = asyncio.get_running_loop().time()
        if self._on_freeze is not None:
            self._on_freeze(freeze)
        return freeze

    def _forget(self, credential: str) -> None:
        self._frozen.pop(credential, None)
        self._frozen_at_s.pop(credential, None)
        self._streaks.pop(credential, None)
        for key in [key for key in self._refusals if key[1] == credential]:
            del self._refusals[key]

    def _object(self, device_id: str, login: Login) -> None:
        if login.name in self._frozen:
            raise LoginWithheld(
                f"credential {login.name} is frozen ({self._frozen[login.name]});"
                " set its secret anew or thaw it",
                step=Step.TURN,
            )
        refusals = self._refusals[device_id, login.name]
        if refusals >= self._policy.max_auth_failures:
            raise LoginWithheld(
                f"credential {login.name} is left alone here: refused {refusals} times within"
                f" {self._policy.window_minutes} minutes",
                step=Step.TURN,
            )

    def _may_ramp(self, login: Login) -> bool:
        """A refusal takes one of the two places: a wrong secret is shown twice, not three times."""
        refused = len(self._streaks.get(login.name, ()))
        room = max(1, self._policy.unproven_at_once - refused)
        if login.name in self._accepted:
            return True
        return self._under_way[login.name] < room and self._may_prove(login.name)

    def _slot_wait_s(self, device_id: str, login: Login) -> float:
        """Return the seconds until the turn of this login; it keeps the turn it has once got."""
        now_s = asyncio.get_running_loop().time()
        if not self._is_limited(login.domain, now_s):
            return 0.0
        slot_s = self._slots.get((device_id, login.name))
        if slot_s is None:
            interval_s = _MINUTE_S / self._policy.rate_per_minute
            burst_from_s = now_s - _MINUTE_S + interval_s
            slot_s = max(self._next_slot_s.get(login.domain, burst_from_s), burst_from_s)
            self._next_slot_s[login.domain] = slot_s + interval_s
            self._slots[device_id, login.name] = slot_s
        return max(0.0, slot_s - now_s)

    def _give_slot_back(self, device_id: str, login: Login, verdict: Verdict) -> None:
        """A turn yet to come is kept; one that came and was not used goes to somebody else."""
        slot_s = self._slots.get((device_id, login.name))
        if slot_s is None:
            return
        is_unused = verdict is Verdict.UNTRIED
        if is_unused and slot_s > asyncio.get_running_loop().time():
            return
        del self._slots[device_id, login.name]
        if is_unused:
            self._next_slot_s[login.domain] -= _MINUTE_S / self._policy.rate_per_minute

    def _is_limited(self, domain: str, now_s: float) -> bool:
        if self._policy.rate_per_minute == 0:
            return False
        if domain in self._refused_ago_s:
            self._refused_at_s.setdefault(domain, now_s - self._refused_ago_s.pop(domain))
        refused_at_s = self._refused_at_s.get(domain)
        window_s = self._policy.window_minutes * _MINUTE_S
        return refused_at_s is not None and now_s - refused_at_s < window_s

    def _postponed(self, login: Login, wait_s: float | None) -> LoginPostponed:
        if wait_s is None:
            reason = "no device has taken it yet, and the logins under way have no answer"
        else:
            reason = f"after a refusal it gets {self._policy.rate_per_minute} logins a minute"
        return LoginPostponed(
            f"the login with credential {login.name} has to wait: {reason}",
            step=Step.TURN,
            retry_after_s=_ASK_AGAIN_S if wait_s is None else wait_s,
            is_scheduled=wait_s is not None,
        )

    async def _changed(self, within_s: float) -> None:
        change = self._change
        try:
            async with asyncio.timeout(within_s):
                await change.wait()
        except TimeoutError:
            return

    def _notify(self) -> None:
        self._change.set()
        self._change = asyncio.Event()
