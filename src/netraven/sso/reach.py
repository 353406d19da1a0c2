"""Where the server does not call: what only its own machine or its cloud is to be told.

An address that somebody enters, or that a provider names, could lead the server to a service that
trusts whoever reaches it, such as a cloud's metadata with the machine's own keys (SSRF).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

# Link-local, where most clouds' metadata are (RFC 3927, RFC 4291), and what Amazon's, Alibaba's,
# Oracle's and Azure's have besides.
_GUARDED: Final = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",
        "100.100.100.200/32",
        "192.0.0.192/32",
        "168.63.129.16/32",
    )
)
_NAMES: Final = frozenset(
    {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
)
_NAT64: Final = ip_network("64:ff9b::/96")


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, each once; raises OSError. It blocks."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def why_guarded(host: str, addresses: Iterable[str]) -> str | None:
    """Return why the server does not call this host of these addresses, None where it may."""
    if host.lower().rstrip(".") in _NAMES:
        return _WHY.format(host)
    return next((_WHY.format(each) for each in addresses if _is_guarded(each)), None)


_WHY: Final = "{} is link-local or a cloud's metadata; sso.allow_link_local on would allow it"


def _is_guarded(text: str) -> bool:
    address = _meant(ip_address(text.partition("%")[0]))
    return any(address in network for network in _GUARDED)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that one of IPv6 leads to, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
