"""What a simulated device is configured to do, in no vendor's words.

A plan follows from a seed and a host name; each platform writes the same plan in its own
syntax (`configs/`), and a controlled change is a new plan.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from netraven.lab.mint import draw_word

_DOMAIN = "corp.example"
_EPOCH = datetime(2026, 3, 2, 7, 14, 9, tzinfo=UTC)
_DEPARTMENTS = ("sales", "finance", "lab", "voice", "guest", "printers", "cameras", "staff")
_HIGHEST_PRIVILEGE = 15
_REMARKS = (
    "uplink to core#1 > fw (90% of 10G)",
    "Büro Süd, 2. OG",
    "patch panel B17",
    "spare",
    "meeting room; ask facilities!",
    "WLAN AP",
    'printer "Zebra"',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a box is: its product number, its maker's description, the software it runs."""

    model: str
    description: str
    version: str
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vlan:
    """A VLAN; its subnet is 10.(site).(number modulo 256).0/24."""

    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A switched port: access to one VLAN, or a trunk of all where `vlan` is None."""

    number: int
    remark: str
    vlan: int | None
    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A routed point-to-point link of 31 bits."""

    number: int
    address: str
    remark: str
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A static IPv4 route."""

    network: str
    length: int
    next_hop: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A BGP neighbour and the password shared with it."""

    address: str
    asn: int
    remark: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the access list `EDGE-IN`; `port` is a TCP port."""

    permit: bool
    source: str
    target: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A local account; privileges run from 1 to 15."""

    name: str
    privilege: int
    password: str = field(repr=False)

    @property
    def is_admin(self) -> bool:
        """May change the configuration."""
        return self.privilege == _HIGHEST_PRIVILEGE


@dataclass(frozen=True, slots=True, kw_only=True)
class AaaServer:
    """A TACACS+ or RADIUS server and the key shared with it."""

    name: str
    address: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Secrets that stand in a configuration outside users, neighbours and AAA servers.

    `snmp_read`, `snmp_trap` and `ospf` are the same in the whole fleet, the rest are not.
    """

    snmp_read: str
    snmp_trap: str
    ospf: str
    snmp_write: str
    snmp_auth: str
    snmp_privacy: str
    enable: str
    line: str
    ntp: str
    vpn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a configuration is written from."""

    hostname: str
    domain: str
    site: int
    hardware: Hardware
    serial: str
    asn: int
    router_id: str
    vlans: tuple[Vlan, ...]
    ports: tuple[Port, ...]
    links: tuple[Link, ...]
    routes: tuple[Route, ...]
    neighbours: tuple[Neighbour, ...]
    rules: tuple[Rule, ...]
    prefixes: tuple[Route, ...]
    users: tuple[User, ...]
    tacacs: tuple[AaaServer, ...]
    radius: AaaServer
    ntp_servers: tuple[str, ...]
    syslog_hosts: tuple[str, ...]
    keys: Keys = field(repr=False)
    changed_at: datetime
    changed_by: str = "jdoe"

    def subnet(self, vlan: int) -> str:
        """Return the first three octets of a VLAN's subnet."""
        return f"10.{self.site}.{vlan % 256}"


def draw_plan(
    hostname: str,
    hardware: tuple[Hardware, ...],
    *,
    seed: int,
    scale: int = 0,
    enable_secret: str | None = None,
) -> Plan:
    """Return the plan of a device; the same arguments give the same plan.

    Each step of `scale` adds an access list line, a route and a prefix, and now and then a
    port and a VLAN: some 200 bytes in most syntaxes.
    """
    dice = random.Random(f"{seed}/{hostname}")
    site = dice.randrange(1, 200)
    vlans = _draw_vlans(dice, 6 + scale // 8)
    asn = 64512 + dice.randrange(400)
    return Plan(
        hostname=hostname,
        domain=_DOMAIN,
        site=site,
        hardware=dice.choice(hardware),
        serial=_draw_serial(dice),
        asn=asn,
        router_id=f"10.255.{site}.{dice.randrange(1, 255)}",
        vlans=vlans,
        ports=tuple(_draw_port(dice, n, vlans) for n in range(1, 13 + scale // 3)),
        links=tuple(_draw_link(dice, site, n) for n in range(1, 3)),
        routes=tuple(_draw_route(dice, site) for _ in range(4 + scale)),
        neighbours=tuple(_draw_neighbour(dice, site, n, asn) for n in range(1, 4)),
        rules=tuple(_draw_rule(dice, site) for _ in range(8 + scale)),
        prefixes=tuple(_draw_route(dice, site) for _ in range(5 + scale)),
        ntp_servers=(f"10.{site}.0.123", "10.0.0.123"),
        syslog_hosts=(f"10.{site}.0.14", "10.0.0.14"),
        changed_at=_EPOCH + timedelta(seconds=dice.randrange(10_000_000)),
        users=tuple(_draw_user(seed, hostname, number) for number in range(3)),
        tacacs=tuple(_draw_tacacs(seed, site, number) for number in (1, 2)),
        radius=AaaServer(
            name="NPS-1", address=f"10.{site}.0.31", key=draw_word(20, seed, "radius")
        ),
        keys=_draw_keys(seed, hostname, enable_secret),
    )


def _draw_keys(seed: int, hostname: str, enable_secret: str | None) -> Keys:
    def own(name: str) -> str:
        return draw_word(16, seed, hostname, name)

    return Keys(
        snmp_read=draw_word(12, seed, "snmp-read"),
        snmp_trap=draw_word(12, seed, "snmp-trap"),
        ospf=draw_word(16, seed, "ospf"),
        snmp_write=own("snmp-write"),
        snmp_auth=own("snmp-auth"),
        snmp_privacy=own("snmp-privacy"),
        enable=enable_secret or own("enable"),
        line=own("line"),
        ntp=own("ntp"),
        vpn=own("vpn"),
    )


def _draw_user(seed: int, hostname: str, number: int) -> User:
    name, privilege = (
        ("admin", _HIGHEST_PRIVILEGE),
        ("netraven", _HIGHEST_PRIVILEGE),
        ("operator", 5),
    )[number]
    return User(name=name, privilege=privilege, password=draw_word(16, seed, hostname, name))


def _draw_tacacs(seed: int, site: int, number: int) -> AaaServer:
    return AaaServer(
        name=f"ISE-{number}",
        address=f"10.{site}.0.{20 + number}",
        key=draw_word(18, seed, "tacacs", number),
    )


def _draw_vlans(dice: random.Random, count: int) -> tuple[Vlan, ...]:
    numbers = sorted(dice.sample(range(2, 4000), count))
    return tuple(
        Vlan(number=number, name=f"{dice.choice(_DEPARTMENTS)}-{number}") for number in numbers
    )


def _draw_port(dice: random.Random, number: int, vlans: tuple[Vlan, ...]) -> Port:
    is_trunk = not dice.randrange(5)
    return Port(
        number=number,
        remark=dice.choice(_REMARKS),
        vlan=None if is_trunk else dice.choice(vlans).number,
        is_up=bool(dice.randrange(5)),
    )


def _draw_link(dice: random.Random, site: int, number: int) -> Link:
    return Link(
        number=number,
        address=f"10.254.{site}.{number * 2}",
        remark=f"to core-{number:02d}",
        cost=dice.choice((10, 100, 1000)),
    )


def _draw_route(dice: random.Random, site: int) -> Route:
    return Route(
        network=f"172.{dice.randrange(16, 32)}.{dice.randrange(256)}.0",
        length=24,
        next_hop=f"10.254.{site}.{dice.choice((3, 5))}",
    )


def _draw_neighbour(dice: random.Random, site: int, number: int, asn: int) -> Neighbour:
    return Neighbour(
        address=f"10.254.{site}.{number * 2 + 1}",
        asn=asn if number == 1 else 64900 + dice.randrange(100),
        remark=f"transit-{number}",
        password="".join(dice.choices("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMN23456789", k=16)),
    )


def _draw_rule(dice: random.Random, site: int) -> Rule:
    return Rule(
        permit=bool(dice.randrange(10)),
        source=f"10.{site}.{dice.randrange(256)}.{dice.randrange(1, 255)}",
        target=f"192.0.2.{dice.randrange(1, 255)}",
        port=dice.choice((22, 25, 53, 80, 161, 389, 443, 445, 1812, 3389, 8443)),
    )


def _draw_serial(dice: random.Random) -> str:
    letters = "".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=3))
    return f"F{letters}{dice.randrange(2000, 2600)}" + "".join(
        dice.choices("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", k=4)
    )
