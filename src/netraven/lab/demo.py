"""The fleet of the demonstration: four sites of all platforms, some in trouble, some to change."""

from __future__ import annotations

from dataclasses import dataclass

from netraven.lab import edits
from netraven.lab.edits import Edit
from netraven.lab.faults import Fault
from netraven.lab.fleet import Fleet
from netraven.lab.mint import draw_word
from netraven.lab.spec import DeviceSpec

_SITES = {"ams": "Amsterdam", "ber": "Berlin", "lis": "Lisbon", "prg": "Prague"}
_UNITS = (
    ("core-01", "cisco_ios", "core switch", 24_000),
    ("core-02", "cisco_ios", "core switch", 24_000),
    ("acc-01", "cisco_ios", "access switch, ground floor", None),
    ("acc-02", "cisco_ios", "access switch, first floor", None),
    ("acc-03", "aruba_aoscx", "access switch, second floor", None),
    ("leaf-01", "arista_eos", "server room, row A", 16_000),
    ("leaf-02", "arista_eos", "server room, row B", 16_000),
    ("edge-01", "juniper_junos", "internet edge", 20_000),
    ("fw-01", "cisco_asa", "firewall", 18_000),
    ("rr-01", "frr", "route reflector", None),
    ("mon-01", "linux", "monitoring host", None),
)
_ROLES = {
    "core": "core",
    "acc": "access",
    "leaf": "datacentre",
    "edge": "edge",
    "fw": "firewall",
    "rr": "routing",
    "mon": "server",
}
_WITH_ENABLE = ("cisco_asa", "cisco_ios")
_FAULTS = {
    "lis-acc-02": Fault.DEAD,
    "prg-leaf-02": Fault.REFUSE_LOGIN,
    "lis-leaf-01": Fault.HANG,
    "prg-core-02": Fault.CUT,
}
_LEGACY = "ams-acc-02"
_NEW_TIME_SERVER = "10.0.0.124"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """A change that one device undergoes between the two sweeps."""

    hostname: str
    edit: Edit
    changes_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFleet:
    """Devices, all opened by one login, and what changes after the first sweep.

    Exactly one device is dead, one refuses logins, one hangs, one breaks its configuration off
    and one, healthy besides, speaks legacy SSH only; none of these changes. One time server is
    added on several devices at once, and one change replaces a secret.
    """

    specs: tuple[DeviceSpec, ...]
    changes: tuple[PlannedChange, ...]

    @property
    def sites(self) -> tuple[str, ...]:
        """The tags of the sites; each device has one of them."""
        return tuple(f"site-{site}" for site in _SITES)

    @property
    def new_time_server(self) -> str:
        """The address of the time server that is added on several devices."""
        return _NEW_TIME_SERVER

    def make_changes(self, fleet: Fleet) -> None:
        """Make all planned changes, in order."""
        for change in self.changes:
            fleet.device(change.hostname).change(change.edit)


def demo_fleet(seed: int = 7) -> DemoFleet:
    """Return the 44 devices of the demonstration; the same seed gives the same ones."""
    return DemoFleet(
        specs=tuple(
            _draw_spec(seed, site, number) for site in _SITES for number in range(len(_UNITS))
        ),
        changes=(*_shared_changes(), *_own_changes(seed)),
    )


def _draw_spec(seed: int, site: str, number: int) -> DeviceSpec:
    unit, platform, purpose, size_bytes = _UNITS[number]
    hostname = f"{site}-{unit}"
    has_enable = platform in _WITH_ENABLE
    return DeviceSpec(
        hostname=hostname,
        platform=platform,
        password=draw_word(20, seed, "login"),
        enable_secret=draw_word(20, seed, "enable") if has_enable else None,
        seed=seed,
        size_bytes=size_bytes,
        fault=_FAULTS.get(hostname),
        legacy=hostname == _LEGACY,
        description=f"{_SITES[site]}, {purpose}",
        tags=(f"site-{site}", f"role-{_ROLES[unit.partition('-')[0]]}"),
    )


def _shared_changes() -> tuple[PlannedChange, ...]:
    units = ("core-01", "core-02", "acc-01", "acc-02", "acc-03", "leaf-01", "leaf-02")
    edit = edits.add_ntp_server(_NEW_TIME_SERVER)
    return tuple(PlannedChange(hostname=f"ber-{unit}", edit=edit) for unit in units)


def _own_changes(seed: int) -> tuple[PlannedChange, ...]:
    password = draw_word(18, seed, "new BGP password")
    return (
        PlannedChange(
            hostname="lis-core-01", edit=edits.set_bgp_password(0, password), changes_secret=True
        ),
        PlannedChange(hostname="ams-acc-01", edit=edits.add_vlan(777, "sensors")),
        PlannedChange(hostname="ams-core-01", edit=edits.describe_link(1, "to core-02, new fibre")),
        PlannedChange(hostname="ams-fw-01", edit=edits.add_rule("10.0.0.77", "192.0.2.200", 8443)),
        PlannedChange(hostname="lis-edge-01", edit=edits.add_route("203.0.113.0", "10.254.0.9")),
        PlannedChange(hostname="prg-rr-01", edit=edits.add_route("198.51.100.0", "10.254.0.9")),
        PlannedChange(hostname="prg-mon-01", edit=edits.add_vlan(778, "backup")),
    )
