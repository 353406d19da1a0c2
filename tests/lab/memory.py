"""A client of a simulated shell without any network: what it typed, what it saw."""

from __future__ import annotations

from collections.abc import Callable

from netraven.lab import DeviceSpec, Edit, Fault, SimulatedDevice
from netraven.lab.shell import Shell

PASSWORD = "lab-login-4711"
ENABLE = "lab-enable-4711"
PLATFORMS = (
    "cisco_ios",
    "cisco_asa",
    "arista_eos",
    "juniper_junos",
    "aruba_aoscx",
    "frr",
    "linux",
)
WITH_ENABLE = ("cisco_ios", "cisco_asa", "arista_eos")


def spec(
    platform: str = "cisco_ios",
    *,
    hostname: str = "",
    size_bytes: int | None = None,
    enable: bool = False,
    fault: Fault | None = None,
    legacy: bool = False,
    latency_s: float = 0.0,
) -> DeviceSpec:
    return DeviceSpec(
        hostname=hostname or f"{platform.replace('_', '-')}-01",
        platform=platform,
        password=PASSWORD,
        enable_secret=ENABLE if enable else None,
        size_bytes=size_bytes,
        fault=fault,
        legacy=legacy,
        latency_s=latency_s,
    )


class Client:
    """A terminal in memory; `later` calls wait until `pass_time`."""

    def __init__(self, device: SimulatedDevice, *, rows: int = 24) -> None:
        self.is_clogged = False
        self.is_closed = False
        self.is_reset = False
        self._seen = b""
        self._due: list[Callable[[], None]] = []
        self._shell = Shell(device, self, username="netraven", rows=rows)
        self._shell.start()

    def type(self, keys: str) -> str:
        """Type, and return all that is shown for it."""
        self._shell.feed(keys.encode())
        return self.seen()

    def seen(self) -> str:
        seen, self._seen = self._seen, b""
        return seen.decode("utf-8", "replace")

    def pass_time(self) -> None:
        due, self._due = self._due, []
        for call in due:
            call()

    def write(self, data: bytes) -> None:
        self._seen += data

    def close(self) -> None:
        self.is_closed = True

    def reset(self) -> None:
        self.is_reset = True

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        assert delay_s > 0
        self._due.append(call)


def client(device_spec: DeviceSpec, *edits: Edit, rows: int = 24) -> Client:
    device = SimulatedDevice(device_spec)
    for edit in edits:
        device.change(edit)
    return Client(device, rows=rows)
