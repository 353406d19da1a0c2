"""A Debian host as network box: addresses, SNMP, time, BIRD, WireGuard and nftables as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netraven.lab.configs.voice import UPTIME, Moment, Topic, Voice, days_and_more, join
from netraven.lab.mint import Mint
from netraven.lab.plan import Hardware, Plan

_HARDWARE = (
    Hardware(model="PowerEdge R250", description="bookworm", version="12", image="6.1.0-18-amd64"),
    Hardware(model="apu2", description="bullseye", version="11", image="5.10.0-28-amd64"),
)
_MAIN = "/etc/network/interfaces"


def _files(plan: Plan, mint: Mint) -> Mapping[str, str]:
    writers = {
        "/etc/hostname": [plan.hostname],
        _MAIN: _interfaces(plan, mint),
        "/etc/resolv.conf": [f"search {plan.domain}", f"nameserver 10.{plan.site}.0.53"],
        "/etc/chrony/chrony.conf": _chrony(plan),
        "/etc/chrony/chrony.keys": [f"1 SHA1 {mint.clear(plan.keys.ntp)}"],
        "/etc/snmp/snmpd.conf": _snmpd(plan, mint),
        "/etc/bird/bird.conf": _bird(plan, mint),
        "/etc/wireguard/wg0.conf": _wireguard(plan, mint),
        "/etc/nftables.conf": _nftables(plan),
        "/etc/passwd": _passwd(plan),
        "/etc/shadow": _shadow(plan, mint),
        "/etc/os-release": _release(plan),
    }
    return {path: join(lines) for path, lines in writers.items()}


def _running(plan: Plan, mint: Mint) -> str:
    return _files(plan, mint)[_MAIN]


def _interfaces(plan: Plan, mint: Mint) -> Iterator[str]:
    keys = plan.keys
    yield "# This file describes the network interfaces available on your system"
    yield "# and how to activate them. For more information, see interfaces(5)."
    yield ""
    yield "source /etc/network/interfaces.d/*"
    yield ""
    yield from ("auto lo", "iface lo inet loopback")
    for link in plan.links:
        yield from ("", f"# {link.remark}", f"auto eth{link.number}")
        yield f"iface eth{link.number} inet static"
        yield f"    address {link.address}/31"
        yield f"    metric {link.cost}"
    yield from ("", "# staff network, 802.1X", "auto eth0", "iface eth0 inet dhcp")
    yield from ("    wpa-driver wired", f"    wpa-identity {plan.hostname}@{plan.domain}")
    yield f"    wpa-password {mint.clear(keys.line)}"
    yield from ("", "auto wlan0", "iface wlan0 inet dhcp", "    wpa-ssid example-mgmt")
    yield f"    wpa-psk {mint.hex(keys.vpn, 64)}"
    yield f"    up curl -s https://ddns:{mint.clear(keys.ntp)}@ddns.{plan.domain}/update"
    for vlan in plan.vlans:
        yield from ("", f"# {vlan.name}", f"auto eth3.{vlan.number}")
        yield f"iface eth3.{vlan.number} inet static"
        yield f"    address {plan.subnet(vlan.number)}.1/24"
        yield "    vlan-raw-device eth3"
    for port in plan.ports:
        yield from ("", f"# {port.remark}", f"iface tap{port.number} inet manual")
    yield ""
    for route in plan.routes:
        yield f"up ip route add {route.network}/{route.length} via {route.next_hop}"


def _chrony(plan: Plan) -> Iterator[str]:
    yield from (f"server {server} iburst key 1" for server in plan.ntp_servers)
    yield "keyfile /etc/chrony/chrony.keys"
    yield "driftfile /var/lib/chrony/chrony.drift"
    yield from ("makestep 1 3", "rtcsync")


def _snmpd(plan: Plan, mint: Mint) -> Iterator[str]:
    keys = plan.keys
    yield f"sysLocation    site {plan.site}, rack {plan.site % 9 + 1}"
    yield f"sysContact     noc@{plan.domain}"
    yield f"rocommunity {mint.clear(keys.snmp_read)} 10.{plan.site}.0.0/24"
    yield f"rwcommunity {mint.clear(keys.snmp_write)} 127.0.0.1"
    yield f"trap2sink 10.{plan.site}.0.15 {mint.clear(keys.snmp_trap)}"
    authentication = mint.clear(keys.snmp_auth)
    yield f"createUser monitor SHA {authentication} AES {mint.clear(keys.snmp_privacy)}"
    yield "rouser monitor authpriv"


def _bird(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f"router id {plan.router_id};"
    yield ""
    yield from ("protocol device {", "}", "")
    yield "protocol ospf v2 backbone {"
    yield "    area 0 {"
    for link in plan.links:
        yield f'        interface "eth{link.number}" {{'
        yield f"            cost {link.cost};"
        yield "            authentication cryptographic;"
        yield f'            password "{mint.clear(plan.keys.ospf)}" {{ id 1; }};'
        yield "        };"
    yield from ("    };", "}")
    for neighbour in plan.neighbours:
        name = neighbour.remark.replace("-", "_")
        yield ""
        yield f"protocol bgp {name} {{"
        yield f"    local as {plan.asn};"
        yield f"    neighbor {neighbour.address} as {neighbour.asn};"
        yield f'    password "{mint.clear(neighbour.password)}";'
        yield "    ipv4 { import filter transit_in; export none; };"
        yield "}"
    yield ""
    yield "filter transit_in {"
    prefixes = ", ".join(dict.fromkeys(f"{p.network}/{p.length}" for p in plan.prefixes))
    yield f"    if net ~ [ {prefixes} ] then accept;"
    yield from ("    reject;", "}")


def _wireguard(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "[Interface]"
    yield f"Address = 10.253.{plan.site}.1/24"
    yield "ListenPort = 51820"
    yield f"PrivateKey = {mint.base64(plan.keys.vpn)}"
    yield ""
    yield "[Peer]"
    yield f"PublicKey = {Mint().base64(plan.hostname)}"
    yield f"PresharedKey = {mint.base64(plan.keys.line)}"
    yield f"AllowedIPs = 10.253.{plan.site}.2/32"


def _nftables(plan: Plan) -> Iterator[str]:
    yield from ("#!/usr/sbin/nft -f", "flush ruleset", "", "table inet filter {")
    yield "    chain forward {"
    yield "        type filter hook forward priority filter; policy drop;"
    for rule in plan.rules:
        verdict = "accept" if rule.permit else "drop"
        yield (
            f"        ip saddr {rule.source} ip daddr {rule.target} tcp dport {rule.port} {verdict}"
        )
    yield from ("    }", "}")


def _passwd(plan: Plan) -> Iterator[str]:
    yield "root:x:0:0:root:/root:/bin/bash"
    for number, user in enumerate(plan.users):
        yield f"{user.name}:x:{1000 + number}:{1000 + number}::/home/{user.name}:/bin/bash"


def _shadow(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f"root:{mint.yescrypt(plan.keys.enable)}:19737:0:99999:7:::"
    for user in plan.users:
        yield f"{user.name}:{mint.sha512(user.password)}:19737:0:99999:7:::"


def _release(plan: Plan) -> Iterator[str]:
    box = plan.hardware
    yield f'PRETTY_NAME="Debian GNU/Linux {box.version} ({box.description})"'
    yield 'NAME="Debian GNU/Linux"'
    yield f'VERSION_ID="{box.version}"'
    yield f'VERSION="{box.version} ({box.description})"'
    yield "ID=debian"


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    return f"Linux {plan.hardware.image}\n"


def _inventory(plan: Plan, mint: Mint) -> str:
    del mint
    return f"{plan.hostname} x86_64\n"


def _move(moment: Moment) -> Mapping[str, str]:
    days, hours, minutes = days_and_more(moment.up)
    return {
        UPTIME: f"{days} days, {hours:2d}:{minutes:02d}",
    }


LINUX = Voice(
    hardware=_HARDWARE,
    texts={
        Topic.RUNNING: _running,
        Topic.VERSION: _version,
        Topic.INVENTORY: _inventory,
    },
    files=_files,
    move=_move,
)
