"""What is said of a simulated device before it runs, and where it is found once it does."""

from __future__ import annotations

from dataclasses import dataclass, field

from netraven.lab.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """One simulated device; the same spec always gives the same device.

    `platform` is NetRaven's name of it. With an `enable_secret` a session starts without
    privileges, where the platform has such a thing. `size_bytes` is the configuration's size
    to within some 5 %, None for what a small site has. `latency_s` passes before each answer.
    `legacy` allows nothing newer than SHA-1, CBC and `ssh-rsa`. With `is_telnet` it speaks
    telnet in the place of SSH.
    """

    hostname: str
    platform: str
    password: str = field(repr=False)
    username: str = "netraven"
    enable_secret: str | None = field(default=None, repr=False)
    seed: int = 0
    size_bytes: int | None = None
    latency_s: float = 0.0
    fault: Fault | None = None
    legacy: bool = False
    is_telnet: bool = False
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a device answers, and what opens it."""

    hostname: str
    address: str
    port: int
    platform: str
    username: str
    password: str = field(repr=False)
    enable_secret: str | None = field(repr=False)
    fault: Fault | None
    legacy: bool
    protocol: str = "ssh"
