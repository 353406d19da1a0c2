"""Arista EOS: a leaf or spine with BGP, VLANs and AAA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netraven.lab.configs.voice import CLOCK, UPTIME, Moment, Topic, Voice, days_and_more, join
from netraven.lab.mint import Mint
from netraven.lab.plan import Hardware, Plan, Port

_HARDWARE = (
    Hardware(
        model="DCS-7050SX3-48YC8",
        description="48x25GbE SFP+ & 8x100GbE QSFP Switch",
        version="4.29.2F",
        image="flash:/EOS64-4.29.2F.swi",
    ),
    Hardware(
        model="DCS-7280CR3-32P4-F",
        description="32x100GbE QSFP & 4x400GbE OSFP Switch",
        version="4.31.1F",
        image="flash:/EOS64-4.31.1F.swi",
    ),
    Hardware(
        model="DCS-7048T-A-F",
        description="48x1GbE RJ45 & 4x10GbE SFP+ Switch",
        version="4.15.10M",
        image="flash:/EOS-4.15.10M.swi",
    ),
)


def _running(plan: Plan, mint: Mint) -> str:
    return f"! Command: show running-config\n! Time: {CLOCK}\n{_body(plan, mint)}"


def _startup(plan: Plan, mint: Mint) -> str:
    changed = plan.changed_at.strftime("%a %b %e %H:%M:%S %Y")
    heading = f"! Startup-config last modified at {changed} by {plan.changed_by}"
    return f"! Command: show startup-config\n{heading}\n{_body(plan, mint)}"


def _body(plan: Plan, mint: Mint) -> str:
    return join(
        line
        for section in (
            _opening(plan, mint),
            _accounts(plan, mint),
            _interfaces(plan, mint),
            _filters(plan),
            _routing(plan, mint),
            _closing(plan, mint),
        )
        for line in section
    )


def _opening(plan: Plan, mint: Mint) -> Iterator[str]:
    box, keys = plan.hardware, plan.keys
    yield f"! device: {plan.hostname} ({box.model}, EOS-{box.version})"
    yield "!"
    yield f"! boot system {box.image}"
    yield "!"
    yield f"enable secret sha512 {mint.sha512(keys.enable)}"
    yield "!"
    yield "transceiver qsfp default-mode 4x10G"
    yield "!"
    yield "service routing protocols model multi-agent"
    yield "!"
    yield "logging buffered 10000"
    yield from (f"logging host {host}" for host in plan.syslog_hosts)
    yield "!"
    yield f"hostname {plan.hostname}"
    yield f"dns domain {plan.domain}"
    yield f"ip name-server vrf default 10.{plan.site}.0.53"
    yield "!"
    yield f"ntp authentication-key 1 md5 7 {mint.type7(keys.ntp)}"
    yield from ("ntp trusted-key 1", "ntp authenticate")
    yield from (f"ntp server {server} iburst" for server in plan.ntp_servers)
    yield "!"
    yield f"snmp-server contact noc@{plan.domain}"
    yield f"snmp-server location site {plan.site}, rack {plan.site % 9 + 1}"
    yield f"snmp-server community {mint.clear(keys.snmp_read)} ro SNMP-RO"
    yield f"snmp-server community {mint.clear(keys.snmp_write)} rw SNMP-RO"
    yield "snmp-server group NOC v3 priv"
    yield (
        "snmp-server user monitor NOC v3 localized f5717f444ca8247a1c00 "
        f"auth sha {mint.hex(keys.snmp_auth, 40)} priv aes {mint.hex(keys.snmp_privacy, 32)}"
    )
    yield f"snmp-server host 10.{plan.site}.0.15 version 2c {mint.clear(keys.snmp_trap)}"
    yield "!"
    yield from ("spanning-tree mode mstp", "!")


def _accounts(plan: Plan, mint: Mint) -> Iterator[str]:
    for server in plan.tacacs:
        yield f"tacacs-server host {server.address} key 7 {mint.type7(server.key)}"
    yield "!"
    yield f"radius-server host {plan.radius.address} key 7 {mint.type7(plan.radius.key)}"
    yield "!"
    yield "aaa group server tacacs+ ISE"
    yield from (f"   server {server.address}" for server in plan.tacacs)
    yield "!"
    yield "aaa authentication login default group ISE local"
    yield "aaa authorization exec default group ISE local"
    yield "aaa accounting commands all default start-stop group ISE"
    yield "!"
    yield from ("no aaa root", "!")
    for user in plan.users:
        role = "network-admin" if user.is_admin else "network-operator"
        yield (
            f"username {user.name} privilege {user.privilege} role {role} "
            f"secret sha512 {mint.sha512(user.password)}"
        )
    yield "!"
    yield "clock timezone Europe/Berlin"
    yield "!"
    for vlan in plan.vlans:
        yield from (f"vlan {vlan.number}", f"   name {vlan.name}", "!")


def _interfaces(plan: Plan, mint: Mint) -> Iterator[str]:
    for port in plan.ports:
        yield from _port(port)
    for link in plan.links:
        yield f"interface Ethernet{48 + link.number}/1"
        yield f"   description {link.remark}"
        yield "   mtu 9214"
        yield "   no switchport"
        yield f"   ip address {link.address}/31"
        yield "   ip ospf network point-to-point"
        yield "   ip ospf authentication message-digest"
        yield f"   ip ospf message-digest-key 1 md5 7 {mint.type7(plan.keys.ospf)}"
        yield "!"
    yield from ("interface Loopback0", f"   ip address {plan.router_id}/32", "!")
    yield from ("interface Management1", f"   ip address 10.{plan.site}.0.10/24", "!")
    for vlan in plan.vlans[:6]:
        yield f"interface Vlan{vlan.number}"
        yield f"   ip address virtual {plan.subnet(vlan.number)}.1/24"
        yield "!"


def _port(port: Port) -> Iterator[str]:
    yield f"interface Ethernet{port.number}"
    yield f"   description {port.remark}"
    if not port.is_up:
        yield "   shutdown"
    if port.vlan is None:
        yield "   switchport mode trunk"
    else:
        yield f"   switchport access vlan {port.vlan}"
        yield "   spanning-tree portfast"
    yield "!"


def _filters(plan: Plan) -> Iterator[str]:
    yield "ip access-list standard SNMP-RO"
    yield f"   10 permit 10.{plan.site}.0.0/24"
    yield "!"
    yield "ip access-list EDGE-IN"
    for number, rule in enumerate(plan.rules, start=1):
        verb = "permit" if rule.permit else "deny"
        yield f"   {number * 10} {verb} tcp host {rule.source} host {rule.target} eq {rule.port}"
    yield "!"
    yield "ip routing"
    yield "!"
    yield "ip prefix-list TRANSIT-IN"
    for number, prefix in enumerate(plan.prefixes, start=1):
        yield f"   seq {number * 10} permit {prefix.network}/{prefix.length}"
    yield "!"
    for route in plan.routes:
        yield f"ip route {route.network}/{route.length} {route.next_hop}"
    yield "!"


def _routing(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f"router bgp {plan.asn}"
    yield f"   router-id {plan.router_id}"
    for neighbour in plan.neighbours:
        yield f"   neighbor {neighbour.address} remote-as {neighbour.asn}"
        yield f"   neighbor {neighbour.address} description {neighbour.remark}"
        yield f"   neighbor {neighbour.address} password 7 {mint.base64(neighbour.password)}"
    yield f"   network 10.{plan.site}.0.0/16"
    yield "!"
    yield "router ospf 1"
    yield f"   router-id {plan.router_id}"
    yield "   passive-interface default"
    yield from (f"   no passive-interface Ethernet{48 + link.number}/1" for link in plan.links)
    yield f"   network 10.254.{plan.site}.0/24 area 0.0.0.0"
    yield "   max-lsa 12000"
    yield "!"


def _closing(plan: Plan, mint: Mint) -> Iterator[str]:
    del mint
    yield "banner login"
    yield f"{plan.hostname.upper()} belongs to Example Corp. Access is logged>"
    yield "EOF"
    yield "!"
    yield from ("management api http-commands", "   no shutdown", "!")
    yield from ("management ssh", "   idle-timeout 20", "!")
    yield "end"


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return f"""\
Arista {box.model}
Hardware version: 11.03
Serial number: {plan.serial}
Hardware MAC address: 2cdd.e9{plan.site:02x}.19af
System MAC address: 2cdd.e9{plan.site:02x}.19af

Software image version: {box.version}
Architecture: x86_64
Internal build version: {box.version}-29226602.4292F
Internal build ID: 52ba4c9e-1e4c-4e29-8aab-2b1b1d2f6c44
Image format version: 3.0
Image optimization: Strata-4GB

Uptime: {UPTIME}
Total memory: 8009796 kB
Free memory: 5467{plan.site:03d} kB

"""


def _inventory(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return f"""\
System information
    Model                    Description
    ------------------------ ----------------------------------------------------
    {box.model:24} {box.description}

    HW Version  Serial Number  Mfg Date   Epoch
    ----------- -------------- ---------- -----
    11.03       {plan.serial:14} 2021-05-14 01.00

System has 2 power supply slots
    Slot Model            Serial Number
    ---- ---------------- ----------------
    1    PWR-500AC-F      K192KU{plan.serial[-6:]}
    2    PWR-500AC-F      K192KV{plan.serial[-6:]}

"""


def _clock(plan: Plan, mint: Mint) -> str:
    del plan, mint
    return f"{CLOCK}\nTimezone: Europe/Berlin\nClock source: NTP server\n"


def _move(moment: Moment) -> Mapping[str, str]:
    days, hours, minutes = days_and_more(moment.up)
    weeks, days = divmod(days, 7)
    return {
        UPTIME: f"{weeks} weeks, {days} days, {hours} hours and {minutes} minutes",
        CLOCK: moment.now.strftime("%a %b %e %H:%M:%S %Y"),
    }


EOS = Voice(
    hardware=_HARDWARE,
    texts={
        Topic.RUNNING: _running,
        Topic.STARTUP: _startup,
        Topic.VERSION: _version,
        Topic.INVENTORY: _inventory,
        Topic.CLOCK: _clock,
    },
    move=_move,
)
