"""What is used of Netmiko, an optional part: blocking, for a thread. Only `bridge` imports this.

Host keys are judged by NetRaven's rules, before any secret is shown; without `legacy_ssh` the old
algorithms are off, which Paramiko has on.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Final

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.exceptions import (
    NetmikoAuthenticationException,
    NetmikoTimeoutException,
    ReadTimeout,
)
from netmiko.ssh_dispatcher import CLASS_MAPPER
from typing_extensions import override

from netraven.collect.target import Login

REFUSED: Final = NetmikoAuthenticationException
UNANSWERED: Final = (NetmikoTimeoutException, ReadTimeout)
FAULTS: Final = (
    *(paramiko.SSHException, OSError, EOFError, ValueError, AttributeError, RuntimeError),
    *(KeyError, IndexError, TypeError, AssertionError, NotImplementedError),
)
"""What comes out of Netmiko when a session goes wrong in ways that it has no word for."""

_OLD: Final = {
    "kex": [
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ],
    "keys": ["ssh-rsa", "ssh-dss"],
    "pubkeys": ["ssh-rsa", "ssh-dss"],
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
}


class TooMuch(Exception):
    """The device says more than it may."""


def device_types() -> frozenset[str]:
    """Return the names that Netmiko knows."""
    return frozenset(CLASS_MAPPER)


class NetmikoSession:
    """One connection of Netmiko's; every method blocks but `abort`, which any thread may call."""

    def __init__(
        self,
        device_type: str,
        login: Login,
        *,
        host: str,
        port: int,
        connect_s: float,
        idle_s: float,
        max_bytes: int,
        legacy: bool,
        judge: Callable[[bytes], None],
        heard: Callable[[str], None],
    ) -> None:
        """`judge` gets the host key and raises for one that is not to be trusted."""
        self._idle_s = idle_s
        for name in ("netmiko", "paramiko"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._connection = _listening(CLASS_MAPPER[device_type], heard, max_bytes)(
            device_type=device_type,
            host=host,
            port=port,
            username=login.username,
            password=login.password or "",
            secret=login.enable_secret or "",
            pkey=_private_key(login),
            use_keys=False,
            conn_timeout=connect_s,
            auth_timeout=idle_s,
            banner_timeout=connect_s,
            blocking_timeout=idle_s,
            session_timeout=idle_s,
            disabled_algorithms=None if legacy else _OLD,
            auto_connect=False,
        )
        self._connection.key_policy = _Judge(judge)
        self.prompt = ""

    def open(self) -> None:
        """Connect, log in, prepare the terminal."""
        self._connection._open()  # noqa: SLF001  connecting apart from making has no other name
        self.prompt = self._connection.find_prompt().strip()

    def enable(self) -> bool:
        """Get privileges where a secret is there for it; False where the device refuses it."""
        if not self._connection.secret or self._connection.check_enable_mode():
            return True
        try:
            self._connection.enable()
        except (ValueError, ReadTimeout):
            return False
        self.prompt = self._connection.find_prompt().strip()
        return True

    def ask(self, command: str) -> str:
        """Return everything from the echo to the closing prompt."""
        said = self._connection.send_command(
            command,
            read_timeout=self._idle_s,
            strip_prompt=False,
            strip_command=False,
        )
        return str(said)

    def leave(self) -> None:
        """Say goodbye."""
        self._connection.disconnect()

    @property
    def server(self) -> str:
        """Return the SSH server's version, nothing before there is one."""
        transport = self._transport()
        return str(transport.remote_version) if transport is not None else ""

    @property
    def cipher(self) -> str:
        """Return the cipher that both sides agreed on, nothing before they did."""
        transport = self._transport()
        return str(transport.remote_cipher) if transport is not None else ""

    @property
    def is_lost(self) -> bool:
        """Tell whether a session was there and the device has closed it."""
        transport = self._transport()
        return transport is not None and bool(self.prompt) and not transport.is_active()

    def _transport(self) -> paramiko.Transport | None:
        client = getattr(self._connection, "remote_conn_pre", None)
        return None if client is None else client.get_transport()

    def abort(self) -> None:
        """Close the connection under whoever waits on it."""
        client = getattr(self._connection, "remote_conn_pre", None)
        if client is not None:
            client.close()


def _listening(
    kind: type[BaseConnection], heard: Callable[[str], None], max_bytes: int
) -> type[BaseConnection]:
    """Return Netmiko's class for a device, telling what is read and ending where it is too much."""

    class Listening(kind):  # type: ignore[misc, valid-type]  # the class is known at run time
        _left = max_bytes

        @override
        def read_channel(self) -> str:
            data = str(super().read_channel())
            self._left -= len(data)
            if data:
                heard(data)
            if self._left < 0:
                raise TooMuch
            return data

    return Listening


class _Judge(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # it comes without types
    """Asked for every host key, since none is known to Paramiko."""

    def __init__(self, judge: Callable[[bytes], None]) -> None:
        self._judge = judge

    @override
    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        self._judge(key.asbytes())


def _private_key(login: Login) -> paramiko.PKey | None:
    if login.private_key is None:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(
                io.StringIO(login.private_key), password=login.private_key_passphrase
            )
        except (paramiko.SSHException, ValueError):
            continue
    raise ValueError("the private key cannot be read")
