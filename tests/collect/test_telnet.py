"""Devices that speak telnet: the lab's, the laboratory's, and servers that behave badly."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from typing_extensions import override

from netraven.archive.normalise import normalise
from netraven.collect.capture import Capture
from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.pacing import OpenGate, Verdict
from netraven.collect.probe import probe
from netraven.collect.target import Login, Protocol, Target
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
from netraven.lab import DeviceSpec, Fault, Fleet
from netraven.lab.spec import Endpoint
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform
from tests.collect.peers import HOST, LOGIN, WRONG, Device, tcp_server

PASSWORD = "correct-horse"
LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)
HASTY = Limits(connect_s=1, idle_s=0.5, deadline_s=20)
NAMES = ("cisco_ios", "cisco_asa", "arista_eos", "juniper_junos", "aruba_aoscx", "frr", "linux")
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240


def platform_named(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


IOS = platform_named("cisco_ios")


def target_at(port: int, name: str = "sw1") -> Target:
    return Target(device_id=name, hostname=name, address=HOST, port=port, protocol=Protocol.TELNET)


def spec_of(platform: str = "cisco_ios", **wanted: object) -> DeviceSpec:
    spec = DeviceSpec(hostname="sw1", platform=platform, password=PASSWORD, is_telnet=True)
    return replace(spec, **wanted)  # type: ignore[arg-type]


def login_of(endpoint: Endpoint) -> Login:
    return Login(
        name="lab",
        username=endpoint.username,
        password=endpoint.password,
        enable_secret=endpoint.enable_secret,
    )


async def collected(fleet: Fleet, limits: Limits = LIMITS) -> Capture:
    endpoint = fleet.endpoint("sw1")
    platform = platform_named(endpoint.platform)
    return await fetch(target_at(endpoint.port), (login_of(endpoint),), platform, limits)


# Real servers


@pytest.mark.parametrize("name", NAMES)
async def test_a_device_is_collected_over_telnet_as_over_ssh(name: str) -> None:
    async with Fleet([spec_of(name, enable_secret="en-secret")]) as fleet:
        by_telnet = await collected(fleet)
        text = fleet.device("sw1").running_config()

    platform = platform_named(name)
    assert normalise(by_telnet.running.text, platform).strip("\n") == (
        normalise(text, platform).strip("\n")
    )
    assert by_telnet.running.echo_seen
    assert by_telnet.host_key == ""
    assert by_telnet.negotiated.cipher == ""


async def test_a_refused_login_leads_to_the_next_and_is_counted_once() -> None:
    gate = Recorder()
    async with Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        logins = (replace(WRONG, username=endpoint.username), login_of(endpoint))
        capture = await fetch(target_at(endpoint.port), logins, IOS, LIMITS, gate=gate)
        refused = fleet.device("sw1").refused_logins

    assert (capture.login_name, capture.refused_logins, refused) == ("lab", ("old",), 1)
    assert gate.verdicts == [("old", Verdict.REFUSED), ("lab", Verdict.ACCEPTED)]


class Recorder(OpenGate):
    """Notes what came of each login."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, Verdict]] = []

    @override
    def leave(self, device_id: str, login: Login, verdict: Verdict) -> None:
        self.verdicts.append((login.name, verdict))


@pytest.mark.parametrize("name", ["cisco_ios", "linux"])
async def test_every_wording_of_a_refusal_is_understood(name: str) -> None:
    async with Fleet([spec_of(name, fault=Fault.REFUSE_LOGIN)]) as fleet:
        with pytest.raises(LoginRefused, match="sw1 refuses credential lab") as caught:
            await collected(fleet)
        assert fleet.device("sw1").refused_logins == 1

    assert caught.value.report is not None
    assert PASSWORD not in caught.value.report.dialogue


async def test_a_device_behind_a_jump_host_is_collected_by_telnet() -> None:
    async with Device(forwards=True).served() as jump, Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        target = replace(target_at(endpoint.port), jump=(jump.as_jump(),))
        capture = await fetch(target, (login_of(endpoint),), IOS, LIMITS)

    assert capture.running.text
    assert jump.seen.connections == 1
    assert len(capture.jump_host_keys) == 1


async def test_a_test_of_the_device_tells_the_steps_and_that_nothing_is_encrypted() -> None:
    async with Fleet([spec_of()]) as fleet:
        endpoint = fleet.endpoint("sw1")
        report = await probe(target_at(endpoint.port), (login_of(endpoint),), IOS, LIMITS)

    assert report.error is None
    told = {step.name: step.finding for step in report.steps}
    assert list(told)[:3] == ["connecting", "waiting for a login question", "logging in"]
    assert told["connecting"] == "127.0.0.1 answers; telnet is not encrypted"
    assert told["logging in"] == "credential lab is accepted"


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.DROP, SessionLost), (Fault.STALL, DeviceTimeout)]
)
async def test_a_session_that_breaks_off_is_no_capture(
    fault: Fault, error: type[CollectError]
) -> None:
    async with Fleet([spec_of(fault=fault)]) as fleet:
        with pytest.raises(error):
            await collected(fleet, replace(LIMITS, idle_s=1.5))


async def test_output_is_bounded_over_telnet_too() -> None:
    async with Fleet([spec_of(fault=Fault.ENDLESS)]) as fleet:
        with pytest.raises(OutputTooLarge):
            await collected(fleet, replace(LIMITS, max_bytes=200_000))


# Nobody there, or somebody else


async def test_telnet_without_a_server_is_one_clear_sentence() -> None:
    async with Fleet([spec_of(fault=Fault.DEAD)]) as fleet:
        port = fleet.endpoint("sw1").port
        with pytest.raises(Unreachable) as caught:
            await collected(fleet)

    assert str(caught.value) == (
        f"sw1 (127.0.0.1 port {port}) refuses connections;"
        " check that telnet is switched on there and that the port is right"
    )


async def test_an_ssh_server_on_the_port_is_named() -> None:
    async with Device().served() as device:
        with pytest.raises(NegotiationFailed, match="speaks SSH, not telnet; set its protocol"):
            await fetch(target_at(device.port), (LOGIN,), IOS, LIMITS)


async def test_a_telnet_server_is_named_at_once_where_ssh_is_expected() -> None:
    async with Fleet([spec_of()]) as fleet:
        target = replace(target_at(fleet.endpoint("sw1").port), protocol=Protocol.SSH)
        with pytest.raises(NegotiationFailed, match=r"speaks telnet, not SSH.* protocol to telnet"):
            await fetch(target, (LOGIN,), IOS, Limits(connect_s=3600))


async def test_a_silent_server_is_cut_off() -> None:
    async def silent(reader: StreamReader, _writer: StreamWriter) -> None:
        await reader.read(100)

    async with tcp_server(silent) as port:
        with pytest.raises(DeviceTimeout, match=r"asked for no login within 0\.5 s"):
            await fetch(target_at(port), (LOGIN,), IOS, HASTY)


async def test_a_key_is_no_login_for_telnet() -> None:
    async with Fleet([spec_of()]) as fleet:
        login = Login(name="robot", username="backup", private_key="-----BEGIN")
        with pytest.raises(LoginRefused, match="robot"):
            await fetch(target_at(fleet.endpoint("sw1").port), (login,), IOS, LIMITS)


# Login dialogues


class Talker:
    """A telnet server that says and expects lines; `typed` holds what it was sent."""

    def __init__(self, *exchanges: bytes, welcome: bytes = b"") -> None:
        self.exchanges = exchanges
        self.welcome = welcome
        self.typed: list[bytes] = []

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        async with tcp_server(self._talk) as port:
            yield port

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        for said in self.exchanges:
            writer.write(said)
            await writer.drain()
            line = await reader.readuntil(b"\r\n")
            self.typed.append(line)
        writer.write(self.welcome + b"sw1#")
        while line := await reader.readuntil(b"\r\n"):
            command = line.decode().strip()
            self.typed.append(line)
            if command == "exit":
                return
            answer = "end\r\n" if command.startswith("show running") else ""
            writer.write(f"{command}\r\n{answer}sw1#".encode())


NAME, SECRET = b"backup\r\n", b"correct-horse\r\n"


@pytest.mark.parametrize(
    ("exchanges", "typed"),
    [
        ((b"Username: ", b"backup\r\nPassword: "), (NAME, SECRET)),
        ((b"\r\nlogin: ", b"Password:"), (NAME, SECRET)),
        ((b"sw1 login: ", b"Password for backup@sw1: "), (NAME, SECRET)),
        ((b"Please Enter Login Name: ", b"Please Enter Password: "), (NAME, SECRET)),
        ((b"User:", b"Password:"), (NAME, SECRET)),
        ((b"UserName:", b"PassWord:"), (NAME, SECRET)),
        ((b"login as: ", b"backup's password: "), (NAME, SECRET)),
        ((b"Account: ", b"passcode> "), (NAME, SECRET)),
        ((b"Kennwort? \r\n\r\nPassword: ",), (SECRET,)),
        ((b"Press any key to continue", b"Username: ", b"Password: "), (b"\r\n", NAME, SECRET)),
        ((b"Press <Enter> to begin", b"login: ", b"Password: "), (b"\r\n", NAME, SECRET)),
        (
            (b"Do you accept these terms? [yes/no]: ", b"login: ", b"Password: "),
            (b"yes\r\n", NAME, SECRET),
        ),
        (
            (b"login: ", b"Password: ", b"\r\nLast login: Mon\r\nType 'I agree' to go on: "),
            (NAME, SECRET, b"I agree\r\n"),
        ),
        ((b"a banner, login: below\r\nUsername: ", b"Password: "), (NAME, SECRET)),
        ((b"\x1b[2J\x1b[1;1HUsername: ", b"\x1b[0mPassword: \x1b[?25h"), (NAME, SECRET)),
        ((), ()),
    ],
)
async def test_logins_are_asked_for_in_many_ways(
    exchanges: tuple[bytes, ...], typed: tuple[bytes, ...]
) -> None:
    talker = Talker(*exchanges)
    async with talker.served() as port:
        capture = await fetch(target_at(port), (LOGIN,), IOS, replace(LIMITS, idle_s=5))

    assert tuple(talker.typed[: len(typed)]) == typed
    assert talker.typed.count(SECRET) == typed.count(SECRET)
    assert capture.running.text == "end\n"


@pytest.mark.parametrize(
    "refusal",
    [
        b"\r\n% Login invalid\r\n\r\nUsername: ",
        b"\r\nLogin incorrect\r\nlogin: ",
        b"\r\n% Bad passwords\r\n",
        b"\r\nPassword: ",
        b"\r\nAccess denied\r\n",
        b"\r\nError: Failed to authenticate.\r\nUsername:",
        b"\r\nInvalid user name or password.\r\n",
        b"",
    ],
)
async def test_a_device_refuses_in_many_ways(refusal: bytes) -> None:
    seen: list[bytes] = []

    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"Username: ")
        seen.append(await reader.readuntil(b"\r\n"))
        writer.write(b"Password: ")
        seen.append(await reader.readuntil(b"\r\n"))
        writer.write(refusal)
        if refusal.endswith((b": ", b":")):
            seen.append(await reader.read(100))

    async with tcp_server(refuse) as port:
        with pytest.raises(LoginRefused, match="sw1 refuses credential lab"):
            await fetch(target_at(port), (LOGIN,), IOS, HASTY)

    assert [line for line in seen if line] == [NAME, SECRET]


async def test_a_refusal_that_is_followed_by_silence_is_a_refusal() -> None:
    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"Password: ")
        await reader.readuntil(b"\r\n")
        writer.write(b"\r\nLogin failed!\r\n")
        await reader.read(100)

    async with tcp_server(refuse) as port:
        with pytest.raises(LoginRefused, match="Login failed"):
            await fetch(target_at(port), (LOGIN,), IOS, HASTY)


async def test_a_demand_for_a_new_password_is_told_as_one() -> None:
    async def demand(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"login: ")
        await reader.readuntil(b"\r\n")
        writer.write(b"Password: ")
        await reader.readuntil(b"\r\n")
        writer.write(b"\r\nYour password has expired.\r\nNew password: ")
        await reader.read(100)

    async with tcp_server(demand) as port:
        with pytest.raises(LoginRefused, match="demands a new password from credential lab"):
            await fetch(target_at(port), (LOGIN,), IOS, HASTY)


async def test_a_banner_about_denied_access_refuses_nobody() -> None:
    welcome = b"\r\nAccess denied to everybody else!\r\nUnauthorized login is invalid.\r\n"
    talker = Talker(b"Username: ", b"Password: ", welcome=welcome)
    async with talker.served() as port:
        capture = await fetch(target_at(port), (LOGIN,), IOS, replace(LIMITS, idle_s=5))

    assert capture.running.text == "end\n"


async def test_a_server_that_asks_for_ever_is_left() -> None:
    async def ask(reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            writer.write(b"Press any key to continue")
            await reader.read(100)

    async with tcp_server(ask) as port:
        with pytest.raises(DialogueFailed, match="asked more than 12 questions"):
            await fetch(target_at(port), (LOGIN,), IOS, HASTY)


# Options


async def answered(*said: bytes, expected: int) -> bytes:
    """Return the first bytes that come back for commands."""
    got = bytearray()
    done = asyncio.Event()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        for piece in said:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        while len(got) < expected and (data := await reader.read(1000)):
            got.extend(data)
        done.set()

    async with tcp_server(serve) as port:
        with pytest.raises(CollectError):
            await fetch(target_at(port), (LOGIN,), IOS, HASTY)
        await done.wait()
    return bytes(got)


async def test_a_terminals_options_are_agreed_to_and_its_size_is_told() -> None:
    asked = bytes([IAC, WILL, 1, IAC, WILL, 3, IAC, DO, 31, IAC, DO, 24, IAC, SB, 24, 1, IAC, SE])

    got = await answered(asked, expected=36)

    size = bytes([IAC, SB, 31, 2, 0, 3, 232, IAC, SE])
    kind = bytes([IAC, SB, 24, 0]) + b"VT100" + bytes([IAC, SE])
    assert got == (
        bytes([IAC, DO, 1, IAC, DO, 3, IAC, WILL, 31]) + size + bytes([IAC, WILL, 24]) + kind
    )


async def test_compression_environment_and_line_editing_are_declined() -> None:
    asked = bytes([IAC, WILL, 86, IAC, DO, 39, IAC, DO, 34, IAC, WILL, 200, IAC, DO, 36])
    environment = bytes([IAC, SB, 39, 1, IAC, SE])

    got = await answered(asked, environment, expected=15)

    assert got == bytes(
        [IAC, DONT, 86, IAC, WONT, 39, IAC, WONT, 34, IAC, DONT, 200, IAC, WONT, 36]
    )


async def test_commands_in_pieces_and_escaped_bytes_leave_the_text_whole() -> None:
    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        for piece in (b"Pass", bytes([IAC]), bytes([WILL]), bytes([1]), b"word: "):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        await reader.readuntil(b"\r\n")
        writer.write(b"sw1#")
        while line := (await reader.readuntil(b"\r\n")).decode().strip():
            if line == "exit":
                return
            shown = b"description \xff\xff\r\x00\r\nend\r\n" if "running" in line else b""
            writer.write(line.encode() + b"\r\n" + shown + b"sw1#")

    async with tcp_server(serve) as port:
        capture = await fetch(target_at(port), (LOGIN,), IOS, LIMITS)

    assert capture.running.text == "description \xff\nend\n"
    assert capture.running.encoding == "latin-1"


async def test_a_server_that_negotiates_without_end_is_left() -> None:
    async def serve(_reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            writer.write(bytes([IAC, DO, 99]) * 100)
            await writer.drain()

    async with tcp_server(serve) as port:
        with pytest.raises(SessionLost):
            await fetch(target_at(port), (LOGIN,), IOS, LIMITS)
