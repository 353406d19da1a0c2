"""Cisco ASA: a firewall with objects, access lists, VPN tunnels and failover.

`show running-config` masks keys with asterisks, `more system:running-config` does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from netraven.lab.configs.voice import CLOCK, UPTIME, Moment, Topic, Voice, days_and_more, join
from netraven.lab.mint import Mint, draw_word
from netraven.lab.plan import Hardware, Plan

_HARDWARE = (
    Hardware(
        model="FPR-2110",
        description="Firepower 2110 Appliance, ASA",
        version="9.16(4)57",
        image="disk0:/mnt/boot/installables/switch/fxos-k8-fp2k-npu.2.10.1.217.SPA",
    ),
    Hardware(
        model="ASA5516",
        description="ASA 5516-X with FirePOWER services, 8GE, AC, DES",
        version="9.12(4)67",
        image="disk0:/asa9-12-4-67-lfbff-k8.SPA",
    ),
)
_TIME = "%H:%M:%S.417 UTC %a %b %-d %Y"
_MASKED = re.compile(
    r"(?m)^( *(?:key|ikev1 pre-shared-key|ikev2 \S+ pre-shared-key|neighbor \S+ password"
    r"|ospf message-digest-key 1 md5|ntp authentication-key 1 md5|failover key"
    r"|snmp-server community|snmp-server host \S+ \S+ community) )\S+"
)


def _unmasked(plan: Plan, mint: Mint) -> str:
    body = join(
        line
        for section in (
            _opening(plan, mint),
            _interfaces(plan, mint),
            _objects(plan),
            _filters(plan),
            _routing(plan, mint),
            _management(plan, mint),
            _tunnels(plan, mint),
            _inspection(),
        )
        for line in section
    )
    checksum = Mint().hex(body, 32)
    return f"{_heading(plan)}{body}Cryptochecksum:{checksum}\n: end\n"


def _running(plan: Plan, mint: Mint) -> str:
    return _MASKED.sub(r"\1*****", _unmasked(plan, mint))


def _heading(plan: Plan) -> str:
    return (
        ": Saved\n\n: \n"
        f": Serial Number: {plan.serial}\n"
        f": Hardware:   {plan.hardware.model}, 4096 MB RAM, CPU Atom C2000 series 2416 MHz, "
        "1 CPU (8 cores)\n"
        f": Written by {plan.changed_by} at {plan.changed_at.strftime(_TIME)}\n"
    )


def _opening(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "!"
    yield f"ASA Version {plan.hardware.version} "
    yield "!"
    yield f"hostname {plan.hostname}"
    yield f"domain-name {plan.domain}"
    yield f"enable password {mint.pbkdf2(plan.keys.enable)} pbkdf2"
    yield "xlate per-session deny tcp any4 any4"
    yield "xlate per-session deny udp any4 any4 eq domain"
    yield "names"
    yield "no mac-address auto"
    yield ""


def _interfaces(plan: Plan, mint: Mint) -> Iterator[str]:
    for link in plan.links:
        name = ("outside", "dmz")[link.number - 1]
        yield "!"
        yield f"interface GigabitEthernet1/{link.number}"
        yield f" description {link.remark}"
        yield f" nameif {name}"
        yield f" security-level {(link.number - 1) * 50}"
        yield f" ip address {link.address} 255.255.255.254 "
        yield f" ospf message-digest-key 1 md5 {mint.clear(plan.keys.ospf)}"
    for vlan in plan.vlans:
        yield "!"
        yield f"interface GigabitEthernet1/3.{vlan.number}"
        yield f" vlan {vlan.number}"
        yield f" nameif {vlan.name}"
        yield " security-level 100"
        yield f" ip address {plan.subnet(vlan.number)}.1 255.255.255.0 "
    yield from ("!", "interface Management1/1", " management-only", " nameif management")
    yield " security-level 100"
    yield f" ip address 10.{plan.site}.0.5 255.255.255.0 "
    yield "!"
    yield f"boot system {plan.hardware.image}"
    yield from ("ftp mode passive", "clock timezone CET 1", "dns server-group DefaultDNS")
    yield f" domain-name {plan.domain}"


def _objects(plan: Plan) -> Iterator[str]:
    for number, port in enumerate(plan.ports, start=1):
        yield f"object network SRV-{number:03d}"
        yield f" host 10.{plan.site}.200.{number % 250 + 1}"
        yield f" description {port.remark}"
    for vlan in plan.vlans:
        yield f"object network NET-{vlan.name}"
        yield f" subnet {plan.subnet(vlan.number)}.0 255.255.255.0"
    yield "object-group network PARTNERS"
    for prefix in plan.prefixes:
        yield f" network-object {prefix.network} 255.255.255.0"


def _filters(plan: Plan) -> Iterator[str]:
    for rule in plan.rules:
        verb = "permit" if rule.permit else "deny"
        yield (
            f"access-list EDGE-IN extended {verb} tcp host {rule.source} "
            f"host {rule.target} eq {rule.port} "
        )
    yield "access-list EDGE-IN remark nothing else # see RFC 2827"
    yield "access-list EDGE-IN extended deny ip any any log "
    yield from ("pager lines 24", "logging enable", "logging buffered notifications")
    yield from (f"logging host management {host}" for host in plan.syslog_hosts)
    yield from ("mtu outside 1500", "mtu dmz 1500", "mtu management 1500")
    yield from ("failover", "failover lan unit primary")


def _routing(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f"failover key {mint.clear(plan.keys.line)}"
    yield "no asdm history enable"
    yield "arp timeout 14400"
    yield "access-group EDGE-IN in interface outside"
    yield f"router bgp {plan.asn}"
    yield " bgp log-neighbor-changes"
    yield " address-family ipv4 unicast"
    for neighbour in plan.neighbours:
        yield f"  neighbor {neighbour.address} remote-as {neighbour.asn}"
        yield f"  neighbor {neighbour.address} description {neighbour.remark}"
        yield f"  neighbor {neighbour.address} password {mint.clear(neighbour.password)}"
        yield f"  neighbor {neighbour.address} activate"
    yield from (" exit-address-family", "!")
    for route in plan.routes:
        yield f"route outside {route.network} 255.255.255.0 {route.next_hop} 1"
    yield "timeout xlate 3:00:00"
    yield "timeout conn 1:00:00 half-closed 0:10:00 udp 0:02:00 sctp 0:02:00 icmp 0:00:02"


def _management(plan: Plan, mint: Mint) -> Iterator[str]:
    keys = plan.keys
    yield "aaa-server ISE protocol tacacs+"
    for server in plan.tacacs:
        yield f"aaa-server ISE (management) host {server.address}"
        yield f" key {mint.clear(server.key)}"
    yield "aaa-server NPS protocol radius"
    yield f"aaa-server NPS (management) host {plan.radius.address}"
    yield f" key {mint.clear(plan.radius.key)}"
    yield "user-identity default-domain LOCAL"
    yield "aaa authentication ssh console ISE LOCAL"
    yield "aaa authentication enable console ISE LOCAL"
    yield (
        f"snmp-server host management 10.{plan.site}.0.15 community {mint.clear(keys.snmp_trap)} "
        "version 2c"
    )
    yield f"snmp-server location site {plan.site}, rack {plan.site % 9 + 1}"
    yield f"snmp-server community {mint.clear(keys.snmp_read)}"
    yield "crypto ipsec ikev2 ipsec-proposal AES256"
    yield from (" protocol esp encryption aes-256", " protocol esp integrity sha-256")
    yield from ("telnet timeout 5", "ssh stricthostkeycheck")
    yield f"ssh 10.{plan.site}.0.0 255.255.0.0 management"
    yield from ("ssh timeout 60", "console timeout 0", "threat-detection basic-threat")
    yield f"ntp authentication-key 1 md5 {mint.clear(keys.ntp)}"
    yield "ntp authenticate"
    yield from (f"ntp server {server} key 1 source management" for server in plan.ntp_servers)
    for user in plan.users:
        yield (
            f"username {user.name} password {mint.pbkdf2(user.password)} pbkdf2 "
            f"privilege {user.privilege}"
        )


def _tunnels(plan: Plan, mint: Mint) -> Iterator[str]:
    for neighbour in plan.neighbours:
        peer = f"198.51.100.{neighbour.address.rsplit('.', 1)[1]}"
        key = mint.clear(draw_word(20, plan.keys.vpn, peer))
        yield f"tunnel-group {peer} type ipsec-l2l"
        yield f"tunnel-group {peer} ipsec-attributes"
        yield f" ikev1 pre-shared-key {key}"
        yield f" ikev2 remote-authentication pre-shared-key {key}"
        yield f" ikev2 local-authentication pre-shared-key {key}"
    yield "!"


def _inspection() -> Iterator[str]:
    yield from ("class-map inspection_default", " match default-inspection-traffic", "!", "!")
    yield from ("policy-map type inspect dns preset_dns_map", " parameters")
    yield from ("  message-length maximum client auto", "  message-length maximum 512")
    yield from ("policy-map global_policy", " class inspection_default")
    for protocol in ("dns preset_dns_map", "ftp", "h323 h225", "rsh", "sqlnet", "skinny ", "icmp"):
        yield f"  inspect {protocol} "
    yield "!"
    yield "service-policy global_policy global"
    yield "prompt hostname context "
    yield "no call-home reporting anonymous"


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return f"""\

Cisco Adaptive Security Appliance Software Version {box.version}\x20
SSP Operating System Version 2.6(1.272)
Device Manager Version 7.18(1)

Compiled on Thu 14-Mar-24 18:01 GMT by builders
System image file is "{box.image}"
Config file at boot was "startup-config"

{plan.hostname} up {UPTIME}

Hardware:   {box.model}, 8192 MB RAM, CPU Atom C2000 series 2416 MHz, 1 CPU (8 cores)
Internal ATA Compact Flash, 8000MB
BIOS Flash N25Q128 @ 0xfff00000, 16384KB

 1: Ext: GigabitEthernet1/1  : address is 00f2.8b{plan.site:02x}.7303, irq 255
 2: Ext: GigabitEthernet1/2  : address is 00f2.8b{plan.site:02x}.7304, irq 255

This platform has a Base license.

Serial Number: {plan.serial}
Configuration register is 0x1

Image type          : Release
Key version         : A

Configuration last modified by {plan.changed_by} at {plan.changed_at.strftime(_TIME)}
"""


def _inventory(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    return (
        f'Name: "Chassis", DESCR: "{box.description}"\n'
        f"PID: {box.model:18}, VID: V05     , SN: {plan.serial}\n\n"
    )


def _clock(plan: Plan, mint: Mint) -> str:
    del plan, mint
    return f"{CLOCK}\n"


def _move(moment: Moment) -> Mapping[str, str]:
    days, hours, minutes = days_and_more(moment.up)
    return {
        UPTIME: f"{days} days {hours} hours" if days else f"{hours} hours {minutes} mins",
        CLOCK: moment.now.strftime("%H:%M:%S.%f")[:12] + moment.now.strftime(" UTC %a %b %-d %Y"),
    }


ASA = Voice(
    hardware=_HARDWARE,
    texts={
        Topic.RUNNING: _running,
        Topic.UNMASKED: _unmasked,
        Topic.STARTUP: _running,
        Topic.VERSION: _version,
        Topic.INVENTORY: _inventory,
        Topic.CLOCK: _clock,
    },
    move=_move,
    main=Topic.UNMASKED,
)
