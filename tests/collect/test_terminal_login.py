"""Devices that let everybody in by SSH, or ask again, and take the login on their terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from asyncssh import SSHReader, SSHWriter

from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.pacing import Verdict
from netraven.errors import CollectError, LoginRefused
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import CONFIG, LOGIN, PASSWORD, WRONG, Device, Talk
from tests.collect.test_telnet import Recorder

LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)


def asking_on_its_terminal(device: Device, *, takes: str = PASSWORD) -> Talk:
    """Return a device's terminal that asks for name and password before its prompt."""

    async def talk(stdin: SSHReader[bytes], stdout: SSHWriter[bytes]) -> None:
        for question in (b"\r\nUser Name:", b"Password:"):
            stdout.write(question)
            device.seen.typed.append((await stdin.readuntil(b"\r")).decode().strip())
            stdout.write(b"\r\n")
        if device.seen.typed[-1] == takes:
            await device.command_line(stdin, stdout)
        else:
            stdout.write(b"% Authentication failed\r\nUser Name:")
            await stdin.read(1)

    return talk


async def test_a_device_may_ask_on_its_terminal_what_its_ssh_server_did_not() -> None:
    gate = Recorder()
    device = Device(wants_login=False)
    device.talk = asking_on_its_terminal(device)
    async with device.served():
        capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS, gate=gate)

    assert capture.running.text == CONFIG
    assert capture.host_key
    assert device.seen.typed[:2] == ["backup", PASSWORD]
    assert gate.verdicts == [("lab", Verdict.ACCEPTED)]


async def test_what_is_refused_on_the_terminal_counts_as_a_refused_login() -> None:
    gate = Recorder()
    device = Device(wants_login=False)
    device.talk = asking_on_its_terminal(device)
    async with device.served():
        with pytest.raises(LoginRefused, match="refuses credential old"):
            await fetch(device.target(), (WRONG,), CISCO_IOS, LIMITS, gate=gate)

    assert device.seen.typed == ["backup", "last-year"]
    assert gate.verdicts == [("old", Verdict.REFUSED)]


@pytest.mark.parametrize("takes", [PASSWORD, "something else"])
async def test_a_device_may_ask_again_for_what_its_ssh_server_has_taken(takes: str) -> None:
    device = Device()
    device.talk = asking_on_its_terminal(device, takes=takes)
    async with device.served():
        if takes == PASSWORD:
            capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)
            assert capture.running.text == CONFIG
        else:
            with pytest.raises(CollectError):
                await fetch(device.target(), (LOGIN,), CISCO_IOS, replace(LIMITS, idle_s=1))

    assert device.seen.typed.count(PASSWORD) == 1
