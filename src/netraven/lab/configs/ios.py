"""Cisco IOS XE: a Catalyst or ISR with OSPF, BGP, AAA and access lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from netraven.lab.configs.voice import (
    CHATTER_ENDS,
    CLOCK,
    DRIFT,
    UPTIME,
    Moment,
    Topic,
    Voice,
    days_and_more,
    join,
)
from netraven.lab.mint import Mint, draw_word
from netraven.lab.plan import Hardware, Neighbour, Plan, Port

_HARDWARE = (
    Hardware(
        model="C9300-48P",
        description="Catalyst L3 Switch Software (CAT9K_IOSXE)",
        version="17.9.4a",
        image="flash:packages.conf",
    ),
    Hardware(
        model="C9200L-24P-4G",
        description="Catalyst L3 Switch Software (CAT9K_LITE_IOSXE)",
        version="17.6.5",
        image="flash:packages.conf",
    ),
    Hardware(
        model="WS-C3750X-48P",
        description="C3750E Software (C3750E-UNIVERSALK9-M)",
        version="15.2(4)E10",
        image="flash:/c3750e-universalk9-mz.152-4.E10.bin",
    ),
)
_TIME = "%H:%M:%S UTC %a %b %-d %Y"
_XE_BUILD = """\
Copyright (c) 1986-2023 by Cisco Systems, Inc.
Compiled Fri 20-Oct-23 10:44 by mcpre

ROM: IOS-XE ROMMON
BOOTLDR: System Bootstrap, Version 17.8.1r, RELEASE SOFTWARE (P)"""
_CLASSIC_BUILD = """\
Copyright (c) 1986-2020 by Cisco Systems, Inc.
Compiled Tue 31-Mar-20 21:02 by prod_rel_team

ROM: Bootstrap program is C3750E boot loader
BOOTLDR: C3750E Boot Loader (C3750X-HBOOT-M) Version 12.2(53r)SE2, RELEASE SOFTWARE (fc1)"""
_CLOCK_PERIOD = 17_179_869


def _running(plan: Plan, mint: Mint) -> str:
    body = _body(plan, mint)
    size = len(body.encode())
    return (
        f"Building configuration...\n\nCurrent configuration : {size} bytes\n{CHATTER_ENDS}{body}"
    )


def _startup(plan: Plan, mint: Mint) -> str:
    body = _body(plan, mint)
    return f"Using {len(body.encode())} out of 2097152 bytes\n{CHATTER_ENDS}{body}"


def _body(plan: Plan, mint: Mint) -> str:
    return join(
        line
        for section in (
            _opening(plan, mint),
            _accounts(plan, mint),
            _vlans(plan),
            _interfaces(plan, mint),
            _routing(plan, mint),
            _filters(plan),
            _management(plan, mint),
            _lines(plan, mint),
        )
        for line in section
    )


def _opening(plan: Plan, mint: Mint) -> Iterator[str]:
    changed = plan.changed_at.strftime(_TIME)
    saved = (plan.changed_at + timedelta(seconds=37)).strftime(_TIME)
    yield "!"
    yield f"! Last configuration change at {changed} by {plan.changed_by}"
    yield f"! NVRAM config last updated at {saved} by {plan.changed_by}"
    yield "!"
    yield f"version {plan.hardware.version.split('(')[0][:4].rstrip('.')}"
    yield "service timestamps debug datetime msec localtime show-timezone"
    yield "service timestamps log datetime msec localtime show-timezone"
    yield "service password-encryption"
    yield "service sequence-numbers"
    yield "platform punt-keepalive disable-kernel-core"
    yield "!"
    yield f"hostname {plan.hostname}"
    yield "!"
    yield from ("boot-start-marker", f"boot system {plan.hardware.image}", "boot-end-marker", "!")
    yield from ("vrf definition Mgmt-vrf", " !", " address-family ipv4", " exit-address-family")
    yield "!"
    yield "logging buffered 64000"
    yield "no logging console"
    if _is_classic(plan):
        yield f"enable secret 5 {mint.type5(plan.keys.enable)}"
    else:
        yield f"enable secret 9 {mint.type9(plan.keys.enable)}"
    yield "!"


def _accounts(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "aaa new-model"
    yield "!"
    yield "aaa group server tacacs+ ISE"
    yield from (f" server name {server.name}" for server in plan.tacacs)
    yield " ip tacacs source-interface Loopback0"
    yield "!"
    yield "aaa authentication login default group ISE local"
    yield "aaa authentication enable default group ISE enable"
    yield "aaa authorization exec default group ISE local if-authenticated "
    yield "aaa accounting commands 15 default start-stop group ISE"
    yield "!"
    yield "aaa session-id common"
    yield "clock timezone CET 1 0"
    yield "clock summer-time CEST recurring last Sun Mar 2:00 last Sun Oct 3:00"
    yield "!"
    yield "no ip domain lookup"
    yield f"ip domain name {plan.domain}"
    yield "!"
    yield "login on-success log"
    yield "!"
    yield "key chain OSPF-KEYS"
    yield " key 1"
    yield f"  key-string 7 {mint.type7(plan.keys.ospf)}"
    yield "!"
    yield from _certificate(plan)
    for user in plan.users:
        if user.name == "operator":
            yield f"username {user.name} privilege 5 password 7 {mint.type7(user.password)}"
        else:
            yield f"username {user.name} privilege 15 secret 9 {mint.type9(user.password)}"
    yield "!"
    yield "redundancy"
    yield " mode sso"
    yield "!"
    yield "crypto isakmp policy 10"
    yield from (" encryption aes 256", " authentication pre-share", " group 14")
    yield f"crypto isakmp key {mint.clear(plan.keys.vpn)} address 198.51.100.{plan.site}"
    yield "!"


def _certificate(plan: Plan) -> Iterator[str]:
    """Yield a self-signed certificate: public, though it looks like a secret."""
    name = f"TP-self-signed-{plan.site}0471"
    yield f"crypto pki trustpoint {name}"
    yield " enrollment selfsigned"
    yield f" subject-name cn=IOS-Self-Signed-Certificate-{plan.site}0471"
    yield " revocation-check none"
    yield f" rsakeypair {name}"
    yield "!"
    yield f"crypto pki certificate chain {name}"
    yield " certificate self-signed 01"
    noise = draw_word(160, plan.hostname, "certificate").encode().hex().upper()
    for start in range(0, len(noise), 72):
        words = noise[start : start + 72]
        yield "  " + " ".join(words[at : at + 8] for at in range(0, len(words), 8)) + " "
    yield "  \tquit"
    yield "!"


def _vlans(plan: Plan) -> Iterator[str]:
    yield "spanning-tree mode rapid-pvst"
    yield "spanning-tree extend system-id"
    yield "!"
    for vlan in plan.vlans:
        yield from (f"vlan {vlan.number}", f" name {vlan.name}", "!")


def _interfaces(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "interface Loopback0"
    yield f" ip address {plan.router_id} 255.255.255.255"
    yield "!"
    for link in plan.links:
        yield f"interface TenGigabitEthernet1/1/{link.number}"
        yield f" description {link.remark}"
        yield " no switchport"
        yield f" ip address {link.address} 255.255.255.254"
        yield " ip ospf network point-to-point"
        yield f" ip ospf message-digest-key 1 md5 7 {mint.type7(plan.keys.ospf)}"
        yield f" ip ospf cost {link.cost}"
        yield "!"
    for port in plan.ports:
        yield from _port(port)
    for vlan in plan.vlans[:6]:
        yield f"interface Vlan{vlan.number}"
        yield f" description {vlan.name}"
        yield f" ip address {plan.subnet(vlan.number)}.2 255.255.255.0"
        yield f" standby 1 ip {plan.subnet(vlan.number)}.1"
        yield f" standby 1 authentication md5 key-string 7 {mint.type7(plan.keys.line)}"
        yield "!"


def _port(port: Port) -> Iterator[str]:
    unit, number = divmod(port.number - 1, 48)
    yield f"interface GigabitEthernet{unit + 1}/0/{number + 1}"
    yield f" description {port.remark}"
    if port.vlan is None:
        yield " switchport mode trunk"
    else:
        yield f" switchport access vlan {port.vlan}"
        yield " switchport mode access"
        yield " spanning-tree portfast"
    if not port.is_up:
        yield " shutdown"
    yield "!"


def _routing(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "router ospf 1"
    yield f" router-id {plan.router_id}"
    yield " area 0 authentication message-digest"
    yield " passive-interface default"
    for link in plan.links:
        yield f" no passive-interface TenGigabitEthernet1/1/{link.number}"
    yield f" network 10.254.{plan.site}.0 0.0.0.255 area 0"
    yield "!"
    yield f"router bgp {plan.asn}"
    yield f" bgp router-id {plan.router_id}"
    yield " bgp log-neighbor-changes"
    for neighbour in plan.neighbours:
        yield from _neighbour(neighbour, mint)
    yield " !"
    yield " address-family ipv4"
    yield f"  network 10.{plan.site}.0.0 mask 255.255.0.0"
    yield from (f"  neighbor {neighbour.address} activate" for neighbour in plan.neighbours)
    yield " exit-address-family"
    yield "!"
    yield "ip forward-protocol nd"
    yield "no ip http server"
    yield "no ip http secure-server"
    for route in plan.routes:
        yield f"ip route {route.network} 255.255.255.0 {route.next_hop}"
    yield "ip ssh version 2"
    yield "!"


def _neighbour(neighbour: Neighbour, mint: Mint) -> Iterator[str]:
    yield f" neighbor {neighbour.address} remote-as {neighbour.asn}"
    yield f" neighbor {neighbour.address} description {neighbour.remark}"
    yield f" neighbor {neighbour.address} password 7 {mint.type7(neighbour.password)}"


def _filters(plan: Plan) -> Iterator[str]:
    yield "ip access-list standard SNMP-RO"
    yield f" 10 permit 10.{plan.site}.0.0 0.0.0.255"
    yield "ip access-list extended EDGE-IN"
    for number, rule in enumerate(plan.rules, start=1):
        verb = "permit" if rule.permit else "deny  "
        yield f" {number * 10} {verb} tcp host {rule.source} host {rule.target} eq {rule.port}"
    yield "!"
    for number, prefix in enumerate(plan.prefixes, start=1):
        yield (
            f"ip prefix-list TRANSIT-IN seq {number * 5} permit {prefix.network}/{prefix.length}"
        )
    yield "!"


def _management(plan: Plan, mint: Mint) -> Iterator[str]:
    keys = plan.keys
    yield from (f"logging host {host}" for host in plan.syslog_hosts)
    yield f"snmp-server community {mint.clear(keys.snmp_read)} RO SNMP-RO"
    yield f"snmp-server community {mint.clear(keys.snmp_write)} RW SNMP-RO"
    yield f"snmp-server location site {plan.site}, rack {plan.site % 9 + 1}"
    yield "snmp-server contact noc@corp.example"
    yield f"snmp-server host 10.{plan.site}.0.15 version 2c {mint.clear(keys.snmp_trap)} "
    for server in plan.tacacs:
        yield f"tacacs server {server.name}"
        yield f" address ipv4 {server.address}"
        yield f" key 7 {mint.type7(server.key)}"
    yield "!"
    yield f"radius server {plan.radius.name}"
    yield f" address ipv4 {plan.radius.address} auth-port 1812 acct-port 1813"
    yield f" key 7 {mint.type7(plan.radius.key)}"
    yield "!"
    yield from ("control-plane", "!")


def _lines(plan: Plan, mint: Mint) -> Iterator[str]:
    yield "banner motd ^C"
    yield "*" * 60
    yield f"  {plan.hostname} belongs to Example Corp.  Go away>"
    yield "  Access is logged. #"
    yield "*" * 60
    yield "^C"
    yield "!"
    yield from ("line con 0", " logging synchronous", " stopbits 1")
    yield "line vty 0 4"
    yield " exec-timeout 20 0"
    yield f" password 7 {mint.type7(plan.keys.line)}"
    yield from (" transport preferred none", " transport input ssh")
    yield from ("line vty 5 15", " transport preferred none", " transport input ssh")
    yield "!"
    yield f"ntp authentication-key 1 md5 {mint.type7(plan.keys.ntp)} 7"
    yield "ntp authenticate"
    yield "ntp trusted-key 1"
    if _is_classic(plan):
        yield f"ntp clock-period {DRIFT}"
    yield from (f"ntp server {server}" for server in plan.ntp_servers)
    yield "!"
    yield "end"


def _is_classic(plan: Plan) -> bool:
    """Tell IOS from IOS XE, which measures no clock period."""
    return plan.hardware.version.startswith("15.")


def _processor(plan: Plan) -> str:
    return "PowerPC405" if _is_classic(plan) else "X86"


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    is_classic = _is_classic(plan)
    edition = "" if is_classic else f"Cisco IOS XE Software, Version {box.version}\n"
    return f"""\
{edition}\
Cisco IOS Software, {box.description}, Version {box.version}, RELEASE SOFTWARE (fc3)
Technical Support: http://www.cisco.com/techsupport
{_CLASSIC_BUILD if is_classic else _XE_BUILD}

{plan.hostname} uptime is {UPTIME}
System returned to ROM by power-on
System image file is "{box.image}"
Last reload reason: Reload Command

cisco {box.model} ({_processor(plan)}) processor with 1331521K/6147K bytes of memory.
Processor board ID {plan.serial}
2048K bytes of non-volatile configuration memory.

Base Ethernet MAC Address          : 70:1f:53:{plan.site:02x}:00:80
Motherboard Serial Number          : {plan.serial[::-1]}
Model Number                       : {box.model}
System Serial Number               : {plan.serial}

Configuration register is {"0xF" if is_classic else "0x102"}

"""


def _inventory(plan: Plan, mint: Mint) -> str:
    del mint
    model = plan.hardware.model
    return f"""\
NAME: "c93xx Stack", DESCR: "c93xx Stack"
PID: {model:18}, VID: V02  , SN: {plan.serial}

NAME: "Switch 1 - Power Supply A", DESCR: "Switch 1 - Power Supply A"
PID: PWR-C1-715WAC     , VID: V01  , SN: DTN{plan.serial[3:]}


"""


def _clock(plan: Plan, mint: Mint) -> str:
    del plan, mint
    return f"{CLOCK}\n"


def _move(moment: Moment) -> Mapping[str, str]:
    days, hours, minutes = days_and_more(moment.up)
    weeks, days = divmod(days, 7)
    return {
        UPTIME: f"{weeks} weeks, {days} days, {hours} hours, {minutes} minutes",
        CLOCK: moment.now.strftime("*%H:%M:%S.") + moment.now.strftime("%f")[:3] + " UTC",
        DRIFT: str(_CLOCK_PERIOD + moment.readings),
    }


IOS = Voice(
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
