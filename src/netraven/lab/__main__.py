"""Serves a fleet until it is stopped: `python -m netraven.lab --count 100`.

Prints one line of JSON per device (the fields of `Endpoint`) once all of them listen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict

from netraven.lab.configs import VOICES
from netraven.lab.demo import demo_fleet
from netraven.lab.farm import draw_farm
from netraven.lab.faults import Fault
from netraven.lab.fleet import Fleet
from netraven.lab.spec import DeviceSpec

if sys.platform != "win32":
    import resource


def main() -> None:
    """Serve the fleet that the arguments describe, until SIGINT or SIGTERM."""
    arguments = _parser().parse_args()
    try:
        fleet = Fleet(
            _specs(arguments), network=arguments.network, port=arguments.port, shares_host_key=True
        )
    except ValueError as error:
        sys.exit(f"netraven.lab: {error}")
    _raise_file_limit()
    try:
        asyncio.run(_serve(fleet))
    except OSError as error:
        sys.exit(f"netraven.lab: cannot listen: {error}")


async def _serve(fleet: Fleet) -> None:
    for device in fleet.devices:
        device.prepare()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with fleet:
        lines = (json.dumps(asdict(endpoint)) for endpoint in fleet.endpoints)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        await stopped.wait()


def _specs(arguments: argparse.Namespace) -> tuple[DeviceSpec, ...]:
    if arguments.demo:
        return demo_fleet(arguments.seed).specs
    return draw_farm(
        arguments.count,
        platforms=arguments.platform or ("cisco_ios",),
        seed=arguments.seed,
        size_bytes=arguments.size or None,
        latency_s=arguments.latency,
        faults=[Fault(name) for name in arguments.fault],
        fault_share=arguments.fault_share,
        legacy=arguments.legacy,
        is_telnet=arguments.telnet,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m netraven.lab", description=__doc__)
    add = parser.add_argument
    add("--count", type=int, default=10, help="number of devices")
    add("--platform", action="append", choices=list(VOICES), help="may be repeated")
    add("--size", type=int, default=60_000, help="bytes of a configuration, 0 for a small site's")
    add("--latency", type=float, default=0.0, help="seconds before each answer")
    add("--fault", action="append", default=[], choices=list(Fault), help="may be repeated")
    add("--fault-share", type=float, default=0.1, help="share of the devices with a fault")
    add("--legacy", action="store_true", help="SHA-1, CBC and ssh-rsa only")
    add("--telnet", action="store_true", help="telnet in the place of SSH")
    add("--network", help="one address per device from this loopback network (Linux only)")
    add("--port", type=int, default=0, help="first port, or the one port with --network")
    add("--seed", type=int, default=7, help="other seeds give other devices")
    add("--demo", action="store_true", help="the fleet of `netraven demo` instead")
    return parser


def _raise_file_limit() -> None:
    """Allow as many open sockets as the system lets this process have."""
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
