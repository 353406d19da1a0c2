from __future__ import annotations

import pytest

from netraven.archive.normalise import normalise
from netraven.archive.redact import redact
from netraven.lab import DeviceSpec, SimulatedDevice, edits
from netraven.lab.configs.voice import Topic
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from tests.lab.memory import PASSWORD, PLATFORMS, spec

_KEY = b"a key of the installation, 32 b."
_MOVING = ("arista_eos", "cisco_ios")


def platform_of(name: str) -> Platform:
    platform = get_platform(name)
    assert platform is not None
    return platform


def device_with(name: str, seed: int) -> SimulatedDevice:
    return SimulatedDevice(
        DeviceSpec(hostname="sw-1", platform=name, password=PASSWORD, seed=seed, legacy=True)
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_configuration_follows_from_seed_and_name_alone(platform: str) -> None:
    texts = [device_with(platform, seed).running_config() for seed in (1, 1, 2)]

    without_time = [normalise(text, platform_of(platform)) for text in texts]
    assert without_time[0] == without_time[1] != without_time[2]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("size_bytes", [15_000, 60_000, 300_000])
def test_a_configuration_has_the_size_that_was_asked_for(platform: str, size_bytes: int) -> None:
    device = SimulatedDevice(spec(platform, size_bytes=size_bytes))

    size = len(device.running_config().encode())

    assert abs(size - size_bytes) < size_bytes * 0.06


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_secret_stands_in_the_configuration_until_it_is_redacted(platform: str) -> None:
    device = device_with(platform, 3)
    text = device.running_config()

    shown = redact(text, platform_of(platform), _KEY)

    in_text = [secret for secret in device.secrets if secret in text]
    assert len(in_text) >= (3 if platform == "linux" else len(device.secrets))
    assert not [secret for secret in device.secrets if secret in shown]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_only_lines_with_secrets_look_different_when_redacted(platform: str) -> None:
    device = device_with(platform, 4)
    lines = device.running_config().splitlines()

    shown = redact(device.running_config(), platform_of(platform), _KEY).splitlines()

    altered = [line for line, other in zip(lines, shown, strict=True) if line != other]
    assert altered
    assert all(any(secret in line for secret in device.secrets) for line in altered)


def test_devices_of_a_fleet_share_some_secrets_and_have_others_of_their_own() -> None:
    one, other = (
        set(SimulatedDevice(spec("frr", hostname=hostname)).secrets) for hostname in ("r1", "r2")
    )

    assert one & other
    assert one - other


@pytest.mark.parametrize("platform", _MOVING)
def test_some_lines_move_by_themselves_and_are_known_to(platform: str) -> None:
    device = device_with(platform, 5)
    device.answer(Topic.RUNNING)
    before = device.running_config()

    device.answer(Topic.RUNNING)

    after = device.running_config()
    declared = platform_of(platform)
    assert after != before or platform == "arista_eos"  # its clock shows whole seconds
    assert normalise(after, declared) == normalise(before, declared)


def test_the_configuration_as_last_shown_is_what_was_answered() -> None:
    device = device_with("cisco_ios", 6)

    answer = device.answer(Topic.RUNNING)

    assert answer is not None
    assert answer.startswith("Building configuration...\n\nCurrent configuration : ")
    assert answer.endswith(device.running_config())
    assert device.running_config().startswith("!\n! Last configuration change at")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("edit", "added"),
    [
        (edits.add_vlan(777, "sensors"), "777"),
        (edits.add_route("203.0.113.0", "10.0.0.9"), "203.0.113.0"),
        (edits.describe_link(1, "to core-09"), "to core-09"),
    ],
    ids=lambda value: value.summary if isinstance(value, edits.Edit) else "",
)
def test_an_edit_changes_the_lines_it_is_about(platform: str, edit: edits.Edit, added: str) -> None:
    device = device_with(platform, 7)
    before = normalise(device.running_config(), platform_of(platform)).splitlines()

    device.change(edit)

    after = normalise(device.running_config(), platform_of(platform)).splitlines()
    new = [line for line in after if line not in before]
    assert any(added in line for line in new)
    assert len(new) < 12


@pytest.mark.parametrize("platform", PLATFORMS[:5])
def test_a_changed_community_is_one_of_the_secrets(platform: str) -> None:
    device = device_with(platform, 8)
    before = device.secrets

    device.change(edits.set_snmp_community("another-community"))

    assert "another-community" in device.running_config()
    assert set(device.secrets) - set(before) == {"another-community"}


def test_a_changed_secret_changes_one_line() -> None:
    device = device_with("cisco_ios", 8)
    before = device.running_config().splitlines()

    device.change(edits.set_bgp_password(0, "another-password"))

    new = [line for line in device.running_config().splitlines() if line not in before]
    assert len([line for line in new if not line.startswith("!")]) == 1
    assert any(" password 7 " in line for line in new)


def test_an_edit_that_has_no_place_in_a_platform_is_refused() -> None:
    device = device_with("frr", 9)

    with pytest.raises(ValueError, match="changes nothing here"):
        device.change(edits.add_ntp_server("10.0.0.9"))

    device.change(edits.add_vlan(777, "sensors"))
    assert "eth3.777" in device.running_config()


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(ValueError, match="simulates no cisco_nxos"):
        SimulatedDevice(spec("cisco_nxos"))
