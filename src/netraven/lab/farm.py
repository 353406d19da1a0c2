"""Uniform fleets of any size, for benchmarks."""

from __future__ import annotations

from collections.abc import Sequence

from netraven.lab.configs import VOICES
from netraven.lab.faults import Fault
from netraven.lab.mint import draw_word
from netraven.lab.spec import DeviceSpec


def draw_farm(
    count: int,
    *,
    platforms: Sequence[str] = ("cisco_ios",),
    seed: int = 0,
    size_bytes: int | None = 60_000,
    latency_s: float = 0.0,
    faults: Sequence[Fault] = (),
    fault_share: float = 0.1,
    legacy: bool = False,
    is_telnet: bool = False,
) -> tuple[DeviceSpec, ...]:
    """Return so many specs, platforms and faults in turn, all opened by one password.

    `fault_share` of the devices, evenly spread, have one of the `faults`. ASAs ask for an
    enable secret. Raises `ValueError` for an unknown platform.
    """
    unknown = sorted(set(platforms) - set(VOICES))
    if unknown:
        raise ValueError(f"the lab simulates no {', '.join(unknown)}; it has {', '.join(VOICES)}")
    chosen = _spread(count, faults, fault_share)
    return tuple(
        DeviceSpec(
            hostname=f"sim-{number:05d}",
            platform=platforms[number % len(platforms)],
            password=draw_word(20, seed, "login"),
            enable_secret=(
                draw_word(20, seed, "enable")
                if platforms[number % len(platforms)] == "cisco_asa"
                else None
            ),
            seed=seed,
            size_bytes=size_bytes,
            latency_s=latency_s,
            fault=chosen.get(number),
            legacy=legacy,
            is_telnet=is_telnet,
        )
        for number in range(count)
    )


def _spread(count: int, faults: Sequence[Fault], share: float) -> dict[int, Fault]:
    """Return which devices have which fault."""
    wanted = round(count * share) if faults else 0
    return {
        (2 * number + 1) * count // (2 * wanted): faults[number % len(faults)]
        for number in range(wanted)
    }
