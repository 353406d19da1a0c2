"""Simulated network devices over real SSH on loopback, for the demo, tests and benchmarks."""

from __future__ import annotations

from netraven.lab.device import SimulatedDevice
from netraven.lab.edits import Edit
from netraven.lab.faults import Fault
from netraven.lab.fleet import Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec, Endpoint

__all__ = [
    "DeviceSpec",
    "Edit",
    "Endpoint",
    "Fault",
    "Fleet",
    "SimulatedDevice",
    "run_in_thread",
]
