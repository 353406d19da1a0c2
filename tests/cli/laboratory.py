"""Simulated devices, made known to the program as an operator would."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

from netraven.lab import Fault, Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec
from tests.cli.conftest import Program

PASSWORD = "correct-horse-battery"
SHORTEST_DEADLINE_S = 10


def spec(
    hostname: str,
    fault: Fault | None = None,
    *,
    platform: str = "cisco_ios",
    size_bytes: int | None = None,
    legacy: bool = False,
) -> DeviceSpec:
    """Return a device that the lab simulates."""
    return DeviceSpec(
        hostname=hostname,
        platform=platform,
        password=PASSWORD,
        fault=fault,
        size_bytes=size_bytes,
        legacy=legacy,
    )


@contextmanager
def served(program: Program, *specs: DeviceSpec) -> Iterator[Fleet]:
    """Serve the devices, import them and give them one login."""
    with run_in_thread(Fleet(specs, shares_host_key=True)) as fleet:
        program.ok("device", "import", "-", stdin=inventory(fleet))
        program.ok(
            *("credential", "add", "lab", "--username", "netraven", "--tag", "default"),
            *("--password-stdin",),
            stdin=f"{PASSWORD}\n",
        )
        yield fleet


def inventory(fleet: Fleet) -> str:
    """Return the fleet as a CSV file of the least columns."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("hostname", "ip_address", "device_type", "port"))
    rows.writerows(
        (each.hostname, each.address, each.platform, each.port) for each in fleet.endpoints
    )
    return text.getvalue()
