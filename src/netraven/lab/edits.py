"""Controlled changes of a device's configuration, the same in every vendor's syntax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from netraven.lab.plan import Plan, Route, Rule, Vlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change and what to call it; secrets stand neither in its name nor in its repr."""

    summary: str
    apply: Callable[[Plan], Plan]


def add_ntp_server(address: str) -> Edit:
    """Return the edit that adds a time server; FRR and a Linux host's interfaces have none."""

    def apply(plan: Plan) -> Plan:
        return replace(plan, ntp_servers=(*plan.ntp_servers, address))

    return Edit(summary=f"adds the time server {address}", apply=apply)


def add_vlan(number: int, name: str) -> Edit:
    """Return the edit that adds a VLAN."""

    def apply(plan: Plan) -> Plan:
        vlans = (*plan.vlans, Vlan(number=number, name=name))
        return replace(plan, vlans=tuple(sorted(vlans, key=lambda vlan: vlan.number)))

    return Edit(summary=f"adds the VLAN {number} {name}", apply=apply)


def add_route(network: str, next_hop: str) -> Edit:
    """Return the edit that adds a static route to a network of 24 bits."""

    def apply(plan: Plan) -> Plan:
        route = Route(network=network, length=24, next_hop=next_hop)
        return replace(plan, routes=(*plan.routes, route))

    return Edit(summary=f"adds a route to {network}/24", apply=apply)


def add_rule(source: str, target: str, port: int) -> Edit:
    """Return the edit that adds a line at the end of an access list."""

    def apply(plan: Plan) -> Plan:
        rule = Rule(permit=True, source=source, target=target, port=port)
        return replace(plan, rules=(*plan.rules, rule))

    return Edit(summary=f"permits {source} to {target} port {port}", apply=apply)


def describe_link(number: int, remark: str) -> Edit:
    """Return the edit that gives an uplink (1 or 2) another description."""

    def apply(plan: Plan) -> Plan:
        links = tuple(
            replace(link, remark=remark) if link.number == number else link for link in plan.links
        )
        return replace(plan, links=links)

    return Edit(summary=f"describes uplink {number} anew", apply=apply)


def set_snmp_community(community: str) -> Edit:
    """Return the edit that replaces the SNMP community for reading."""

    def apply(plan: Plan) -> Plan:
        return replace(plan, keys=replace(plan.keys, snmp_read=community))

    return Edit(summary="replaces the SNMP community for reading", apply=apply)


def set_bgp_password(number: int, password: str) -> Edit:
    """Return the edit that replaces the password of a BGP neighbour, counted from 0."""

    def apply(plan: Plan) -> Plan:
        neighbours = list(plan.neighbours)
        neighbours[number] = replace(neighbours[number], password=password)
        return replace(plan, neighbours=tuple(neighbours))

    return Edit(summary=f"replaces the password of BGP neighbour {number}", apply=apply)
