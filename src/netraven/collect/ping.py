"""Whether a host answers an ICMP echo, where this process may ask for one."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from contextlib import suppress
from typing import Final

_ECHO_REQUEST: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
_ECHO_REPLIES: Final = frozenset({0, 129})
_HEAD_BYTES: Final = 8
_PROTOCOL: Final = {
    socket.AF_INET: socket.IPPROTO_ICMP,
    socket.AF_INET6: socket.IPPROTO_ICMPV6,
}
_NONCE_BYTES: Final = 16
_REPLY_BYTES: Final = 256


async def ping(address: str, *, within_s: float) -> bool | None:
    """Tell whether the host answers; None where the system lets this process ask nobody.

    It is asked through a datagram socket, which Linux opens to the groups of
    `net.ipv4.ping_group_range`, else through a raw one, which needs CAP_NET_RAW. Whether this
    process may is found out by opening them.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(within_s):
            found = await loop.getaddrinfo(address, None, type=socket.SOCK_DGRAM)
            family, _, _, _, place = found[0]
            channel = _open(family)
            if channel is None:
                return None
            with channel:
                return await _is_answered(channel, family, place)
    except (TimeoutError, OSError, UnicodeError):
        return False


def _open(family: int) -> socket.socket | None:
    protocol = _PROTOCOL.get(socket.AddressFamily(family))
    if protocol is None:
        return None
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        with suppress(OSError):
            channel = socket.socket(family, kind, protocol)
            channel.setblocking(False)  # noqa: FBT003  the library's signature
            return channel
    return None


async def _is_answered(channel: socket.socket, family: int, place: tuple[object, ...]) -> bool:
    """Ask once, and wait for an answer that carries what was sent; a raw socket hears others'."""
    loop = asyncio.get_running_loop()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    channel.connect(place)
    await loop.sock_sendall(channel, _request(_ECHO_REQUEST[socket.AddressFamily(family)], nonce))
    while not _answers(await loop.sock_recv(channel, _REPLY_BYTES), nonce):
        pass
    return True


def _answers(packet: bytes, nonce: bytes) -> bool:
    """Tell whether this is the reply, with or without its IP header before it."""
    at = packet.find(nonce) - _HEAD_BYTES
    return at >= 0 and packet[at] in _ECHO_REPLIES


def _request(kind: int, nonce: bytes) -> bytes:
    """Return an echo request; Linux fills number and checksum in, others the number only."""
    head = struct.pack("!BBHHH", kind, 0, 0, 0, 1)
    return struct.pack("!BBHHH", kind, 0, _checksum(head + nonce), 0, 1) + nonce


def _checksum(packet: bytes) -> int:
    """Return the checksum of RFC 1071 for an even number of bytes."""
    words: tuple[int, ...] = struct.unpack(f"!{len(packet) // 2}H", packet)
    total = sum(words)
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
