from __future__ import annotations

from dataclasses import replace

from netraven.collect.hostkeys import fingerprint
from netraven.collect.limits import Limits
from netraven.collect.probe import probe
from netraven.errors import HostKeyChanged, LoginRefused, LoginWithheld, Unreachable
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import LOGIN, WRONG, Device, host_key, say_nothing, tcp_server

LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)


async def test_a_good_device_is_told_step_by_step() -> None:
    async with Device().served() as device:
        report = await probe(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    assert report.error is None
    assert all(step.is_ok and step.finding and step.took_s >= 0 for step in report.steps)
    assert [step.name for step in report.steps] == [
        "connecting",
        "waiting for the SSH version",
        "exchanging keys",
        "logging in",
        "opening a terminal",
        "waiting for the first prompt",
        "preparing the terminal",
        "running a command",
    ]
    told = " | ".join(step.finding for step in report.steps)
    assert "127.0.0.1 answers" in told
    assert "SSH-2.0-" in told
    assert "curve25519-sha256, aes128-gcm@openssh.com" in told
    assert host_key().get_fingerprint() in told
    assert "credential lab is accepted" in told
    assert "r1#" in told
    assert report.login_name == "lab"
    assert report.prompt == "r1#"
    assert report.version is not None
    assert "Version 15.2" in report.version.text
    assert report.report.host_key is not None
    assert fingerprint(report.report.host_key) == host_key().get_fingerprint()
    assert "show running-config" not in device.seen.typed


async def test_a_refused_login_is_told_and_the_next_one_too() -> None:
    async with Device().served() as device:
        report = await probe(device.target(), (WRONG, LOGIN), CISCO_IOS, LIMITS)

    logins = [step for step in report.steps if step.name == "logging in"]
    assert [step.is_ok for step in logins] == [False, True]
    assert "refuses credential old" in logins[0].finding
    assert report.error is None


async def test_the_step_that_failed_comes_last_with_its_reason() -> None:
    async with Device().served() as device:
        report = await probe(device.target(), (WRONG,), CISCO_IOS, LIMITS)

    assert isinstance(report.error, LoginRefused)
    assert [step.is_ok for step in report.steps] == [True, True, True, False]
    assert report.steps[-1].finding == str(report.error)
    assert report.login_name is None
    assert report.prompt is None


async def test_a_changed_host_key_is_told_with_the_key_to_accept() -> None:
    known = host_key(number=7).export_public_key().decode()

    async with Device().served() as device:
        target = replace(device.target(), known_host_keys=(known,))
        report = await probe(target, (LOGIN,), CISCO_IOS, LIMITS)

    assert isinstance(report.error, HostKeyChanged)
    assert report.steps[-1].name == "exchanging keys"
    assert report.report.host_key is not None
    assert device.seen.auth_begun == 0


async def test_a_device_without_logins_fails_in_one_step() -> None:
    async with Device().served() as device:
        report = await probe(device.target(), (), CISCO_IOS, LIMITS)

    assert isinstance(report.error, LoginWithheld)
    assert [(step.name, step.is_ok) for step in report.steps] == [("logging in", False)]


async def test_a_closed_port_fails_in_one_step() -> None:
    async with tcp_server(say_nothing) as port:
        pass

    report = await probe(
        replace(Device(port=port).target(), address="localhost"), (LOGIN,), CISCO_IOS, LIMITS
    )

    assert isinstance(report.error, Unreachable)
    assert len(report.steps) == 1
    assert "refuse" in report.steps[0].finding or "reached" in report.steps[0].finding
