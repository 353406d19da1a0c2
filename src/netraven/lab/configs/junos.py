"""Juniper Junos: an EX switch, an SRX firewall or an MX router, in curly braces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netraven.lab.configs.voice import CLOCK, UPTIME, Moment, Topic, Voice, days_and_more, join
from netraven.lab.mint import Mint
from netraven.lab.plan import AaaServer, Hardware, Neighbour, Plan, Port, User

_HARDWARE = (
    Hardware(model="ex4300-48p", description="EX4300-48P", version="21.4R3-S5.4"),
    Hardware(model="srx345", description="SRX345", version="22.4R3-S2.11"),
    Hardware(model="mx204", description="JNP204 [MX204]", version="21.2R3-S7.7"),
)
_DATE = "%Y-%m-%d %H:%M:%S UTC"


def _running(plan: Plan, mint: Mint) -> str:
    sections = (
        ("system", _system(plan, mint)),
        ("security", _security(plan, mint)),
        ("interfaces", _interfaces(plan)),
        ("snmp", _snmp(plan, mint)),
        ("policy-options", _policies(plan)),
        ("firewall", _firewall(plan)),
        ("routing-options", _routes(plan)),
        ("protocols", _protocols(plan, mint)),
        ("vlans", _vlans(plan)),
    )
    committed = plan.changed_at.strftime(_DATE)
    return (
        f"## Last commit: {committed} by {plan.changed_by}\n"
        f"version {plan.hardware.version};\n"
        f"{join(line for name, lines in sections for line in _block(name, lines))}"
    )


def _block(head: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{head} {{"
    yield from (f"    {line}" for line in lines)
    yield "}"


def _secret(statement: str) -> str:
    """Return a statement with the remark that Junos puts behind secrets."""
    return f"{statement}; ## SECRET-DATA"


def _system(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f"host-name {plan.hostname};"
    root = _secret(f'encrypted-password "{mint.sha512(plan.keys.enable)}"')
    yield from _block("root-authentication", [root])
    yield from _block("login", _login(plan, mint))
    yield from _block(
        "services", ["ssh {", "    root-login deny;", "}", "netconf {", "    ssh;", "}"]
    )
    yield f"domain-name {plan.domain};"
    yield "time-zone Europe/Berlin;"
    yield "authentication-order [ tacplus password ];"
    yield from _block("name-server", [f"10.{plan.site}.0.53;"])
    yield from _block("radius-server", _aaa(plan.radius, mint))
    servers = [line for server in plan.tacacs for line in _aaa(server, mint)]
    yield from _block("tacplus-server", servers)
    yield from _block("syslog", _syslog(plan))
    yield from _block("archival", _archival(plan, mint))
    yield from _block("ntp", _ntp(plan, mint))


def _login(plan: Plan, mint: Mint) -> Iterator[str]:
    yield f'message "{plan.hostname.upper()} belongs to Example Corp.\\nAccess is logged>\\n";'
    for number, user in enumerate(plan.users, start=2000):
        yield from _block(f"user {user.name}", [f"uid {number};", *_user(user, mint)])


def _user(user: User, mint: Mint) -> Iterator[str]:
    yield f"class {'super-user' if user.is_admin else 'operator'};"
    password = _secret(f'encrypted-password "{mint.sha512(user.password)}"')
    yield from _block("authentication", [password])


def _aaa(server: AaaServer, mint: Mint) -> Iterator[str]:
    secret = _secret(f'secret "{mint.junos(server.key)}"')
    yield from _block(server.address, [secret, "timeout 3;"])


def _syslog(plan: Plan) -> Iterator[str]:
    yield from _block("user *", ["any emergency;"])
    for host in plan.syslog_hosts:
        yield from _block(f"host {host}", ["any notice;", "authorization info;"])
    yield from _block("file messages", ["any notice;", "authorization info;"])


def _archival(plan: Plan, mint: Mint) -> Iterator[str]:
    site = f'"scp://archive@10.{plan.site}.0.40/junos" password "{mint.junos(plan.keys.line)}"'
    sites = _block("archive-sites", [_secret(site)])
    yield from _block("configuration", ["transfer-on-commit;", *sites])


def _ntp(plan: Plan, mint: Mint) -> Iterator[str]:
    yield _secret(f'authentication-key 1 type md5 value "{mint.junos(plan.keys.ntp)}"')
    yield from (f"server {server} key 1;" for server in plan.ntp_servers)
    yield "trusted-key 1;"


def _security(plan: Plan, mint: Mint) -> Iterator[str]:
    key = _secret(f'pre-shared-key ascii-text "{mint.junos(plan.keys.vpn)}"')
    policy = _block("policy BRANCH", ["mode main;", "proposals AES256;", key])
    gateway = _block("gateway BRANCH", ["ike-policy BRANCH;", f"address 198.51.100.{plan.site};"])
    yield from _block("ike", [*policy, *gateway])


def _interfaces(plan: Plan) -> Iterator[str]:
    for port in plan.ports:
        yield from _block(f"ge-{(port.number - 1) // 48}/0/{(port.number - 1) % 48}", _port(port))
    for link in plan.links:
        address = _block("family inet", [f"address {link.address}/31;"])
        unit = _block("unit 0", address)
        yield from _block(
            f"xe-0/2/{link.number}", [f'description "{link.remark}";', "mtu 9192;", *unit]
        )
    units: list[str] = []
    for vlan in plan.vlans[:6]:
        address = _block("family inet", [f"address {plan.subnet(vlan.number)}.1/24;"])
        units.extend(_block(f"unit {vlan.number}", address))
    yield from _block("irb", units)
    loopback = _block("family inet", [f"address {plan.router_id}/32;"])
    yield from _block("lo0", _block("unit 0", loopback))


def _port(port: Port) -> Iterator[str]:
    remark = port.remark.replace('"', "'")
    yield f'description "{remark}";'
    if not port.is_up:
        yield "disable;"
    mode = "trunk" if port.vlan is None else "access"
    members = "all" if port.vlan is None else f"VLAN-{port.vlan}"
    vlan = _block("vlan", [f"members {members};"])
    switching = _block("family ethernet-switching", [f"interface-mode {mode};", *vlan])
    yield from _block("unit 0", switching)


def _snmp(plan: Plan, mint: Mint) -> Iterator[str]:
    keys = plan.keys
    yield f'location "site {plan.site}, rack {plan.site % 9 + 1}";'
    yield f'contact "noc@{plan.domain}";'
    yield from _block(f"community {mint.clear(keys.snmp_read)}", ["authorization read-only;"])
    yield from _block(f"community {mint.clear(keys.snmp_write)}", ["authorization read-write;"])
    targets = _block("targets", [f"10.{plan.site}.0.15;"])
    # A trap group's name is the community of its traps.
    group = f"trap-group {mint.clear(keys.snmp_read)}"
    yield from _block(group, ["version v2;", *targets])
    auth = _block(
        "authentication-sha", [_secret(f'authentication-key "{mint.junos(keys.snmp_auth)}"')]
    )
    private = _block("privacy-aes128", [_secret(f'privacy-key "{mint.junos(keys.snmp_privacy)}"')])
    user = _block("user monitor", [*auth, *private])
    yield from _block("v3", _block("usm", _block("local-engine", user)))


def _policies(plan: Plan) -> Iterator[str]:
    prefixes = [f"{prefix.network}/{prefix.length};" for prefix in plan.prefixes]
    yield from _block("prefix-list TRANSIT-IN", sorted(set(prefixes)))
    accept = _block("term own", [f"from route-filter 10.{plan.site}.0.0/16 exact;", "then accept;"])
    yield from _block("policy-statement EXPORT", [*accept, "then reject;"])


def _firewall(plan: Plan) -> Iterator[str]:
    terms: list[str] = []
    for number, rule in enumerate(plan.rules, start=1):
        source = _block("source-address", [f"{rule.source}/32;"])
        target = _block("destination-address", [f"{rule.target}/32;"])
        match = _block(
            "from", [*source, *target, "protocol tcp;", f"destination-port {rule.port};"]
        )
        verdict = "accept" if rule.permit else "discard"
        terms.extend(_block(f"term {number * 10}", [*match, f"then {verdict};"]))
    yield from _block("family inet", _block("filter EDGE-IN", terms))


def _routes(plan: Plan) -> Iterator[str]:
    routes = dict.fromkeys(
        f"route {r.network}/{r.length} next-hop {r.next_hop};" for r in plan.routes
    )
    yield from _block("static", routes)
    yield f"router-id {plan.router_id};"
    yield f"autonomous-system {plan.asn};"


def _protocols(plan: Plan, mint: Mint) -> Iterator[str]:
    neighbours = [line for n in plan.neighbours for line in _neighbour(n, mint)]
    yield from _block(
        "bgp", _block("group TRANSIT", ["type external;", "export EXPORT;", *neighbours])
    )
    area: list[str] = ["interface lo0.0 {", "    passive;", "}"]
    for link in plan.links:
        key = _secret(f'md5 1 key "{mint.junos(plan.keys.ospf)}"')
        authentication = _block("authentication", [key])
        area.extend(
            _block(
                f"interface xe-0/2/{link.number}.0",
                ["interface-type p2p;", f"metric {link.cost};", *authentication],
            )
        )
    yield from _block("ospf", _block("area 0.0.0.0", area))
    yield from _block("lldp", ["interface all;"])


def _neighbour(neighbour: Neighbour, mint: Mint) -> Iterator[str]:
    key = _secret(f'authentication-key "{mint.junos(neighbour.password)}"')
    lines = [f"description {neighbour.remark};", key, f"peer-as {neighbour.asn};"]
    yield from _block(f"neighbor {neighbour.address}", lines)


def _vlans(plan: Plan) -> Iterator[str]:
    for vlan in plan.vlans:
        lines = [f"description {vlan.name};", f"vlan-id {vlan.number};"]
        yield from _block(f"VLAN-{vlan.number}", lines)


def _is_switch(plan: Plan) -> bool:
    """Tell an EX, which is a virtual chassis even when alone."""
    return plan.hardware.model.startswith("ex")


def _role(plan: Plan) -> str:
    return "{master:0}\n" if _is_switch(plan) else ""


def _version(plan: Plan, mint: Mint) -> str:
    del mint
    box = plan.hardware
    lead = "fpc0:\n" + "-" * 74 + "\n" if _is_switch(plan) else ""
    return f"""\
{lead}Hostname: {plan.hostname}
Model: {box.model}
Junos: {box.version}
JUNOS OS Kernel 64-bit  [20230410.235019_builder_stable_11]
JUNOS OS runtime [20230410.235019_builder_stable_11]
JUNOS Online Documentation [{box.version}]
"""


def _inventory(plan: Plan, mint: Mint) -> str:
    del mint
    serial, box = plan.serial, plan.hardware
    return f"""\
Hardware inventory:
Item             Version  Part number  Serial number     Description
Chassis                                {serial:17} {box.description}
Routing Engine 0 REV 08   650-077890   {serial[::-1]:17} RE-{box.description.split()[0]}
FPC 0            REV 08   650-077890   {serial[::-1]:17} {box.description}
  PIC 0                   BUILTIN      BUILTIN           48x10/100/1000 Base-T
Power Supply 0   REV 03   740-046873   1EDN{serial[-7:]:13} JPSU-1100-AC-AFO-A
"""


def _system_uptime(plan: Plan, mint: Mint) -> str:
    del mint
    configured = plan.changed_at.strftime(_DATE)
    return (
        f"Current time: {CLOCK}\nTime Source:  NTP CLOCK\nSystem booted: {UPTIME} ago\n"
        f"Last configured: {configured} by {plan.changed_by}\n"
    )


def _move(moment: Moment) -> Mapping[str, str]:
    days, hours, minutes = days_and_more(moment.up)
    weeks, days = divmod(days, 7)
    return {
        UPTIME: f"{weeks}w{days}d {hours:02d}:{minutes:02d}",
        CLOCK: moment.now.strftime(_DATE),
    }


JUNOS = Voice(
    hardware=_HARDWARE,
    texts={
        Topic.RUNNING: _running,
        Topic.VERSION: _version,
        Topic.INVENTORY: _inventory,
        Topic.SYSTEM: _system_uptime,
    },
    move=_move,
    role=_role,
)
