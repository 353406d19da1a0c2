"""A credential that devices refuse is frozen, and an operator thaws it."""

from __future__ import annotations

from netraven.lab import DeviceSpec, Fault, Fleet, run_in_thread
from tests.cli.conftest import Program

DEVICES_FAILED = 8
PASSWORD = "correct-horse"


def test_an_operator_thaws_what_two_devices_froze(program: Program) -> None:
    program.ok(
        *("credential", "add", "lab", "--username", "netraven", "--tag", "default"),
        "--password-stdin",
        stdin=f"{PASSWORD}\n",
    )
    specs = [
        DeviceSpec(
            hostname=name,
            platform="cisco_ios",
            password=PASSWORD,
            fault=Fault.REFUSE_LOGIN,
            is_telnet=name == "old-1",
        )
        for name in ("old-1", "new-1", "new-2")
    ]
    with run_in_thread(Fleet(specs, shares_host_key=True)) as fleet:
        for at in fleet.endpoints:
            program.ok(
                *("device", "add", at.hostname, at.address, "--port", str(at.port)),
                *("--platform", "ios", "--telnet" if at.protocol == "telnet" else "--ssh"),
            )
        first = program.run("backup", "run", "--all")
        refused = sum(device.refused_logins for device in fleet.devices)
        for device in fleet.devices:
            device.fault = None
        frozen = program.run("backup", "run", "--all")
        program.ok("credential", "update", "lab", "--thaw")
        thawed = program.ok("backup", "run", "--all")
        refused_after = sum(device.refused_logins for device in fleet.devices)

    assert (first.exit_code, frozen.exit_code) == (DEVICES_FAILED, DEVICES_FAILED)
    assert refused == refused_after == 2
    assert "frozen after refusals" in " ".join(frozen.out.split())
    assert "3 devices" in thawed.out
