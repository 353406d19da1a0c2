"""A fleet with a past: IOS-like, Junos-like and FortiOS-like texts that change version by version.

The texts are what people see: secrets stand as tokens. The same seed gives the same past.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

KINDS = ("cisco_ios", "juniper_junos", "fortinet_fortios")
BEGIN = datetime(2026, 1, 1, 2, tzinfo=UTC)
LAST = 250
FREQUENT = f"10.9.{LAST}.1"
ABSENT = "ip http tampered-server"
RARE_DEVICE = 7


def rare_line(kind: str) -> str:
    """Return a line that one device has for a while."""
    return {"juniper_junos": "    "}.get(kind, " ") + "description only here, ticket 4711"


class PastDevice:
    """One device: its lines, changed one to three at a time; some changes come to all of a kind."""

    def __init__(self, number: int, *, interfaces: int = 110) -> None:
        self.number = number
        self.kind = KINDS[number % len(KINDS)]
        self._chance = random.Random(number)
        make = {"cisco_ios": _ios, "juniper_junos": _junos, "fortinet_fortios": _fortios}
        self.lines = [*make[self.kind](number, self._chance, interfaces)]

    @property
    def hostname(self) -> str:
        return f"sw-{self.number:05}"

    def moment(self, version: int) -> datetime:
        return BEGIN + timedelta(days=version, seconds=self._chance.randrange(3_600))

    def versions(self, count: int) -> Iterator[tuple[int, list[str]]]:
        """Yield version numbers and lines; the list is changed by the next one."""
        yield 1, self.lines
        for version in range(2, count + 1):
            self._change(version, count)
            yield version, self.lines

    def _change(self, version: int, count: int) -> None:
        draw = self._chance.randrange
        if version % 20 == 0 or version == count:
            # The same for all of a kind, but for every fiftieth device.
            number = LAST if version == count else version % LAST
            server = f"10.9.{number}.{'7' if self.number % 50 == 0 else '1'}"
            self.lines.insert(3, _time_server(self.kind, server))
            return
        if self.number == RARE_DEVICE and version == count // 2:
            self.lines.insert(40, rare_line(self.kind))
        for _ in range(draw(1, 4)):
            place = draw(8, len(self.lines) - 8)
            indent = len(self.lines[place]) - len(self.lines[place].lstrip())
            ticket = f"ticket {draw(10**6)} of {version}"
            self.lines[place] = " " * indent + _description(self.kind, ticket)


def _description(kind: str, text: str) -> str:
    return {
        "cisco_ios": f"description {text}",
        "juniper_junos": f'description "{text}";',
        "fortinet_fortios": f'set comment "{text}"',
    }[kind]


def _time_server(kind: str, address: str) -> str:
    return {
        "cisco_ios": f"ntp server {address}",
        "juniper_junos": f"    server {address};",
        "fortinet_fortios": f'    set server "{address}"',
    }[kind]


def _token(chance: random.Random) -> str:
    return f"‹secret:{chance.randrange(16**12):012x}›"


def _ios(number: int, chance: random.Random, interfaces: int) -> Iterator[str]:
    draw = chance.randrange
    yield from ("version 17.9", f"hostname sw-{number:05}", "!", "ip routing")
    yield f"enable secret 9 {_token(chance)}"
    for port in range(interfaces):
        yield f"interface GigabitEthernet{port // 48 + 1}/0/{port % 48 + 1}"
        yield f" description access-{draw(10**5)} room {draw(500)}"
        yield f" switchport access vlan {draw(2, 4000)}"
        yield f" ip address 10.{draw(255)}.{draw(255)}.{draw(255)} 255.255.255.0"
        yield f" ip access-group ACL-{draw(100)} in"
        yield from (" spanning-tree portfast", " no shutdown", "!")
    yield from ("router bgp 65000", f" neighbor 10.0.0.{draw(255)} password 7 {_token(chance)}")
    yield from ("line vty 0 15", " transport input ssh", "end", "")


def _junos(number: int, chance: random.Random, interfaces: int) -> Iterator[str]:
    draw = chance.randrange
    yield from ("version 23.4R1;", "system {", f"    host-name sw-{number:05};", "    ntp {")
    yield from ("    }", "}", "interfaces {")
    for port in range(interfaces):
        yield f"    ge-0/{port // 48}/{port % 48} {{"
        yield f'        description "access-{draw(10**5)} room {draw(500)}";'
        yield "        unit 0 {"
        yield "            family inet {"
        yield f"                address 10.{draw(255)}.{draw(255)}.{draw(255)}/24;"
        yield from ("            }", "        }", "    }")
    yield from ("}", "protocols {", f'    authentication-key "{_token(chance)}";', "}", "")
    yield ""


def _fortios(number: int, chance: random.Random, interfaces: int) -> Iterator[str]:
    draw = chance.randrange
    yield from ("config system global", f'    set hostname "sw-{number:05}"', "end")
    yield from ("config system ntp", "end", "config firewall address", "end", "")
    yield "config firewall policy"
    for policy in range(interfaces):
        yield f"    edit {policy + 1}"
        yield f'        set name "rule-{draw(10**5)}"'
        yield f'        set srcaddr "host-{draw(10**4)}"'
        yield f'        set dstaddr "net-10.{draw(255)}.{draw(255)}.0"'
        yield f'        set service "TCP-{draw(2**16)}"'
        yield from ("        set action accept", "        set logtraffic all", "    next")
    yield from ("end", "config user local", f"    set passwd ENC {_token(chance)}", "end", "")
