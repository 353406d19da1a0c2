"""Simulated devices on loopback ports, started and stopped together."""

from __future__ import annotations

import asyncio
import csv
import io
import ipaddress
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from netraven.lab.device import SimulatedDevice
from netraven.lab.faults import Fault
from netraven.lab.server import DeviceServer
from netraven.lab.spec import DeviceSpec, Endpoint

_COLUMNS = (
    "hostname",
    "ip_address",
    "device_type",
    "port",
    "description",
    "serial_number",
    "model",
    "source",
    "notes",
    "tags",
)
_START_S = 60.0


class Fleet:
    """Many devices in one process; `async with` starts and stops them.

    All of them listen on 127.0.0.1, each on a port of its own, unless `network` gives each an
    address of its own (Linux only: elsewhere 127.0.0.1 alone is loopback). Only loopback
    addresses are served. `port` is the first port, counted up on a shared address; 0 takes
    free ones. With `shares_host_key` the whole fleet shows one key and starts faster.
    """

    def __init__(
        self,
        specs: Iterable[DeviceSpec],
        *,
        network: str | None = None,
        port: int = 0,
        shares_host_key: bool = False,
    ) -> None:
        """Raises `ValueError` for a host name given twice and for an unusable network."""
        self.devices = tuple(SimulatedDevice(spec) for spec in specs)
        self._members = {
            device.spec.hostname: _Member(device, address, port)
            for device, (address, port) in zip(
                self.devices, _addresses(len(self.devices), network, port), strict=True
            )
        }
        if len(self._members) != len(self.devices):
            raise ValueError("two devices of the fleet have the same host name")
        self._shares_host_key = shares_host_key

    async def __aenter__(self) -> Self:
        try:
            for member in self._members.values():
                await member.start(shares_host_key=self._shares_host_key)
        except BaseException:
            self._stop()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._stop()
        # Transports close their sockets in the next rounds of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where each device answers, in the order of the specs."""
        return tuple(member.endpoint() for member in self._members.values())

    def endpoint(self, hostname: str) -> Endpoint:
        """Return where one device answers; raise `KeyError` for an unknown name."""
        return self._members[hostname].endpoint()

    def device(self, hostname: str) -> SimulatedDevice:
        """Return a device, to change or to compare with; raise `KeyError` for an unknown name."""
        return self._members[hostname].device

    async def restart(self, hostname: str) -> None:
        """Break off a device's sessions and start it again on the same port.

        A device that changes its host key does so here.
        """
        await self._members[hostname].restart(shares_host_key=self._shares_host_key)

    async def set_fault(self, hostname: str, fault: Fault | None) -> None:
        """Restart a device with another fault, or healthy."""
        member = self._members[hostname]
        member.device.fault = fault
        await member.restart(shares_host_key=self._shares_host_key)

    def inventory_csv(self) -> str:
        """Return the fleet in NetRaven's own bulk format, tags by name.

        The protocol is a column only where some device speaks telnet.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        further = ("protocol",) if any(device.spec.is_telnet for device in self.devices) else ()
        columns = (*_COLUMNS, *further)
        writer.writerow(columns)
        writer.writerows(member.row()[: len(columns)] for member in self._members.values())
        return text.getvalue()

    def _stop(self) -> None:
        for member in self._members.values():
            member.stop()


@contextmanager
def run_in_thread(fleet: Fleet) -> Iterator[Fleet]:
    """Serve a fleet from a thread with an event loop of its own, for blocking clients.

    Devices may be changed and compared from outside; restarts belong to the loop.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="netraven-lab", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(fleet.__aenter__(), loop).result(_START_S)
        try:
            yield fleet
        finally:
            asyncio.run_coroutine_threadsafe(_wind_up(fleet), loop).result(_START_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wind_up(fleet: Fleet) -> None:
    await fleet.__aexit__()
    ours = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not ours]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()


class _Member:
    """A device of a fleet with its address and, once started, its server."""

    def __init__(self, device: SimulatedDevice, address: str, port: int) -> None:
        self.device = device
        self._address = address
        self._port = port
        self._server: DeviceServer | None = None
        self._restarts = 0

    async def start(self, *, shares_host_key: bool) -> None:
        """Bind and listen; a dead device keeps its port without listening on it."""
        sock = _bound_socket(self._address, self._port)
        self._port = sock.getsockname()[1]
        spec = self.device.spec
        name = "fleet" if shares_host_key else spec.hostname
        generation = self._restarts if self.device.fault is Fault.CHANGED_HOST_KEY else 0
        seed = f"{spec.seed}/{name}/{generation}"
        self._server = DeviceServer(self.device, sock, host_key_seed=seed)
        await self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    async def restart(self, *, shares_host_key: bool) -> None:
        """Start anew on the same port."""
        self.stop()
        await asyncio.sleep(0)
        self._restarts += 1
        self.device.restart()
        await self.start(shares_host_key=shares_host_key)

    def endpoint(self) -> Endpoint:
        """Return where it answers."""
        spec = self.device.spec
        return Endpoint(
            hostname=spec.hostname,
            address=self._address,
            port=self._port,
            platform=spec.platform,
            username=spec.username,
            password=spec.password,
            enable_secret=spec.enable_secret,
            fault=self.device.fault,
            legacy=spec.legacy,
            protocol=_protocol(spec),
        )

    def row(self) -> tuple[str, ...]:
        """Return its line of the bulk format."""
        spec, plan = self.device.spec, self.device.plan
        return (
            spec.hostname,
            self._address,
            spec.platform,
            str(self._port),
            spec.description,
            plan.serial,
            plan.hardware.model,
            "imported",
            "",
            "|".join(spec.tags),
            _protocol(spec),
        )


def _protocol(spec: DeviceSpec) -> str:
    return "telnet" if spec.is_telnet else "ssh"


def _addresses(count: int, network: str | None, port: int) -> list[tuple[str, int]]:
    """Return the address and port of each device."""
    if network is None:
        return [("127.0.0.1", port + number if port else 0) for number in range(count)]
    block = ipaddress.ip_network(network)
    if not block.is_loopback or block.num_addresses <= count:
        raise ValueError(f"{network} is no loopback network with room for {count} devices")
    return [(str(block[number + 1]), port) for number in range(count)]


def _bound_socket(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.setblocking(False)  # noqa: FBT003 -- the socket's own positional argument
    except BaseException:
        sock.close()
        raise
    return sock
