"""A simulated device on the network: its server, or what its fault puts there instead."""

from __future__ import annotations

import asyncio
import socket
import struct
import warnings
from collections.abc import Callable, Mapping
from typing import cast

import asyncssh
from cryptography.utils import CryptographyDeprecationWarning
from typing_extensions import override

from netraven.lab.breakable import Breakable
from netraven.lab.device import SimulatedDevice
from netraven.lab.dialects import DIALECTS
from netraven.lab.faults import Fault
from netraven.lab.hostkeys import draw_host_key, draw_legacy_host_key
from netraven.lab.shell import Shell
from netraven.lab.telnet import TelnetSession

_MAX_LOGIN_TRIES = 3
_MODERN = {
    "kex_algs": [
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "diffie-hellman-group14-sha256",
    ],
    "encryption_algs": [
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-ctr",
        "aes256-ctr",
    ],
    "mac_algs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"],
}
_LEGACY = {
    "kex_algs": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"],
    "encryption_algs": ["aes128-cbc", "3des-cbc", "aes256-cbc"],
    "mac_algs": ["hmac-sha1"],
    "signature_algs": ["ssh-rsa"],
}
_HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class DeviceServer:
    """Serves one device on a bound socket."""

    def __init__(self, device: SimulatedDevice, sock: socket.socket, *, host_key_seed: str) -> None:
        self._device = device
        self._socket = sock
        self._host_key_seed = host_key_seed
        self._acceptor: asyncio.AbstractServer | asyncssh.SSHAcceptor | None = None
        self._connections: set[Breakable] = set()

    async def start(self) -> None:
        """Listen, except where the device is dead."""
        match self._device.fault:
            case Fault.DEAD:
                return
            case Fault.HANG | Fault.NOT_SSH:
                loop = asyncio.get_running_loop()
                self._acceptor = await loop.create_server(self._mute, sock=self._socket)
            case _ if self._device.spec.is_telnet:
                loop = asyncio.get_running_loop()
                self._acceptor = await loop.create_server(self._by_telnet, sock=self._socket)
            case _:
                self._acceptor = await self._listen()

    def stop(self) -> None:
        """Break off all sessions and close the socket."""
        for connection in tuple(self._connections):
            connection.abort()
        if self._acceptor is not None:
            self._acceptor.close()
        self._socket.close()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        # The old key exchanges are what a legacy device is about; that they are old is known.
        warnings.filterwarnings(
            "ignore", category=CryptographyDeprecationWarning, module="asyncssh"
        )
        spec = self._device.spec
        draw = draw_legacy_host_key if spec.legacy else draw_host_key
        return await asyncssh.listen(
            sock=self._socket,
            server_factory=lambda: _Login(self._device, self._connections),
            server_host_keys=[await asyncio.to_thread(draw, self._host_key_seed)],
            server_version=DIALECTS[spec.platform].ssh_version,
            encoding=None,
            line_editor=False,
            gss_host=None,
            agent_forwarding=False,
            public_key_auth=False,
            backlog=128,
            **(_LEGACY if spec.legacy else _MODERN),
        )

    def _by_telnet(self) -> asyncio.Protocol:
        return TelnetSession(self._device, self._connections)

    def _mute(self) -> asyncio.Protocol:
        lines = _HTTP if self._device.fault is Fault.NOT_SSH else b""
        return _Mute(self._connections, lines)


class _Mute(asyncio.Protocol):
    """Takes a connection and says one thing, or nothing."""

    def __init__(self, connections: set[Breakable], says: bytes) -> None:
        self._connections = connections
        self._says = says
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)
        if self._says:
            self._transport.write(self._says)
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._connections.discard(self._transport)


class _Login(asyncssh.SSHServer):
    """One connection: asks for the password and opens sessions."""

    def __init__(self, device: SimulatedDevice, connections: set[Breakable]) -> None:
        self._device = device
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None
        self._tries = 0

    @override
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._connections.discard(self._connection)

    @override
    def begin_auth(self, username: str) -> bool:
        return True

    @override
    def password_auth_supported(self) -> bool:
        return True

    @override
    def validate_password(self, username: str, password: str) -> bool:
        spec = self._device.spec
        is_right = (username, password) == (spec.username, spec.password)
        if is_right and self._device.fault is not Fault.REFUSE_LOGIN:
            return True
        self._device.refused_logins += 1
        self._tries += 1
        if self._tries >= _MAX_LOGIN_TRIES and self._connection is not None:
            self._connection.disconnect(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "Too many authentication failures"
            )
        return False

    @override
    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return _Session(self._device)


class _Session(asyncssh.SSHServerSession[bytes]):
    """A shell or a single command on a channel; the shell's `Terminal`."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._shell: Shell | None = None
        self._command: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.is_clogged = False

    @override
    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    @override
    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        return True

    @override
    def shell_requested(self) -> bool:
        return True

    @override
    def exec_requested(self, command: str) -> bool:
        self._command = command
        return True

    @override
    def session_started(self) -> None:
        if self._channel is None:
            return
        connection = self._channel.get_connection()
        self._shell = Shell(
            self._device,
            self,
            username=str(connection.get_extra_info("username")),
            rows=self._channel.get_terminal_size()[1],
        )
        if self._command is None:
            self._shell.start()
        else:
            self._shell.execute(self._command)

    @override
    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self._shell is not None and self._command is None:
            self._shell.feed(data)

    @override
    def pause_writing(self) -> None:
        self.is_clogged = True

    @override
    def resume_writing(self) -> None:
        self.is_clogged = False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if self._timer is not None:
            self._timer.cancel()

    # The shell's terminal

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client has gone."""
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(data)

    def close(self) -> None:
        """End the channel once everything has been sent; the client closes the connection."""
        if self._channel is not None:
            self._channel.exit(0)

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        if self._channel is None:
            return
        connection = self._channel.get_connection()
        sock = connection.get_extra_info("socket")
        if sock is None:  # The client was first: nothing is left to break off.
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.abort()

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call after so many seconds, unless the channel has gone by then."""
        if self._channel is not None:
            self._timer = asyncio.get_running_loop().call_later(delay_s, call)
