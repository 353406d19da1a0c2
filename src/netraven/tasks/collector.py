"""What all shards of one process share as they talk to devices: places, the gate, threads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from netraven.collect.gate import SweepGate
from netraven.collect.lanes import Lanes, Sites, SweepLimits
from netraven.db.advisory import NameLocks
from netraven.tasks.plan import Terms
from netraven.tasks.proving_rights import ProvingRights

_AT_A_CLICK: Final = 16
"""Places for devices that a person waits for, besides those of the sweeps."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one sweep is given: the places it shares with others, and the gate before logins."""

    lanes: Lanes
    limits: SweepLimits
    gate: SweepGate


class Collector:
    """The one collector of a process, on one event loop.

    `processes` is how many share the limits of sites, domains and credentials: each one keeps to
    its part, so that all together keep to the whole. Loading and keeping have a thread each, so
    that neither waits for the other, and devices wait for none.
    """

    def __init__(self, *, concurrency: int | None = None, locks: NameLocks | None = None) -> None:
        """`concurrency` stands for the setting's number of devices at a time.

        `locks` are shared with the other processes of the database, where there may be any.
        """
        self.processes = 1
        self._concurrency = concurrency
        self.hostnames: dict[str, str] = {}
        self.loading = ThreadPoolExecutor(1, "load")
        self.keeping = ThreadPoolExecutor(1, "keep")
        self._sweeps = 0
        self._gate: SweepGate | None = None
        self._frozen: dict[str, str] = {}
        self._rights = ProvingRights(locks, self._notice)
        self._limits = SweepLimits()
        self._sites = Sites()
        self._lanes = {
            is_interactive: Lanes(self._limits, sites=self._sites)
            for is_interactive in (False, True)
        }

    @contextmanager
    def joined(self, terms: Terms, *, is_interactive: bool) -> Iterator[Share]:
        """Take part in the sweeping of this process, on the terms that hold now."""
        parts = self._parts(terms)
        limits = parts.sweep_limits
        if self._concurrency is not None:
            at_once = self._concurrency
            limits = replace(limits, concurrency=at_once, slow_lane=2 * at_once)
        if is_interactive:
            at_once = min(_AT_A_CLICK, limits.concurrency)
            limits = replace(limits, concurrency=at_once, slow_lane=at_once)
        lanes = self._lanes[is_interactive]
        lanes.change_limits(limits)
        if self._gate is None:
            self._gate = SweepGate(
                parts.policy,
                parts.history,
                on_freeze=lambda _freeze: self._lanes[False].recall(),
                may_prove=self._rights.may_prove,
                hostname_of=self._hostname,
            )
        else:
            self._gate.learn(parts.policy, parts.history)
        self._sweeps += 1
        try:
            yield Share(lanes, limits, self._gate)
        finally:
            self._sweeps -= 1
            if not self._sweeps:
                # What it learned stands in the database; it would forget nothing by itself.
                self._rights.settle_all()
                self._gate = None
                self._frozen = {}
                self.hostnames.clear()

    @property
    def awaited(self) -> frozenset[str]:
        """The credentials that logins wait for here: another process proves them, or may have."""
        return self._rights.wanted

    @property
    def to_confirm(self) -> frozenset[str]:
        """Those that this process may prove if nobody else has, which the database says."""
        return self._rights.taken

    def hear_of(
        self, frozen: Mapping[str, str], proven: Collection[str], *, confirmed: Collection[str]
    ) -> None:
        """Withhold credentials that others froze: why, by name; show those that others proved.

        `confirmed` were to be confirmed before that was read.
        """
        if self._gate is None:
            return
        self._gate.hear(proven)
        if frozen != self._frozen:
            self._frozen = dict(frozen)
            for name, reason in frozen.items():
                self._gate.freeze(name, reason)
            self._lanes[False].recall()
        # What was frozen here stays this process's to prove until the others can read it.
        over = {one for one in self._rights.all if one in frozen or self._gate.is_proven(one)}
        self._rights.settle(over)
        self._rights.confirm(confirmed)
        self._rights.ask()

    def close(self) -> None:
        """End the threads, once what they do is done."""
        self._rights.close()
        self.loading.shutdown()
        self.keeping.shutdown()

    def _parts(self, terms: Terms) -> Terms:
        if self.processes == 1:
            return terms
        policy, limits = terms.policy, terms.sweep_limits
        return replace(
            terms,
            sweep_limits=replace(limits, per_site=self._part(limits.per_site)),
            policy=replace(
                policy,
                rate_per_minute=self._part(policy.rate_per_minute),
            ),
        )

    def _part(self, whole: int) -> int:
        """Return this process's part; none of a limit that is 0, which stands for no limit."""
        return max(1, whole // self.processes) if whole else 0

    def _notice(self) -> None:
        if self._gate is not None:
            self._gate.notice()

    def _hostname(self, device_id: str) -> str:
        return self.hostnames.get(device_id, device_id)
