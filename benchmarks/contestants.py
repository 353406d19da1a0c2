"""Who reads the farm: each in a process of its own, which says what it took."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

from benchmarks.cores import CLIENT_CORE, pin_to, raise_file_limit
from netraven.lab.spec import Endpoint

Options: TypeAlias = Mapping[str, str | int]

_PATIENCE_S = 900


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading `devices` devices took: by the clock, and of this process's CPU.

    `history_s` is the part of the CPU that keeping the devices' histories took.
    """

    devices: int
    wall_s: float
    cpu_s: float
    history_s: float = 0.0

    @property
    def rate(self) -> float:
        """Devices per second."""
        return self.devices / self.wall_s

    @property
    def cpu_ms(self) -> float:
        """CPU per device in ms, user and system, all threads."""
        return self.cpu_s * 1000 / self.devices

    @property
    def history_ms(self) -> float:
        """CPU per device in ms that histories took."""
        return self.history_s * 1000 / self.devices

    @property
    def own_ms(self) -> float:
        """CPU per device in ms of all else."""
        return self.cpu_ms - self.history_ms


class Stopwatch:
    """Measures this process between `start` and `stop`."""

    def __init__(self) -> None:
        self._wall_s = time.perf_counter()
        self._cpu_s = time.process_time()

    def stop(self, devices: int) -> Reading:
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        return Reading(devices, wall_s - self._wall_s, cpu_s - self._cpu_s)


def read_with(module: str, endpoints: Sequence[Endpoint], options: Options) -> Reading:
    """Run a contestant over the devices and return what it measured."""
    task = {"endpoints": [asdict(endpoint) for endpoint in endpoints], "options": dict(options)}
    ended = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{module} failed")
    return Reading(**json.loads(ended.stdout))


def take_task() -> tuple[list[Endpoint], Options]:
    """Move this process to its core; return its devices and its options."""
    pin_to(CLIENT_CORE)
    raise_file_limit()
    task = json.load(sys.stdin)
    return [Endpoint(**fields) for fields in task["endpoints"]], task["options"]


def report(reading: Reading) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(json.dumps(asdict(reading)))
