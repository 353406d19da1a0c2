"""A simulated device's telnet server: options, the login questions, then the same shell."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, cast

from telnetlib3.stream_writer import TelnetWriter
from telnetlib3.telopt import DO, ECHO, IAC, NAWS, SGA, TTYPE, WILL
from typing_extensions import override

from netraven.lab.breakable import Breakable
from netraven.lab.device import SimulatedDevice
from netraven.lab.dialects import DIALECTS
from netraven.lab.faults import Fault
from netraven.lab.keys import LineEditor
from netraven.lab.shell import Shell

_MAX_LOGIN_TRIES: Final = 3
_SILENT: Final = logging.Logger("telnet", level=logging.CRITICAL + 1)  # noqa: LOG001  for nobody


class _Asks(Enum):
    """What the next line is taken for."""

    NAME = auto()
    PASSWORD = auto()
    NOTHING = auto()


class TelnetSession(asyncio.Protocol):
    """One connection, and the shell's `Terminal` once its login is accepted."""

    def __init__(self, device: SimulatedDevice, connections: set[Breakable]) -> None:
        self._device = device
        self._connections = connections
        self._manners = DIALECTS[device.spec.platform].telnet
        self._transport: asyncio.Transport | None = None
        self._options: TelnetWriter | None = None
        self._editor = LineEditor()
        self._asks = _Asks.NOTHING
        self._name = ""
        self._tries = 0
        self._rows = 0
        self._shell: Shell | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.is_clogged = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        options = self._options = TelnetWriter(self._transport, None, server=True)
        options.log = _SILENT
        options.set_ext_callback(NAWS, self._take_size)
        for command, option in ((WILL, ECHO), (WILL, SGA), (DO, TTYPE), (DO, NAWS)):
            options.iac(command, option)
        self._say(self._manners.greeting)
        self._ask_name()

    @override
    def data_received(self, data: bytes) -> None:
        options = self._options
        if options is None:
            return
        typed = bytearray()
        for number in data:
            byte = bytes((number,))
            is_command = (options.is_oob or byte == IAC) and not options.feed_byte(byte)
            typed += b"" if is_command else byte
        if self._shell is not None:
            self._shell.feed(bytes(typed))
            return
        for position, key in enumerate(typed.decode("utf-8", "replace")):
            self._take_key(key)
            if self._shell is not None:
                self._shell.feed(bytes(typed[position + 1 :]))
                return

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    @override
    def pause_writing(self) -> None:
        self.is_clogged = True

    @override
    def resume_writing(self) -> None:
        self.is_clogged = False

    # The login

    def _take_size(self, rows: int, _columns: int) -> None:
        self._rows = rows

    def _ask_name(self) -> None:
        self._say(self._formatted(self._manners.asks_name))
        self._asks = _Asks.NAME
        self._editor.mask = None

    def _take_key(self, key: str) -> None:
        if self._asks is _Asks.NOTHING:
            return
        if not self._editor.is_end(key):
            self.write(self._editor.edit(key).encode())
            return
        self._say("\n")
        line = self._editor.take()
        if self._asks is _Asks.PASSWORD:
            self._check(line)
        elif line:
            self._name = line
            self._say(self._manners.asks_secret)
            self._asks = _Asks.PASSWORD
            self._editor.mask = ""
        else:
            self._ask_name()

    def _check(self, password: str) -> None:
        spec = self._device.spec
        is_right = (self._name, password) == (spec.username, spec.password)
        if is_right and self._device.fault is not Fault.REFUSE_LOGIN:
            self._asks = _Asks.NOTHING
            self._shell = Shell(self._device, self, username=self._name, rows=self._rows)
            self._shell.start()
            return
        self._device.refused_logins += 1
        self._tries += 1
        self._say(self._manners.refused)
        if self._tries < _MAX_LOGIN_TRIES:
            self._ask_name()
        else:
            self.close()

    def _formatted(self, text: str) -> str:
        return text.format(host=self._device.facts.hostname)

    def _say(self, text: str) -> None:
        self.write(text.replace("\n", "\r\n").encode())

    # The shell's terminal

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client has gone."""
        if self._options is not None and self._transport is not None:
            self._options.write(data)

    def close(self) -> None:
        """End the connection once everything has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, without a word."""
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call after so many seconds, unless the connection has gone by then."""
        if self._transport is not None:
            self._timer = asyncio.get_running_loop().call_later(delay_s, call)
