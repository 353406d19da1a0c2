"""SSH servers in this process that behave as devices do, well or badly, and note what they see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import asyncssh
from typing_extensions import override

from netraven.collect.target import Jump, Login, Target

PASSWORD = "correct-horse"
LOGIN = Login(name="lab", username="backup", password=PASSWORD)
WRONG = Login(name="old", username="backup", password="last-year")
HOST = "127.0.0.1"

CONFIG = "version 15.2\nhostname r1\n!\ninterface Gi0/1\n description uplink\n!\nend\n"

Talk = Callable[[asyncssh.SSHReader[bytes], asyncssh.SSHWriter[bytes]], Awaitable[None]]


def host_key(algorithm: str = "ssh-ed25519", *, number: int = 1) -> asyncssh.SSHKey:
    """The same key for the same number: RSA takes long to make."""
    return _make_key(algorithm, number)


@cache
def _make_key(algorithm: str, _number: int) -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(algorithm)


@dataclass
class Seen:
    """What a server saw of its clients."""

    connections: int = 0
    auth_begun: int = 0
    secrets: list[tuple[str, str]] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)


class _Server(asyncssh.SSHServer):
    def __init__(self, device: Device) -> None:
        self._device = device

    @override
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._device.seen.connections += 1
        self._device.open.add(conn)
        self._conn = conn

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._device.open.discard(self._conn)
        self._device.seen.closed.set()

    @override
    async def begin_auth(self, username: str) -> bool:
        self._device.seen.auth_begun += 1
        await self._device.before_auth()
        return self._device.wants_login

    @override
    def password_auth_supported(self) -> bool:
        return "password" in self._device.methods

    @override
    async def validate_password(self, username: str, password: str) -> bool:
        return await self._judge(username, password)

    @override
    def kbdint_auth_supported(self) -> bool:
        return "keyboard-interactive" in self._device.methods

    @override
    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return "", "", "", list(self._device.questions)

    @override
    async def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return await self._judge(username, responses[0])

    @override
    def public_key_auth_supported(self) -> bool:
        return bool(self._device.public_keys)

    @override
    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.export_public_key() in self._device.public_keys

    @override
    def connection_requested(self, *_: Any) -> bool:
        return self._device.forwards

    async def _judge(self, username: str, password: str) -> bool:
        self._device.seen.secrets.append((username, password))
        await self._device.before_verdict()
        if self._device.has_expired_passwords:
            raise asyncssh.PasswordChangeRequired("It is time for a new one.")
        is_good = (username, password) in self._device.accounts
        if not is_good and self._device.hangs_up_on_refusal:
            self._conn.abort()
        return is_good


async def _no_delay() -> None:
    return


@dataclass
class Device:
    """How one server behaves; `talk` replaces its command line, `answers` adds commands to it."""

    prompt: str = "r1#"
    accounts: frozenset[tuple[str, str]] = frozenset({("backup", PASSWORD)})
    methods: frozenset[str] = frozenset({"password"})
    questions: tuple[tuple[str, bool], ...] = (("Password: ", False),)
    public_keys: frozenset[bytes] = frozenset()
    wants_login: bool = True
    hangs_up_on_refusal: bool = False
    has_expired_passwords: bool = False
    forwards: bool = False
    before_auth: Callable[[], Awaitable[None]] = _no_delay
    before_verdict: Callable[[], Awaitable[None]] = _no_delay
    keys: tuple[asyncssh.SSHKey, ...] = ()
    algorithms: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    talk: Talk | None = None
    seen: Seen = field(default_factory=Seen)
    port: int = 0
    open: set[asyncssh.SSHServerConnection] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[Device]:
        """Listen on a loopback port until the block ends; then drop every connection."""
        server = await asyncssh.listen(
            HOST,
            0,
            server_factory=lambda: _Server(self),
            server_host_keys=list(self.keys or (host_key(),)),
            session_factory=self._session,
            encoding=None,
            line_editor=False,
            gss_host=None,
            config=None,
            rdns_lookup=False,
            **self.algorithms,
        )
        self.port = server.get_port()
        try:
            yield self
        finally:
            server.close()
            for conn in list(self.open):
                conn.abort()
            await server.wait_closed()

    def target(self, name: str = "r1") -> Target:
        """Where a session finds this device."""
        return Target(device_id=name, hostname=name, address=HOST, port=self.port)

    def as_jump(self) -> Jump:
        """The same as a jump host."""
        return Jump(
            device_id="jump1", hostname="jump1", address=HOST, port=self.port, logins=(LOGIN,)
        )

    async def _session(
        self,
        stdin: asyncssh.SSHReader[bytes],
        stdout: asyncssh.SSHWriter[bytes],
        _stderr: asyncssh.SSHWriter[bytes],
    ) -> None:
        with contextlib.suppress(BrokenPipeError, asyncssh.Error, asyncio.IncompleteReadError):
            await (self.talk or self.command_line)(stdin, stdout)
        stdout.channel.close()

    async def command_line(
        self, stdin: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]
    ) -> None:
        """Answer lines as an IOS router does, until `exit`."""
        stdout.write(f"\r\n{self.prompt}".encode())
        while True:
            line = (await stdin.readuntil(b"\r")).decode().strip()
            self.seen.typed.append(line)
            if line == "exit":
                return
            answer = self.answer_to(line).replace("\n", "\r\n")
            stdout.write(f"{line}\r\n{answer}{self.prompt}".encode())

    def answer_to(self, line: str) -> str:
        """What a router says to a command."""
        known = {
            "show version": "Cisco IOS Software, Version 15.2(4)M\nr1 uptime is 1 day\n",
            "show inventory": "PID: C2901 , VID: V01 , SN: FTX1\n",
            "show running-config": f"Building configuration...\n\n{CONFIG}",
        }
        return {**known, **self.answers}.get(line, "")


@contextlib.asynccontextmanager
async def tcp_server(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Give the port of a server that does with a connection what `answer` says."""
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept and stay silent until the client goes."""
    while await reader.read(4096):
        pass


@contextlib.asynccontextmanager
async def tcp_relay(*devices: Device) -> AsyncIterator[int]:
    """Give a port whose first connection leads to the first device, the next to the next."""
    ahead = iter(devices)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, next(ahead).port)
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            back.transport.abort()

    async with tcp_server(answer) as port:
        yield port


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
