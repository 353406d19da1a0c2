"""The sockets of a server, bound before it says that it serves."""

from __future__ import annotations

import errno
import socket
from typing import Final, TypeAlias

from netraven.errors import InUse, Invalid, NetRavenError

_Address: TypeAlias = tuple[str | int | bytes, ...]
_BACKLOG: Final = 2048
# A name such as localhost may stand for an address of IPv6 that this machine does not have.
_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bound(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of the host, all of one port; for 0 it is a free one.

    Raises InUse where another program has the port, Invalid where nobody can listen.
    """
    sockets: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, address in _addresses(host):
            try:
                sockets.append(_bound(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                absent = error
            else:
                port = sockets[0].getsockname()[1]
        if absent is not None and not sockets:
            raise absent
    except OSError as error:
        for each in sockets:
            each.close()
        raise _refusal(error, host, port) from None
    return sockets


def address_of(host: str, sockets: list[socket.socket]) -> str:
    """Return where the server is reached, as a URL has it."""
    port = sockets[0].getsockname()[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str) -> list[tuple[int, _Address]]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, tuple(address)) for family, _, _, _, address in found))


def _bound(family: int, address: _Address) -> socket.socket:
    return socket.create_server(address, family=family, backlog=_BACKLOG)


def _refusal(error: OSError, host: str, port: int) -> NetRavenError:
    if isinstance(error, socket.gaierror):
        return Invalid("host", f"{host} is no address, and no name that this machine knows")
    if error.errno == errno.EADDRINUSE:
        return InUse(f"another program listens on port {port} of {host}; --port names another one")
    if error.errno == errno.EACCES:
        return Invalid("port", f"this user may not listen on port {port}; those from 1024 are free")
    if error.errno in _NOT_HERE:
        return Invalid("host", f"{host} is no address of this machine")
    return Invalid("host", f"nobody can listen on port {port} of {host}: {error.strerror}")
