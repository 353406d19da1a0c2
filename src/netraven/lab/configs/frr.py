"""FRRouting with `vtysh` as the login shell: BGP, OSPF, static routes and prefix lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netraven.lab.configs.voice import CHATTER_ENDS, Moment, Topic, Voice, join
from netraven.lab.mint import Mint, draw_word
from netraven.lab.plan import Hardware, Plan, Vlan

_HARDWARE = (
    Hardware(model="Linux(6.1.0-18-amd64)", description="Debian 12", version="8.4.4"),
    Hardware(model="Linux(6.12.9-amd64)", description="Debian 13", version="10.2.1"),
)


def _running(plan: Plan, mint: Mint) -> str:
    body = join(
        line
        for section in (
            _opening(plan, mint),
            _routes(plan),
            _interfaces(plan, mint),
            _routing(plan, mint),
            _filters(plan),
        )
        for line in section
    )
    return f"Building configuration...\n\nCurrent configuration:\n{CHATTER_ENDS}{body}"


def _opening(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "!"
    yield f"frr version {plan.hardware.version}"
    yield "frr defaults traditional"
    yield f"hostname {plan.hostname}"
    yield f"domainname {plan.domain}"
    yield f"password {mint.clear(plan.keys.line)}"
    yield f"enable password {mint.clear(plan.keys.enable)}"
    yield "log syslog informational"
    yield "service integrated-vtysh-config"
    yield "!"
    yield "key chain RIP-KEYS"
    yield " key 1"
    yield f"  key-string {mint.clear(plan.keys.ntp)}"
    yield " exit"
    yield "exit"
    yield "!"


def _routes(plan: Plan) -> Iterator[str]:
    for route in plan.routes:
        yield f"ip route {route.network}/{route.length} {route.next_hop}"
    yield f"ip route 10.{plan.site}.0.0/16 blackhole"
    yield "!"


def _interfaces(plan: Plan, mint: Mint) -> Iterator[str]:
    for link in plan.links:
        yield f"interface eth{link.number}"
        yield f" description {link.remark}"
        yield f" ip address {link.address}/31"
        yield f" ip ospf cost {link.cost}"
        yield " ip ospf authentication message-digest"
        yield f" ip ospf message-digest-key 1 md5 {mint.clear(plan.keys.ospf)}"
        yield " ip ospf network point-to-point"
        yield from ("exit", "!")
    for vlan in plan.vlans:
        yield from _vlan(plan, vlan)
    yield from ("interface lo", f" ip address {plan.router_id}/32", "exit", "!")


def _vlan(plan: Plan, vlan: Vlan) -> Iterator[str]:
    yield f"interface eth3.{vlan.number}"
    yield f" description {vlan.name}"
    yield f" ip address {plan.subnet(vlan.number)}.1/24"
    yield " ip ospf passive"
    yield from ("exit", "!")


def _routing(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f"router bgp {plan.asn}"
    yield f" bgp router-id {plan.router_id}"
    yield " no bgp default ipv4-unicast"
    for neighbour in plan.neighbours:
        yield f" neighbor {neighbour.address} remote-as {neighbour.asn}"
        yield f" neighbor {neighbour.address} description {neighbour.remark}"
        yield f" neighbor {neighbour.address} password {mint.clear(neighbour.password)}"
    yield " !"
    yield " address-family ipv4 unicast"
    yield f"  network 10.{plan.site}.0.0/16"
    for neighbour in plan.neighbours:
        yield f"  neighbor {neighbour.address} activate"
        yield f"  neighbor {neighbour.address} prefix-list TRANSIT-IN in"
    yield from (" exit-address-family", "exit", "!")
    yield "router ospf"
    yield f" ospf router-id {plan.router_id}"
    yield f" network 10.254.{plan.site}.0/24 area 0"
    yield " area 0 authentication message-digest"
    yield from ("exit", "!")
    yield "mpls ldp"
    key = mint.clear(draw_word(16, plan.keys.vpn, "ldp"))
    yield f" neighbor {plan.neighbours[0].address} password {key}"
    yield from ("exit", "!")


def _filters(plan: Plan) -> Iterator[str]:
    for number, rule in enumerate(plan.rules, start=1):
        verb = "permit" if rule.permit else "deny"
        yield f"access-list EDGE-IN seq {number * 5} {verb} {rule.source}/32"
    yield "!"
    for number, prefix in enumerate(plan.prefixes, start=1):
        yield (
            f"ip prefix-list TRANSIT-IN seq {number * 5} permit {prefix.network}/{prefix.length}"
        )
    yield "!"
    yield "route-map EXPORT permit 10"
    yield " match ip address prefix-list TRANSIT-IN"
    yield from ("exit", "!", "end")


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return f"""\
FRRouting {box.version} ({plan.hostname}) on {box.model}.
Copyright 1996-2005 Kunihiro Ishiguro, et al.
configured with:
    '--build=x86_64-linux-gnu' '--prefix=/usr' '--sysconfdir=/etc/frr' '--enable-vty-group=frrvty'
"""


def _move(moment: Moment) -> Mapping[str, str]:
    del moment
    return {}


FRR = Voice(
    hardware=_HARDWARE,
    texts={Topic.RUNNING: _running, Topic.VERSION: _version},
    move=_move,
)
