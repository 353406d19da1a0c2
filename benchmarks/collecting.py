"""T1: what NetRaven's whole way of a device costs, beside a bare asyncssh loop and Netmiko.

`python -m benchmarks.collecting` serves simulated IOS devices of 60 KB on one core and has each
contestant read them in a process of its own on another. The bare loop and NetRaven take turns,
so that what else the machine does meets both. NetRaven meets the fleet for the first time, then,
turn by turn, unchanged and with a line changed on each device: that sweep T1 speaks of.

Of that sweep T1 counts collecting, normalising, grading, redacting, delta, seal and commit. What
keeping the devices' histories takes is measured beside it, has a bound of its own for each change,
and the whole with it is printed too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import Reading, read_with
from benchmarks.farm import Farm, farm
from benchmarks.netraven_backup import allow, install
from benchmarks.outcomes import Figure, Outcome, Target, as_table

BARE = "benchmarks.bare_asyncssh"
NETMIKO = "benchmarks.netmiko_threads"
NETRAVEN = "benchmarks.netraven_backup"

MOST_CPU = 2.0
MOST_HISTORY_MS = 1.5
LEAST_RATE = 5.0
LEAST_RATE_SLOW = 25.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is read: devices, how often, and Netmiko's share of the devices."""

    devices: int = 1_000
    turns: int = 3
    netmiko_devices: int = 120


@dataclass(frozen=True, slots=True)
class Speed:
    """A fleet's latency in seconds per command, and how many sessions contestants open for it."""

    latency_s: float
    at_once: int
    threads: int


QUICK = Speed(latency_s=0.0, at_once=100, threads=20)
SLOW = Speed(latency_s=0.5, at_once=500, threads=50)
SMALL = Effort(devices=30, turns=1, netmiko_devices=10)


@dataclass(frozen=True, slots=True)
class Race:
    """The readings of one fleet; lists are in the order in which their members took turns."""

    speed: Speed
    bare: list[Reading]
    netmiko: Reading
    first: Reading
    unchanged: list[Reading]
    changed: list[Reading]

    @property
    def cpu_ratio(self) -> float:
        """NetRaven's CPU per device without histories over the bare loop's, the median turn's."""
        turns = zip(self.changed, self.bare, strict=True)
        return statistics.median(ours.own_ms / bare.cpu_ms for ours, bare in turns)

    @property
    def whole_ratio(self) -> float:
        """The same with histories."""
        turns = zip(self.changed, self.bare, strict=True)
        return statistics.median(ours.cpu_ms / bare.cpu_ms for ours, bare in turns)

    @property
    def unchanged_ratio(self) -> float:
        """The same where nothing changed, so that no history did."""
        turns = zip(self.unchanged, self.bare, strict=True)
        return statistics.median(ours.cpu_ms / bare.cpu_ms for ours, bare in turns)

    @property
    def history_ms(self) -> float:
        """CPU that keeping the history of a changed device took, in ms."""
        return statistics.median(one.history_ms for one in self.changed)

    @property
    def rate_ratio(self) -> float:
        """NetRaven's devices per second over Netmiko's."""
        return statistics.median(one.rate for one in self.changed) / self.netmiko.rate


def measure(effort: Effort) -> Outcome:
    """Race on a fleet that answers at once and on one that takes half a second a command."""
    quick, slow = race(QUICK, effort), race(SLOW, effort)
    return Outcome(
        "collecting",
        _table(effort, quick, slow),
        {**_figures("", quick), **_figures("slow_", slow)},
        (
            Target("T1 CPU per changed device over bare asyncssh", quick.cpu_ratio, MOST_CPU),
            Target("T1 the same of an unchanged one", quick.unchanged_ratio, MOST_CPU),
            Target("its history beside it, ms a change", quick.history_ms, MOST_HISTORY_MS),
            Target("T1 devices/s over Netmiko", quick.rate_ratio, LEAST_RATE, is_least=True),
            Target(
                "T1 devices/s over Netmiko with 0.5 s latency",
                slow.rate_ratio,
                LEAST_RATE_SLOW,
                is_least=True,
            ),
        ),
    )


def race(speed: Speed, effort: Effort) -> Race:
    """Have every contestant read a fleet of this speed."""
    with (
        farm(effort.devices, latency_s=speed.latency_s) as fleet,
        tempfile.TemporaryDirectory(prefix="netraven-bench-") as folder,
    ):
        home = Path(folder)
        install(home, fleet.endpoints)
        allow(home, at_once=speed.at_once)
        first = _back_up(fleet, home, expects="new")
        bare: list[Reading] = []
        unchanged: list[Reading] = []
        changed: list[Reading] = []
        for _ in range(effort.turns):
            unchanged.append(_back_up(fleet, home, expects="seen"))
            bare.append(read_with(BARE, fleet.endpoints, {"at_once": speed.at_once}))
            fleet.change()
            changed.append(_back_up(fleet, home, expects="new"))
        share = fleet.endpoints[: effort.netmiko_devices]
        netmiko = read_with(NETMIKO, share, {"threads": speed.threads})
    return Race(speed, bare, netmiko, first, unchanged, changed)


def _back_up(fleet: Farm, home: Path, *, expects: str) -> Reading:
    return read_with(NETRAVEN, fleet.endpoints, {"home": str(home), "expects": expects})


def _table(effort: Effort, quick: Race, slow: Race) -> str:
    columns = (
        "collector",
        "sessions",
        "devices/s",
        "CPU ms/device",
        "history",
        "sessions",
        "devices/s",
        "CPU",
        "history",
    )
    rows = [
        (name, *_cells(quick_ones, quick.speed), *_cells(slow_ones, slow.speed))
        for name, quick_ones, slow_ones in (
            ("bare asyncssh loop", quick.bare, slow.bare),
            ("NetRaven, a line changed on each", quick.changed, slow.changed),
            ("NetRaven, all unchanged", quick.unchanged, slow.unchanged),
            ("NetRaven, first sight", [quick.first], [slow.first]),
        )
    ]
    netmiko = _cells([quick.netmiko], quick.speed), _cells([slow.netmiko], slow.speed)
    threads = f"{quick.speed.threads} thr.", f"{slow.speed.threads} thr."
    rows.append(("Netmiko", threads[0], *netmiko[0][1:], threads[1], *netmiko[1][1:]))
    title = (
        f"{effort.devices} devices of 60 KB; on the left they answer at once,"
        f" on the right after {slow.speed.latency_s:g} s\n"
        "CPU is a device's in all, history the part of it that keeping its history took\n"
        "(set for it: system.jobs.max_concurrent_devices = the number of sessions)"
    )
    return as_table(title, columns, rows)


def _cells(readings: Sequence[Reading], speed: Speed) -> tuple[Figure, ...]:
    rate = statistics.median(one.rate for one in readings)
    cpu_ms = statistics.median(one.cpu_ms for one in readings)
    history_ms = statistics.median(one.history_ms for one in readings)
    return str(speed.at_once), f"{rate:.1f}", f"{cpu_ms:.2f}", f"{history_ms:.2f}"


def _figures(prefix: str, race_: Race) -> dict[str, object]:
    readings = {
        "bare": race_.bare,
        "changed": race_.changed,
        "unchanged": race_.unchanged,
        "first": [race_.first],
        "netmiko": [race_.netmiko],
    }
    rates = {
        f"{prefix}{name}_per_s": round(statistics.median(one.rate for one in ones), 1)
        for name, ones in readings.items()
    }
    costs = {
        f"{prefix}{name}_cpu_ms": round(statistics.median(one.cpu_ms for one in ones), 3)
        for name, ones in readings.items()
    }
    ratios = {
        f"{prefix}cpu_ratio": round(race_.cpu_ratio, 3),
        f"{prefix}whole_ratio": round(race_.whole_ratio, 3),
        f"{prefix}unchanged_ratio": round(race_.unchanged_ratio, 3),
        f"{prefix}changed_history_ms": round(race_.history_ms, 3),
        f"{prefix}rate_ratio": round(race_.rate_ratio, 2),
    }
    return {**rates, **costs, **ratios}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a moment's work: is it alive?")
    is_small = parser.parse_args(arguments).small
    measure(SMALL if is_small else Effort()).show(is_judged=not is_small)


if __name__ == "__main__":
    main()
