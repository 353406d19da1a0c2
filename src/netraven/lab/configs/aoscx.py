"""Aruba AOS-CX: an access or aggregation switch with VLANs, OSPF and BGP.

Its running configuration has no closing line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netraven.lab.configs.voice import CLOCK, UPTIME, Moment, Topic, Voice, days_and_more, join
from netraven.lab.mint import Mint
from netraven.lab.plan import Hardware, Neighbour, Plan, Port

_HARDWARE = (
    Hardware(
        model="JL659A",
        description="6300M 48SR5 CL6 PoE 4SFP56 Swch",
        version="FL.10.13.1101",
        image="ArubaOS-CX:FL.10.13.1101:594be74c336e:202505092217",
    ),
    Hardware(
        model="JL675A",
        description="6100 48G CL4 4SFP+ Swch",
        version="PL.10.10.1090",
        image="ArubaOS-CX:PL.10.10.1090:6a9b13f51b21:202308160012",
    ),
)
_RULE = "-" * 77


def _running(plan: Plan, mint: Mint) -> str:
    return "Current configuration:\n" + _body(plan, mint)


def _startup(plan: Plan, mint: Mint) -> str:
    return "Startup configuration:\n" + _body(plan, mint)


def _body(plan: Plan, mint: Mint) -> str:
    return join(
        line
        for section in (
            _opening(plan, mint),
            _accounts(plan, mint),
            _management(plan, mint),
            _filters(plan),
            _vlans(plan),
            _interfaces(plan, mint),
            _routing(plan, mint),
        )
        for line in section
    )


def _opening(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "!"
    yield f"!Version ArubaOS-CX {plan.hardware.version}"
    yield "!export-password: default"
    yield f"hostname {plan.hostname}"
    yield f"domain-name {plan.domain}"
    yield "banner motd !"
    yield f"{plan.hostname.upper()} belongs to Example Corp."
    yield "Access is logged>"
    yield "!"
    for user in plan.users:
        group = "administrators" if user.is_admin else "operators"
        yield f"user {user.name} group {group} password ciphertext {mint.aoscx(user.password)}"
    yield "clock timezone europe/berlin"
    yield f"ntp authentication-key 1 md5 ciphertext {mint.aoscx(plan.keys.ntp)}"
    yield from (f"ntp server {server} iburst" for server in plan.ntp_servers)
    yield "ntp enable"
    yield "!"


def _accounts(plan: Plan, mint: Mint) -> Iterator[str]:
    for server in plan.tacacs:
        yield f"tacacs-server host {server.address} key ciphertext {mint.aoscx(server.key)}"
    radius = plan.radius
    yield f"radius-server host {radius.address} key ciphertext {mint.aoscx(radius.key)}"
    yield "!"
    yield "aaa authentication login default group tacacs local"
    yield "aaa authorization commands default group tacacs local"
    yield "aaa accounting all-mgmt default start-stop group tacacs"
    yield "!"


def _management(plan: Plan, mint: Mint) -> Iterator[str]:
    keys = plan.keys
    yield from (f"logging {host}" for host in plan.syslog_hosts)
    yield "ssh server vrf default"
    yield "ssh server vrf mgmt"
    yield "snmp-server vrf mgmt"
    yield f"snmp-server system-location site {plan.site}, rack {plan.site % 9 + 1}"
    yield f"snmp-server system-contact noc@{plan.domain}"
    yield f"snmp-server community {mint.clear(keys.snmp_read)}"
    yield f"snmp-server community {mint.clear(keys.snmp_write)}"
    yield "    access-level rw"
    trap = mint.clear(keys.snmp_trap)
    yield f"snmp-server host 10.{plan.site}.0.15 trap version v2c community {trap}"
    yield (
        f"snmpv3 user monitor auth sha auth-pass ciphertext {mint.aoscx(keys.snmp_auth)} "
        f"priv aes priv-pass ciphertext {mint.aoscx(keys.snmp_privacy)}"
    )
    yield "!"


def _filters(plan: Plan) -> Iterator[str]:
    yield "access-list ip EDGE-IN"
    for number, rule in enumerate(plan.rules, start=1):
        verb = "permit" if rule.permit else "deny"
        yield f"    {number * 10} {verb} tcp {rule.source} {rule.target} eq {rule.port}"
    yield "    !"
    for number, prefix in enumerate(plan.prefixes, start=1):
        yield (
            f"ip prefix-list TRANSIT-IN seq {number * 10} permit {prefix.network}/{prefix.length}"
        )
    yield "!"


def _vlans(plan: Plan) -> Iterator[str]:
    yield "vlan 1"
    for vlan in plan.vlans:
        yield f"vlan {vlan.number}"
        yield f"    name {vlan.name}"
    yield "spanning-tree"
    yield "interface mgmt"
    yield from ("    no shutdown", f"    ip static 10.{plan.site}.0.11/24")
    yield f"    default-gateway 10.{plan.site}.0.1"


def _interfaces(plan: Plan, mint: Mint) -> Iterator[str]:
    for port in plan.ports:
        yield from _port(port)
    for link in plan.links:
        yield f"interface 1/1/{48 + link.number}"
        yield f"    description {link.remark}"
        yield from ("    no shutdown", "    mtu 9198", "    routing")
        yield f"    ip address {link.address}/31"
        yield "    ip ospf 1 area 0.0.0.0"
        yield f"    ip ospf cost {link.cost}"
        yield "    ip ospf authentication message-digest"
        key = mint.aoscx(plan.keys.ospf)
        yield f"    ip ospf message-digest-key 1 md5 ciphertext {key}"
    yield from ("interface loopback 0", f"    ip address {plan.router_id}/32")
    for vlan in plan.vlans[:6]:
        yield f"interface vlan {vlan.number}"
        yield f"    ip address {plan.subnet(vlan.number)}.2/24"
        yield "    vrrp 1 address-family ipv4"
        yield f"        address {plan.subnet(vlan.number)}.1 primary"
        yield f"        authentication text ciphertext {mint.aoscx(plan.keys.line)}"
        yield "        exit"


def _port(port: Port) -> Iterator[str]:
    unit, number = divmod(port.number - 1, 48)
    yield f"interface {unit + 1}/1/{number + 1}"
    yield f"    description {port.remark}"
    yield "    no shutdown" if port.is_up else "    shutdown"
    yield "    no routing"
    if port.vlan is None:
        yield from ("    vlan trunk native 1", "    vlan trunk allowed all")
    else:
        yield f"    vlan access {port.vlan}"
        yield "    spanning-tree port-type admin-edge"


def _routing(plan: Plan, mint: Mint) -> Iterator[str]:
    for route in plan.routes:
        yield f"ip route {route.network}/{route.length} {route.next_hop}"
    yield "!"
    yield from ("router ospf 1", f"    router-id {plan.router_id}", "    passive-interface default")
    yield "    area 0.0.0.0"
    yield f"router bgp {plan.asn}"
    yield f"    bgp router-id {plan.router_id}"
    for neighbour in plan.neighbours:
        yield from _neighbour(neighbour, mint)
    yield "    address-family ipv4 unicast"
    yield from (f"        neighbor {n.address} activate" for n in plan.neighbours)
    yield f"        network 10.{plan.site}.0.0/16"
    yield "    exit-address-family"
    yield "!"
    yield "https-server vrf default"
    yield "https-server vrf mgmt"


def _neighbour(neighbour: Neighbour, mint: Mint) -> Iterator[str]:
    yield f"    neighbor {neighbour.address} remote-as {neighbour.asn}"
    yield f"    neighbor {neighbour.address} description {neighbour.remark}"
    password = mint.aoscx(neighbour.password)
    yield f"    neighbor {neighbour.address} password ciphertext {password}"


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return f"""\
{_RULE}
ArubaOS-CX
(c) Copyright 2017-2025 Hewlett Packard Enterprise Development LP
{_RULE}
{"Version      : " + box.version:77}
{"Build Date   : 2025-05-09 22:44:18 UTC":77}
{"Build ID     : " + box.image:77}
Build SHA    : {Mint().hex(box.image, 40)}
{"Hot Patches  :":77}
{"Active Image : primary":45}

{"Service OS Version : " + box.version[:2] + ".01.14.0002":45}
{"BIOS Version       : " + box.version[:2] + ".01.0007":45}
"""


def _inventory(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    row = f"1/1  {box.model:7} {box.description:38} {plan.serial:10} Ready         "
    heading = (
        "     Product                                        Serial                    \n"
        "Name Number  Description                            Number     Status         \n"
        "---- ------- -------------------------------------- ---------- ---------------"
    )
    return f"""\

Management Modules
==================

{heading}
{row}

Line Modules
============

{heading}
{row}

"""


def _system(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return f"""\
Hostname               : {plan.hostname:29}
System Description     : {box.version:29}
System Contact         : noc@{plan.domain:25}
System Location        : site {plan.site}, rack {plan.site % 9 + 1}

Vendor                 : Aruba                       \x20
Product Name           : {box.model} {box.description}
Chassis Serial Nbr     : {plan.serial:29}
Base MAC Address       : 9460d5-{plan.site:06x}               \x20
ArubaOS-CX Version     : {box.version:29}

Time Zone              : Europe/Berlin               \x20

Up Time                : {UPTIME}
CPU Util (%)           : {plan.site % 60:<29}
Memory Usage (%)       : {plan.site % 40 + 20:<29}
"""


def _clock(plan: Plan, mint: Mint) -> str:
    del plan, mint
    return f"{CLOCK}\nSystem is configured for timezone : Europe/Berlin\n"


def _move(moment: Moment) -> Mapping[str, str]:
    days, hours, minutes = days_and_more(moment.up)
    weeks, days = divmod(days, 7)
    return {
        UPTIME: f"{weeks} weeks, {days} days, {hours} hours, {minutes} minutes",
        CLOCK: moment.now.strftime("%a %b %e %H:%M:%S UTC %Y"),
    }


AOSCX = Voice(
    hardware=_HARDWARE,
    texts={
        Topic.RUNNING: _running,
        Topic.STARTUP: _startup,
        Topic.VERSION: _version,
        Topic.INVENTORY: _inventory,
        Topic.SYSTEM: _system,
        Topic.CLOCK: _clock,
    },
    move=_move,
)
