"""T2 and T8: whole sweeps through the engine, on a large fleet and on one with dead devices.

`python -m benchmarks.run sweep` serves the farm on one core and has NetRaven sweep it from
another, as a process that starts, does the run on SQLite and ends. T2 is 10 000 devices that take
half a second for each command; the same at a quarter of the size says whether memory goes with the
fleet. T8 sweeps the living devices of a fleet alone, then all of it: a tenth refuses, hangs, drops
the connection or drips.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.farm import farm
from benchmarks.netraven_backup import allow, install
from benchmarks.netraven_sweep import Swept
from benchmarks.outcomes import Outcome, Target, as_table
from netraven.lab.faults import Fault
from netraven.lab.spec import Endpoint

LATENCY_S = 0.5
DEAD = (Fault.DEAD, Fault.HANG, Fault.DROP, Fault.SLOW)

MOST_S = 150.0
MOST_MIB = 500.0
MOST_DELAY = 1.1

_PATIENCE_S = 1_800


@dataclass(frozen=True, slots=True)
class Effort:
    """How many devices and sessions at once, and how long the work on one device may take."""

    devices: int = 10_000
    devices_with_dead: int = 5_000
    at_once: int = 500
    deadline_s: int = 60


SMALL = Effort(devices=20, devices_with_dead=40, at_once=20, deadline_s=10)


def measure(effort: Effort) -> Outcome:
    """Sweep a large fleet and a quarter of it, then one with dead devices and without them."""
    with farm(effort.devices, latency_s=LATENCY_S) as fleet:
        quarter = _sweep(fleet.endpoints[: effort.devices // 4], effort)
        whole = _sweep(fleet.endpoints, effort)
    with farm(effort.devices_with_dead, latency_s=LATENCY_S, faults=DEAD) as fleet:
        living = [each for each in fleet.endpoints if each.fault is None]
        healthy = _sweep(living, effort)
        mixed = _sweep(fleet.endpoints, effort)
    return Outcome(
        "sweep",
        _table(effort, (("a quarter of the fleet", quarter), ("the whole fleet", whole)))
        + "\n\n"
        + _table(effort, (("the living alone", healthy), ("with a tenth dead", mixed))),
        {
            name: {key: round(value, 2) for key, value in asdict(swept).items()}
            for name, swept in (
                ("quarter", quarter),
                ("whole", whole),
                ("healthy", healthy),
                ("mixed", mixed),
            )
        },
        (
            Target("T2 seconds of a sweep", whole.wall_s, MOST_S),
            Target("T2 MiB of memory", whole.peak_mib, MOST_MIB),
            Target("T8 last living device over healthy", mixed.live_s / healthy.live_s, MOST_DELAY),
            Target(
                "T8 seconds to the end after it", mixed.wall_s - mixed.live_s, effort.deadline_s
            ),
        ),
    )


def _sweep(endpoints: Sequence[Endpoint], effort: Effort) -> Swept:
    """Have a new installation sweep these devices, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="netraven-bench-") as folder:
        home = Path(folder)
        install(home, list(endpoints))
        allow(home, at_once=effort.at_once)
        task = {
            "endpoints": [asdict(endpoint) for endpoint in endpoints],
            "options": {"home": folder, "deadline_s": effort.deadline_s},
        }
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.netraven_sweep"],
            input=json.dumps(task),
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    if ended.returncode:
        raise SystemExit("the sweep failed")
    # Whatever it logs stands before.
    return Swept(**json.loads(ended.stdout.rpartition("\n")[2]))


def _table(effort: Effort, rows: Sequence[tuple[str, Swept]]) -> str:
    title = f"devices of 60 KB, {LATENCY_S:g} s a command, {effort.at_once} sessions, SQLite"
    columns = ("sweep", "devices", "stored", "last living s", "end s", "devices/s", "CPU ms", "MiB")
    cells = [
        (
            name,
            str(swept.devices),
            str(swept.stored),
            f"{swept.live_s:.1f}",
            f"{swept.wall_s:.1f}",
            f"{swept.stored / swept.live_s:.1f}",
            f"{swept.cpu_s * 1000 / swept.devices:.2f}",
            f"{swept.peak_mib:.0f}",
        )
        for name, swept in rows
    ]
    return as_table(title, columns, cells)
