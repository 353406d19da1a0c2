"""What all shards of one process share as they talk to devices: places, the gate, threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from netraven.collect.gate import SweepGate
from netraven.collect.lanes import Lanes, Sites, SweepLimits
from netraven.tasks.plan import Terms

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

    def __init__(self, *, concurrency: int | None = None) -> None:
        """`concurrency` stands for the setting's number of devices at a time."""
        self.processes = 1
        self._concurrency = concurrency
        self.hostnames: dict[str, str] = {}
        self.loading = ThreadPoolExecutor(1, "load")
        self.keeping = ThreadPoolExecutor(1, "keep")
        self._sweeps = 0
        self._gate: SweepGate | None = None
        self._frozen: dict[str, str] = {}
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
                self._gate = None
                self._frozen = {}
                self.hostnames.clear()

    def hear_of(self, frozen: Mapping[str, str]) -> None:
        """Withhold credentials that others froze: why, by name."""
        if self._gate is None or frozen == self._frozen:
            return
        self._frozen = dict(frozen)
        for name, reason in frozen.items():
            self._gate.freeze(name, reason)
        self._lanes[False].recall()

    def close(self) -> None:
        """End the threads, once what they do is done."""
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
                unproven_at_once=self._part(policy.unproven_at_once),
            ),
        )

    def _part(self, whole: int) -> int:
        """Return this process's part; none of a limit that is 0, which stands for no limit."""
        return max(1, whole // self.processes) if whole else 0

    def _hostname(self, device_id: str) -> str:
        return self.hostnames.get(device_id, device_id)
