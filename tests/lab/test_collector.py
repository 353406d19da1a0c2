"""The collector reads from the lab's devices, byte for byte, what they are configured with."""

from __future__ import annotations

import pytest

from netraven.archive.grade import grade
from netraven.collect.capture import Capture
from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.target import Login, Target
from netraven.db.enums import BackupStatus, Grade
from netraven.errors import (
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    LoginRefused,
    NegotiationFailed,
    OutputTooLarge,
    SessionLost,
    Unreachable,
)
from netraven.lab import Endpoint, Fault, Fleet
from netraven.platforms.registry import get_platform
from tests.lab.memory import PLATFORMS, WITH_ENABLE, spec

_LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)
_IMPATIENT = Limits(connect_s=0.5, idle_s=0.5, deadline_s=20, max_bytes=2_000_000)


async def read(endpoint: Endpoint, *, limits: Limits = _LIMITS) -> Capture:
    platform = get_platform(endpoint.platform)
    assert platform is not None
    target = Target(
        device_id=endpoint.hostname,
        hostname=endpoint.hostname,
        address=endpoint.address,
        port=endpoint.port,
        legacy_ssh=endpoint.legacy,
    )
    login = Login(
        name="lab",
        username=endpoint.username,
        password=endpoint.password,
        enable_secret=endpoint.enable_secret,
    )
    return await fetch(target, (login,), platform, limits)


def as_collected(fleet: Fleet, hostname: str) -> str:
    """Return a configuration without the line that the collector asks EOS to leave out."""
    lines = fleet.device(hostname).running_config().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("! Time: "))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("size_bytes", [None, 60_000], ids=["small", "60 KB"])
async def test_a_configuration_is_read_as_it_is(platform: str, size_bytes: int | None) -> None:
    has_enable = platform in WITH_ENABLE
    device = spec(platform, size_bytes=size_bytes, enable=has_enable, latency_s=0.01)

    async with Fleet([device]) as fleet:
        capture = await read(fleet.endpoint(device.hostname))
        expected = as_collected(fleet, device.hostname)

    declared = get_platform(platform)
    assert declared is not None
    assert capture.running.text == expected
    assert grade(capture.running, declared, None).grade is Grade.A


async def test_a_legacy_device_is_read_where_legacy_is_allowed() -> None:
    device = spec(legacy=True)

    async with Fleet([device]) as fleet:
        capture = await read(fleet.endpoint(device.hostname))
        expected = as_collected(fleet, device.hostname)

    assert capture.running.text == expected
    assert capture.negotiated.kex == "diffie-hellman-group14-sha1"
    assert capture.host_key.startswith("ssh-rsa ")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DEAD, Unreachable),
        (Fault.NOT_SSH, CollectError),
        (Fault.HANG, DeviceTimeout),
        (Fault.REFUSE_LOGIN, LoginRefused),
        (Fault.STALL, DeviceTimeout),
        (Fault.ENDLESS, OutputTooLarge),
        (Fault.DROP, SessionLost),
    ],
    ids=lambda value: str(value) if isinstance(value, Fault) else "",
)
async def test_a_faulty_device_fails_as_its_fault_says(
    fault: Fault, error: type[CollectError]
) -> None:
    device = spec(fault=fault)

    async with Fleet([device]) as fleet:
        with pytest.raises(error) as caught:
            await read(fleet.endpoint(device.hostname), limits=_IMPATIENT)

    assert caught.value.report is not None


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("fault", [Fault.CUT, Fault.GARBAGE])
async def test_a_damaged_configuration_is_never_completed(platform: str, fault: Fault) -> None:
    device = spec(platform, fault=fault)
    declared = get_platform(platform)
    assert declared is not None

    async with Fleet([device]) as fleet:
        try:
            capture = await read(fleet.endpoint(device.hostname), limits=_IMPATIENT)
        except (DialogueFailed, DeviceTimeout):
            return

    assert grade(capture.running, declared, None).status is not BackupStatus.COMPLETED


async def test_a_device_without_legacy_switch_is_not_spoken_to() -> None:
    device = spec(legacy=True)

    async with Fleet([device]) as fleet:
        endpoint = fleet.endpoint(device.hostname)
        target = Target(device_id="x", hostname="x", address=endpoint.address, port=endpoint.port)
        platform = get_platform("cisco_ios")
        assert platform is not None
        with pytest.raises(NegotiationFailed) as caught:
            await fetch(target, (Login(name="x", username="x", password="x"),), platform, _LIMITS)

    assert "group14-sha1" in str(caught.value)


async def test_another_device_answers_in_its_own_name() -> None:
    device = spec()

    async with Fleet([device]) as fleet:
        before = await read(fleet.endpoint(device.hostname))
        await fleet.set_fault(device.hostname, Fault.WRONG_HOSTNAME)
        after = await read(fleet.endpoint(device.hostname))

    assert before.running.hostname == device.hostname
    assert after.running.hostname not in {None, device.hostname}
    assert before.host_key == after.host_key
