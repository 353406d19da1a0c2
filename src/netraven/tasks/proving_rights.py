"""Which of several processes may show devices a secret that none of them has taken yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from netraven.db.advisory import NameLocks

_PATIENCE_S: Final = 60.0


class ProvingRights:
    """One process at a time proves a credential, so that a wrong secret is not shown by each.

    Without `locks` there is no other process. A right that was taken is used once it is confirmed:
    the process that had it before may have written down what came of it, which is read first. A
    right is given back when a device took the credential and, else, with all others once nobody
    sweeps: by then a refusal stands in the database. Who waited for `patience_s` goes on without
    one: a process that sleeps, or whose host is gone, must not keep all others from their devices.
    `on_change` is called on the event loop when a right was taken or confirmed.
    """

    def __init__(
        self,
        locks: NameLocks | None,
        on_change: Callable[[], None],
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._locks = locks
        self._patience_s = patience_s
        self._on_change = on_change
        self._thread = ThreadPoolExecutor(1, "prove")
        self._held: set[str] = set()
        self._taken: set[str] = set()
        self._wanted: dict[str, float] = {}
        self._asking: asyncio.Task[None] | None = None

    def may_prove(self, credential: str) -> bool:
        """Tell whether this process may show it now; if not, that is asked for."""
        if self._locks is None or credential in self._held:
            return True
        now_s = asyncio.get_running_loop().time()
        if now_s - self._wanted.setdefault(credential, now_s) >= self._patience_s:
            return True
        self.ask()
        return False

    @property
    def wanted(self) -> frozenset[str]:
        """The credentials that logins wait for here: others prove them, or may have."""
        return frozenset(self._wanted)

    @property
    def taken(self) -> frozenset[str]:
        """Those of them whose right this process has, not confirmed yet."""
        return frozenset(self._taken)

    @property
    def all(self) -> frozenset[str]:
        """Those that are wanted, and the ones that this process may prove now."""
        return frozenset(self._wanted.keys() | self._held)

    def confirm(self, credentials: Collection[str]) -> None:
        """Let those be proven that are still wanted, now that the database was read."""
        confirmed = self._taken.intersection(credentials)
        for credential in confirmed:
            self._wanted.pop(credential, None)
        self._taken -= confirmed
        self._held |= confirmed
        if confirmed:
            self._on_change()

    def ask(self) -> None:
        """Ask again for what is wanted; it is told by `on_change`."""
        if self._wanted and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask())

    def settle(self, credentials: Collection[str]) -> None:
        """Want these no more, and let others have them."""
        for credential in credentials:
            self._wanted.pop(credential, None)
        for credential in (self._held | self._taken).intersection(credentials):
            self._held.discard(credential)
            self._taken.discard(credential)
            if self._locks is not None:
                self._thread.submit(self._locks.give_back, credential)

    def settle_all(self) -> None:
        """Want nothing more, and hold nothing."""
        self.settle(self.all)

    def close(self) -> None:
        """Give everything back, and end the thread; it blocks."""
        locks, self._locks = self._locks, None
        if locks is not None:
            self._thread.submit(locks.close)
        self._thread.shutdown()

    async def _ask(self) -> None:
        asked: set[str] = set()
        while fresh := self._wanted.keys() - self._taken - asked:
            for credential in sorted(fresh):
                await self._ask_for(credential)
            asked |= fresh

    async def _ask_for(self, credential: str) -> None:
        locks = self._locks
        if locks is None:
            return
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._thread, locks.take, credential):
            return
        if credential in self._wanted:
            self._taken.add(credential)
            self._on_change()
        elif self._locks is not None:  # settled meanwhile
            self._thread.submit(locks.give_back, credential)
