"""The simulated devices that all contestants read, in a process of their own.

`python -m benchmarks.farm --count 700` prints the devices as one line of JSON and serves them
until its input ends; each line of input changes one line of every device's configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO

from benchmarks.cores import FARM_CORE, pin_to, raise_file_limit
from netraven.lab.edits import describe_link
from netraven.lab.farm import draw_farm
from netraven.lab.faults import Fault
from netraven.lab.fleet import Fleet
from netraven.lab.spec import Endpoint

SIZE_BYTES = 60_000


class Farm:
    """A running farm, seen from outside."""

    def __init__(self, endpoints: list[Endpoint], orders: IO[str], answers: IO[str]) -> None:
        self.endpoints = endpoints
        self._orders = orders
        self._answers = answers

    def change(self) -> None:
        """Change one line of each configuration; return when all have changed."""
        self._orders.write("change\n")
        self._orders.flush()
        if not self._answers.readline():
            raise SystemExit("the farm has ended")


@contextmanager
def farm(count: int, *, latency_s: float, faults: Sequence[Fault] = ()) -> Iterator[Farm]:
    """Serve `count` IOS-like devices of 60 KB that take `latency_s` for each command.

    With faults a tenth of them, evenly spread, has one of these each.
    """
    command = [sys.executable, "-m", "benchmarks.farm"]
    command += ["--count", str(count), "--latency", str(latency_s), "--faults", *faults]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise SystemExit("the farm did not start")
        endpoints = [Endpoint(**fields) for fields in json.loads(line)]
        yield Farm(endpoints, server.stdin, server.stdout)
        server.stdin.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--faults", type=Fault, nargs="*", default=())
    arguments = parser.parse_args()
    pin_to(FARM_CORE)
    raise_file_limit()
    specs = draw_farm(
        arguments.count,
        size_bytes=SIZE_BYTES,
        latency_s=arguments.latency,
        faults=arguments.faults,
    )
    asyncio.run(_serve(Fleet(specs, shares_host_key=True)))


async def _serve(fleet: Fleet) -> None:
    for device in fleet.devices:
        device.prepare()
    async with fleet:
        # The devices stay: looking through them for garbage would only slow their answers.
        gc.freeze()
        _say(json.dumps([asdict(endpoint) for endpoint in fleet.endpoints]))
        number = 0
        while await asyncio.to_thread(sys.stdin.readline):
            number += 1
            for device in fleet.devices:
                device.change(describe_link(1, f"ticket {number}"))
                device.prepare()
            _say("changed")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
