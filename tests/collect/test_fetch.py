from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import asyncssh
import pytest

from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.target import Login, Target
from netraven.collect.walk import Step
from netraven.errors import (
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    LoginRefused,
    LoginWithheld,
    NegotiationFailed,
    OutputTooLarge,
    SessionLost,
    Unreachable,
)
from netraven.platforms.cisco_ios import CISCO_IOS
from tests.collect.peers import (
    CONFIG,
    HOST,
    LOGIN,
    PASSWORD,
    WRONG,
    Device,
    host_key,
    say_nothing,
    tcp_server,
)

LIMITS = Limits(connect_s=20, idle_s=20, deadline_s=60)
IMPATIENT = Limits(connect_s=0.3, idle_s=0.3, deadline_s=60)


async def failure(target: Target, *logins: Login, limits: Limits = LIMITS) -> CollectError:
    with pytest.raises(CollectError) as caught:
        await fetch(target, logins or (LOGIN,), CISCO_IOS, limits)
    assert caught.value.report is not None
    return caught.value


async def test_a_device_is_read_command_by_command() -> None:
    async with Device().served() as device:
        capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.running.text == CONFIG
    assert [seen.yields for seen in capture.observations] == ["version", "inventory", "running"]
    assert capture.login_name == "lab"
    assert capture.host_key == " ".join(host_key().export_public_key().decode().split()[:2])
    assert capture.negotiated.kex == "curve25519-sha256"
    assert capture.negotiated.cipher == "aes128-gcm@openssh.com"
    assert capture.negotiated.server.startswith("SSH-2.0-")


async def test_the_startup_configuration_is_asked_for_only_on_demand() -> None:
    async with Device(answers={"show startup-config": CONFIG}).served() as device:
        capture = await fetch(
            device.target(), (LOGIN,), CISCO_IOS, LIMITS, config_types=("running", "startup")
        )

    assert [seen.yields for seen in capture.observations][-1] == "startup"


async def test_the_terminal_is_wide_and_brings_no_environment() -> None:
    terminals = []

    async def talk(stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        channel = stdout.channel
        assert isinstance(channel, asyncssh.SSHServerChannel)
        terminals.append((channel.get_terminal_size(), channel.get_environment()))
        await device.command_line(stdin, stdout)

    async with Device(talk=talk).served() as device:
        await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    (width, height, *_), environment = terminals[0]
    assert width >= 511
    assert height >= 500
    assert environment == {}


async def test_logins_are_tried_in_order_and_each_secret_is_shown_once() -> None:
    async with Device(methods=frozenset({"password", "keyboard-interactive"})).served() as device:
        capture = await fetch(device.target(), (WRONG, LOGIN), CISCO_IOS, LIMITS)

    assert device.seen.secrets == [("backup", "last-year"), ("backup", PASSWORD)]
    assert device.seen.connections == 2
    assert capture.login_name == "lab"
    assert capture.refused_logins == ("old",)


async def test_when_all_logins_are_refused_the_error_names_them() -> None:
    other = replace(WRONG, name="older", password="two-years-ago")

    async with Device().served() as device:
        error = await failure(device.target(), WRONG, other)

    assert isinstance(error, LoginRefused)
    assert not error.retryable
    assert "old" in str(error)
    assert "older" in str(error)
    assert error.report is not None
    assert error.report.refused_logins == ("old", "older")
    assert "last-year" not in f"{error} {error.report}"


async def test_a_device_that_hangs_up_on_a_wrong_password_has_not_refused_it() -> None:
    async with Device(hangs_up_on_refusal=True).served() as device:
        error = await failure(device.target(), WRONG, LOGIN)

    assert isinstance(error, SessionLost)
    assert error.step == Step.LOGIN
    assert device.seen.secrets == [("backup", "last-year")]


async def test_keyboard_interactive_answers_a_question_for_the_password() -> None:
    async with Device(methods=frozenset({"keyboard-interactive"})).served() as device:
        capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.running.text == CONFIG


@pytest.mark.parametrize(
    "questions",
    [
        (("Verification code: ", False),),
        (("Password: ", False), ("Token: ", False)),
        (("New password: ", False),),
        (("Favourite colour? ", True),),
    ],
)
async def test_keyboard_interactive_answers_nothing_else(
    questions: tuple[tuple[str, bool], ...],
) -> None:
    device = Device(methods=frozenset({"keyboard-interactive"}), questions=questions)

    async with device.served():
        error = await failure(device.target())

    assert isinstance(error, LoginRefused)
    assert device.seen.secrets == []


async def test_an_expired_password_is_not_changed_but_named() -> None:
    async with Device(has_expired_passwords=True).served() as device:
        error = await failure(device.target())

    assert isinstance(error, LoginRefused)
    assert "demands a new password from credential lab" in str(error)
    assert len(device.seen.secrets) == 1


async def test_a_device_that_asks_for_no_login_is_read_and_the_secret_is_not_shown() -> None:
    async with Device(wants_login=False).served() as device:
        capture = await fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS)

    assert capture.running.text == CONFIG
    assert device.seen.secrets == []


async def test_a_private_key_with_a_passphrase_logs_in() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    login = Login(
        name="key",
        username="backup",
        private_key=key.export_private_key(passphrase="open sesame", rounds=50).decode(),
        private_key_passphrase="open sesame",
    )
    device = Device(methods=frozenset(), public_keys=frozenset({key.export_public_key()}))

    async with device.served():
        capture = await fetch(device.target(), (login,), CISCO_IOS, LIMITS)

    assert capture.login_name == "key"


async def test_a_key_that_cannot_be_opened_is_not_tried_and_the_next_login_is() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    sealed = key.export_private_key(passphrase="open sesame", rounds=50).decode()
    login = Login(name="key", username="backup", private_key=sealed, private_key_passphrase="guess")

    async with Device().served() as device:
        capture = await fetch(device.target(), (login, LOGIN), CISCO_IOS, LIMITS)
        error = await failure(device.target(), login)

    assert capture.login_name == "lab"
    assert capture.refused_logins == ()
    assert isinstance(error, LoginWithheld)
    assert "private key of credential key" in str(error)
    assert "guess" not in str(error)


async def test_a_login_that_the_device_offers_no_method_for_is_refused_unshown() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    device = Device(methods=frozenset(), public_keys=frozenset({key.export_public_key()}))

    async with device.served():
        error = await failure(device.target())

    assert isinstance(error, LoginRefused)
    assert "no login method that credential lab can answer" in str(error)
    assert device.seen.secrets == []


async def test_no_login_at_all_is_said_without_asking_the_device() -> None:
    async with Device().served() as device:
        with pytest.raises(LoginWithheld, match="has no login") as caught:
            await fetch(device.target(), (), CISCO_IOS, LIMITS)

    assert caught.value.report is not None
    assert device.seen.connections == 0


async def test_a_closed_port_is_refused() -> None:
    async with tcp_server(say_nothing) as port:
        pass

    error = await failure(Target(device_id="1", hostname="r1", address=HOST, port=port))

    assert isinstance(error, Unreachable)
    assert error.retryable
    assert str(error).startswith(f"r1 ({HOST} port {port}) refuses connections")


async def test_a_name_that_does_not_resolve_is_said_so() -> None:
    error = await failure(Target(device_id="1", hostname="r1", address="r1.invalid"))

    assert isinstance(error, Unreachable)
    assert error.step == Step.RESOLVE
    assert "r1.invalid does not resolve" in str(error)


async def test_an_impossible_name_is_said_so_too() -> None:
    error = await failure(Target(device_id="1", hostname="r1", address=f"{'x' * 300}.example"))

    assert isinstance(error, Unreachable)


async def test_a_device_that_never_speaks_is_cut_at_the_connect_limit() -> None:
    async with tcp_server(say_nothing) as port:
        target = Target(device_id="1", hostname="r1", address=HOST, port=port)
        error = await failure(target, limits=IMPATIENT)

    assert isinstance(error, DeviceTimeout)
    assert error.step == Step.BANNER
    assert "sent no SSH version" in str(error)


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP, not SSH"),
        (b"\xff\xfd\x18\xff\xfd\x20", "speaks telnet, not SSH"),
        (b"SSH-1.5-Cisco-1.25\n", "SSH version 1"),
        (b"\x00\x01\x02garbage\n", "answers, but not with SSH"),
        (b"A" * 10_000, "answers, but not with SSH"),
    ],
)
@pytest.mark.parametrize("hangs", [True, False])
async def test_what_is_not_ssh_is_named(words: bytes, meaning: str, hangs: bool) -> None:  # noqa: FBT001
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await reader.readuntil(b"\n")
        if hangs:
            await say_nothing(reader, writer)

    async with tcp_server(answer) as port:
        target = Target(device_id="1", hostname="r1", address=HOST, port=port)
        error = await failure(target, limits=replace(LIMITS, connect_s=1.0))

    assert isinstance(error, NegotiationFailed)
    assert meaning in str(error)
    assert error.report is not None
    assert error.report.last_seen


async def test_a_version_line_that_is_no_text_breaks_nothing() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-\xff\xfe\r\n")
        await say_nothing(reader, writer)

    async with tcp_server(answer) as port:
        error = await failure(Target(device_id="1", hostname="r1", address=HOST, port=port))

    assert isinstance(error, NegotiationFailed | Unreachable)


async def test_random_bytes_after_the_version_line_are_a_broken_key_exchange() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-x\r\n" + bytes(range(255, -1, -1)) * 40)
        await say_nothing(reader, writer)

    async with tcp_server(answer) as port:
        error = await failure(Target(device_id="1", hostname="r1", address=HOST, port=port))

    assert isinstance(error, Unreachable)
    assert error.step == Step.NEGOTIATE


async def test_a_device_that_hangs_in_the_login_is_cut_at_the_idle_limit() -> None:
    async with Device(before_auth=asyncio.Event().wait).served() as device:  # type: ignore[arg-type]
        error = await failure(device.target(), limits=Limits(connect_s=20, idle_s=0.3))

    assert isinstance(error, DeviceTimeout)
    assert error.step == Step.LOGIN


async def test_a_device_that_hangs_after_the_login_is_cut_at_the_idle_limit() -> None:
    async def talk(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        await stdin.read()

    async with Device(talk=talk).served() as device:
        error = await failure(device.target(), limits=replace(LIMITS, idle_s=2))

    assert isinstance(error, DeviceTimeout)
    assert str(error).startswith("r1: ")


async def test_a_device_that_trickles_is_cut_at_its_deadline() -> None:
    async def talk(_: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        while True:
            stdout.write(b".")
            await asyncio.sleep(0.05)

    async with Device(talk=talk).served() as device:
        error = await failure(device.target(), limits=replace(LIMITS, deadline_s=3))

    assert isinstance(error, DeviceTimeout)
    assert "3 s" in str(error)
    assert error.report is not None
    assert "..." in error.report.dialogue


async def test_a_connection_reset_in_the_configuration_is_a_lost_session() -> None:
    async def talk(stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        stdout.write(b"r1#")
        while b"running" not in (line := await stdin.readuntil(b"\r")):
            stdout.write(line + b"\nr1#")
        stdout.write(line + b"\n" + b"interface Gi0/1\r\n" * 100)
        await stdout.drain()
        stdout.channel.get_connection().abort()

    async with Device(talk=talk).served() as device:
        error = await failure(device.target())

    assert isinstance(error, SessionLost)
    assert error.report is not None
    assert "interface Gi0/1" in error.report.last_seen
    assert error.report.negotiated is not None


async def test_endless_output_ends_at_the_limit_of_bytes() -> None:
    async def talk(_: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        while True:
            stdout.write(b"x" * 32_000)
            await stdout.drain()

    async with Device(talk=talk).served() as device:
        error = await failure(device.target(), limits=replace(LIMITS, max_bytes=500_000))

    assert isinstance(error, OutputTooLarge)
    assert error.report is not None
    assert len(error.report.dialogue) < 100_000


async def test_a_device_without_a_terminal_is_said_so() -> None:
    async with Device(algorithms={"allow_pty": False}).served() as device:
        error = await failure(device.target())

    assert isinstance(error, DialogueFailed)
    assert error.step == Step.SHELL
    assert "opens no terminal" in str(error)


async def test_a_cancelled_fetch_closes_its_connection_at_once() -> None:
    reached = asyncio.Event()

    async def talk(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        reached.set()
        await stdin.read()

    async with Device(talk=talk).served() as device:
        task = asyncio.ensure_future(fetch(device.target(), (LOGIN,), CISCO_IOS, LIMITS))
        await reached.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await asyncio.wait_for(device.seen.closed.wait(), timeout=10)


async def test_the_password_stays_out_of_evidence_even_where_the_device_echoes_it() -> None:
    async def talk(stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        stdout.write(f"your password is {PASSWORD}\r\n".encode())
        await stdin.read()

    async with Device(talk=talk).served() as device:
        error = await failure(device.target(), limits=replace(LIMITS, idle_s=2))

    assert "your password is" in str(error.report)
    assert PASSWORD not in f"{error} {error.report!r}"


def test_no_secret_is_in_the_repr_of_a_login() -> None:
    login = Login(
        name="a",
        username="b",
        password="s1-s1",
        private_key="s2-s2",
        private_key_passphrase="s3-s3",
        enable_secret="s4-s4",
    )

    assert not any(secret in repr(login) for secret in ("s1-s1", "s2-s2", "s3-s3", "s4-s4"))
