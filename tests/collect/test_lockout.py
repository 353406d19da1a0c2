"""A wrong password and a thousand devices: no account is locked."""

from __future__ import annotations

from collections import Counter

import pytest

from netraven.collect.gate import LoginPolicy, SweepGate
from netraven.collect.limits import Limits
from netraven.collect.pacing import Freeze
from netraven.collect.sweep import Request, SweepLimits, sweep
from netraven.collect.target import Login, Protocol, Target
from netraven.errors import LoginRefused
from netraven.lab import DeviceSpec, Fleet
from netraven.lab.spec import Endpoint
from netraven.platforms.registry import get_platform

MOST_REFUSALS = 4
LIMITS = Limits(connect_s=120, idle_s=120, deadline_s=240)


def request_to(endpoint: Endpoint) -> Request:
    platform = get_platform(endpoint.platform)
    assert platform is not None
    return Request(
        target=Target(
            device_id=endpoint.hostname,
            hostname=endpoint.hostname,
            address=endpoint.address,
            port=endpoint.port,
            protocol=Protocol(endpoint.protocol),
        ),
        logins=(Login(name="lab", username=endpoint.username, password="last-year"),),
        platform=platform,
        limits=LIMITS,
    )


# The figures over SSH are those of the promise; fewer would not show that none slips through.
@pytest.mark.parametrize(
    ("is_telnet", "devices"), [(False, 1000), (True, 200)], ids=["ssh", "telnet"]
)
async def test_a_thousand_devices_refuse_a_wrong_password_four_times_at_most(
    *, is_telnet: bool, devices: int
) -> None:
    specs = [
        DeviceSpec(
            hostname=f"r{number}",
            platform="cisco_ios",
            password="correct-horse",
            is_telnet=is_telnet,
        )
        for number in range(devices)
    ]
    gate = SweepGate(LoginPolicy(patience_s=120))
    codes: Counter[str] = Counter()
    freezes: list[Freeze] = []
    async with Fleet(specs, shares_host_key=True) as fleet:
        requests = [request_to(endpoint) for endpoint in fleet.endpoints]
        async for outcome in sweep(requests, SweepLimits(concurrency=devices // 2), gate=gate):
            assert isinstance(outcome.error, LoginRefused)
            codes[outcome.error.code] += 1
            freezes += outcome.freezes
        refused = sum(device.refused_logins for device in fleet.devices)

    assert 2 <= refused <= MOST_REFUSALS
    assert codes["login_refused"] == refused
    assert codes.total() == devices
    assert [freeze.credential for freeze in freezes] == ["lab"]
