from __future__ import annotations

from dataclasses import replace

import asyncssh
import pytest

from netraven.collect.fetch import fetch
from netraven.collect.hostkeys import fingerprint, key_types, public_key_line
from netraven.collect.limits import Limits
from netraven.collect.target import HostKeyPolicy, Target
from netraven.errors import HostKeyChanged
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import HOST, LOGIN, WRONG, Device, host_key, tcp_relay

LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)


def line(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


async def test_the_first_key_is_trusted_and_reported_without_a_comment() -> None:
    async with Device().served() as device:
        capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.host_key.split() == line(host_key()).split()[:2]


async def test_a_known_key_is_taken_whatever_its_comment() -> None:
    known = f"{line(host_key())} noc@example"

    async with Device().served() as device:
        target = replace(device.target(), known_host_keys=(known,))
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.host_key in known


@pytest.mark.parametrize("policy", [HostKeyPolicy.TOFU, HostKeyPolicy.PINNED])
async def test_a_changed_key_is_refused_before_any_login(policy: HostKeyPolicy) -> None:
    known, shown = host_key(number=1), host_key(number=2)

    async with Device(keys=(shown,)).served() as device:
        target = replace(
            device.target("core-1"), known_host_keys=(line(known),), host_key_policy=policy
        )
        with pytest.raises(HostKeyChanged) as caught:
            await fetch(target, (LOGIN, WRONG), CISCO_IOS, LIMITS)

    message = str(caught.value)
    assert known.get_fingerprint() in message
    assert shown.get_fingerprint() in message
    assert "netraven device hostkey accept core-1" in message
    assert not caught.value.retryable
    assert caught.value.report is not None
    assert caught.value.report.host_key == " ".join(line(shown).split()[:2])
    assert device.seen.connections == 1
    assert device.seen.auth_begun == 0
    assert device.seen.secrets == []


async def test_a_key_of_another_type_is_a_changed_key() -> None:
    known, shown = host_key("ssh-ed25519"), host_key("ecdsa-sha2-nistp256")

    async with Device(keys=(shown,)).served() as device:
        target = replace(device.target(), known_host_keys=(line(known),))
        with pytest.raises(HostKeyChanged):
            await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert device.seen.auth_begun == 0


async def test_of_several_keys_the_device_is_asked_for_the_known_one() -> None:
    preferred, known = host_key("ssh-ed25519"), host_key("ecdsa-sha2-nistp256")

    async with Device(keys=(preferred, known)).served() as device:
        target = replace(device.target(), known_host_keys=(line(known),))
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.negotiated.host_key == "ecdsa-sha2-nistp256"


async def test_a_pinned_device_without_a_known_key_is_refused_before_any_login() -> None:
    async with Device().served() as device:
        target = replace(device.target("core-1"), host_key_policy=HostKeyPolicy.PINNED)
        with pytest.raises(HostKeyChanged, match="policy is `pinned`") as caught:
            await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert host_key().get_fingerprint() in str(caught.value)
    assert "netraven device hostkey accept core-1" in str(caught.value)
    assert device.seen.auth_begun == 0


async def test_a_device_that_ignores_keys_takes_a_changed_one_and_reports_it() -> None:
    known, shown = host_key(number=1), host_key(number=2)

    async with Device(keys=(shown,)).served() as device:
        target = replace(
            device.target(),
            known_host_keys=(line(known),),
            host_key_policy=HostKeyPolicy.IGNORE,
        )
        capture = await fetch(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.host_key.split() == line(shown).split()[:2]


async def test_the_key_of_the_first_login_binds_the_second() -> None:
    device, impostor = Device(keys=(host_key(number=1),)), Device(keys=(host_key(number=2),))

    async with device.served(), impostor.served(), tcp_relay(device, impostor) as port:
        target = Target(device_id="r1", hostname="r1", address=HOST, port=port)
        with pytest.raises(HostKeyChanged):
            await fetch(target, (WRONG, LOGIN), CISCO_IOS, LIMITS)

    assert device.seen.secrets == [("backup", "last-year")]
    assert impostor.seen.connections == 1
    assert impostor.seen.auth_begun == 0


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_lines_and_fingerprints_are_those_of_ssh_keygen(algorithm: str) -> None:
    key = host_key(algorithm)

    written = public_key_line(key.public_data)

    assert written.split() == line(key).split()[:2]
    assert fingerprint(f"{written} comment") == key.get_fingerprint()
    assert key_types((written, written)) == (algorithm,)


def test_a_spoilt_line_has_a_fingerprint_and_matches_nothing() -> None:
    assert fingerprint("ssh-ed25519 not*base64").startswith("SHA256:")
    assert fingerprint("").startswith("SHA256:")
