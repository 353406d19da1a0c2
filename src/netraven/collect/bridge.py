"""Sessions that Netmiko holds, each in a thread, seen from the event loop as any other session."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeVar

from netraven.collect.answer import Answer, is_refused, read_answer
from netraven.collect.authentication import Peer
from netraven.collect.conversation import Step
from netraven.collect.dialogue import Dialogue
from netraven.collect.faults import explain_dial, place_of
from netraven.collect.footprint import Footprint
from netraven.collect.hostkeys import judge_host_key, public_key_line
from netraven.collect.limits import Limits
from netraven.collect.prompt import Prompt, find_prompt
from netraven.collect.ssh import NOTHING, Attempt
from netraven.collect.target import Protocol
from netraven.collect.walk import Step as WayStep
from netraven.collect.walk import Walk
from netraven.errors import (
    BridgeMissing,
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    EnableRefused,
    HostKeyChanged,
    LoginRefused,
    NegotiationFailed,
    OutputTooLarge,
    SessionLost,
)
from netraven.platforms.observation import CONFIGURATIONS, Observation
from netraven.platforms.platform import Command, Platform
from netraven.platforms.volatile import settled_lines

if TYPE_CHECKING:
    from netraven.collect.netmiko_library import NetmikoSession

T = TypeVar("T")

_LIBRARY: Final = "netraven.collect.netmiko_library"
_MOST_THREADS: Final = 32
_POOL: Final = "pool"


class Bridges:
    """The threads in which Netmiko works; made when the first is needed."""

    def __init__(self) -> None:
        self._made: dict[str, ThreadPoolExecutor] = {}

    def pool(self) -> ThreadPoolExecutor:
        """Return the pool."""
        if _POOL not in self._made:
            self._made[_POOL] = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="netmiko")
        return self._made[_POOL]

    def close(self) -> None:
        """Let the threads end; who still waits on a device is cut off by its own session."""
        for pool in self._made.values():
            pool.shutdown(wait=False, cancel_futures=True)
        self._made.clear()


class BridgeConnection:
    """A session of Netmiko's that is logged in, and its thread."""

    negotiated = NOTHING

    def __init__(self, library: ModuleType, pool: ThreadPoolExecutor, walk: Walk) -> None:
        self.host_key = ""
        self.host_key_fault: HostKeyChanged | None = None
        self.dialogue = Dialogue()
        self.library = library
        self.session: NetmikoSession | None = None
        self._pool = pool
        self._walk = walk
        self._loop = asyncio.get_running_loop()

    async def work(self, call: Callable[[], T]) -> T:
        """Return what a blocking call returns; where nobody waits any more it is broken off."""
        try:
            return await self._loop.run_in_executor(self._pool, call)
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Break off."""
        if self.session is not None:
            self.session.abort()

    def heard(self, text: str) -> None:
        """Take note of what Netmiko has read, in its thread."""
        self._walk.pulse.received_bytes += len(text)
        self.dialogue.received(text.encode(), at_s=self._loop.time())

    def judged(self, peer: Peer, trusted: tuple[str, ...]) -> Callable[[bytes], None]:
        """Return what judges the host key, in Netmiko's thread, before any secret is shown."""

        def judge(key: bytes) -> None:
            self.host_key = public_key_line(key)
            fault = judge_host_key(
                peer.hostname,
                policy=peer.host_key_policy,
                known=trusted,
                shown=self.host_key,
            )
            if fault is not None:
                self.host_key_fault = fault
                raise fault

        return judge


async def open_bridge(
    attempt: Attempt, walk: Walk, platform: Platform, bridges: Bridges
) -> BridgeConnection:
    """Return a session of Netmiko's that is logged in; raise the `CollectError` that says why not.

    Raises `BridgeMissing` where Netmiko is not installed.
    """
    walk.begin_leg()
    library = _library(walk, platform)
    device_type = _device_type(library, walk, platform)
    connection = BridgeConnection(library, bridges.pool(), walk)
    walk.dialogue = connection.dialogue
    if attempt.login.password:
        connection.dialogue.hide(attempt.login.password)
    if attempt.login.enable_secret:
        connection.dialogue.hide(attempt.login.enable_secret)
    address, port = await _reachable(attempt, walk)
    peer, limits = attempt.peer, attempt.limits
    walk.begin(WayStep.TURN, "its turn to log in")
    await attempt.admission()
    walk.begin(WayStep.LOGIN, "a session of Netmiko's")
    is_open = False
    try:
        connection.session = library.NetmikoSession(
            device_type,
            attempt.login,
            host=address,
            port=port,
            connect_s=limits.connect_s,
            idle_s=limits.idle_s,
            max_bytes=limits.max_bytes,
            legacy=peer.legacy_ssh,
            judge=connection.judged(peer, walk.trusted_keys(peer)),
            heard=connection.heard,
        )
        await _guarded(connection, connection.session.open, walk, limits)
        walk.note(WayStep.LOGIN, f"credential {attempt.login.name} is accepted")
        is_open = True
    except connection.library.REFUSED:
        raise _refused(attempt) from None
    finally:
        walk.note_host_key(peer, connection.host_key or None)
        if not is_open:
            connection.close()
    connection.negotiated = replace(
        NOTHING, server=connection.session.server, cipher=connection.session.cipher
    )
    return connection


class BridgeSession:
    """One dialogue by Netmiko, with what a session of ours tells about itself."""

    refused: tuple[str, ...] = ()

    def __init__(
        self, connection: BridgeConnection, platform: Platform, walk: Walk, limits: Limits
    ) -> None:
        self.platform = platform
        self.dialogue = connection.dialogue
        self.step: str = Step.PREPARE
        self.awaited = ""
        self._connection = connection
        self._walk = walk
        self._limits = limits
        self._trail: list[Footprint] = []

    @property
    def trail(self) -> tuple[Footprint, ...]:
        """The steps begun so far."""
        return tuple(self._trail)

    @property
    def prompt(self) -> str | None:
        """The prompt that Netmiko has found."""
        session = self._connection.session
        return session.prompt if session is not None else None

    async def open(self) -> None:
        """Get privileges where the login has a secret for it; raises `EnableRefused`."""
        self._begin(Step.ENABLE, "a privileged prompt")
        session = self._connection.session
        if session is not None and not await _guarded(
            self._connection, session.enable, self._walk, self._limits
        ):
            raise EnableRefused(
                "the device refused the enable secret", step=self.step, awaited=self.awaited
            )

    async def run(self, command: Command) -> Observation:
        """Run a command in the first spelling that the device takes, and return its answer.

        A configuration is read twice: nothing else proves that Netmiko has all of it.
        """
        self._begin(Step.COMMAND, f"the prompt after '{command.text}'")
        started_at = asyncio.get_running_loop().time()
        taken, answer = await self._ask_spellings(command)
        confirmed: bool | None = None
        if command.yields in CONFIGURATIONS:
            again = await self._ask(taken)
            confirmed = self._is_same(answer, again)
            answer = again
        return Observation(
            yields=command.yields,
            command=taken.text,
            text=answer.text,
            echo_seen=answer.echo_seen,
            prompt_seen=True,
            hostname=self._learned().name,
            encoding=answer.encoding,
            took_s=asyncio.get_running_loop().time() - started_at,
            confirmed=confirmed,
            oddities=answer.signs.all(),
        )

    async def leave(self) -> None:
        """Say goodbye, and close; what the device makes of it does not matter any more."""
        self._begin(Step.LEAVE, "")
        session = self._connection.session
        if session is not None:
            with contextlib.suppress(CollectError):
                await _guarded(self._connection, session.leave, self._walk, self._limits)

    def _begin(self, step: Step, awaited: str) -> None:
        self.step, self.awaited = step, awaited
        self._trail.append(Footprint(step, asyncio.get_running_loop().time()))

    async def _ask_spellings(self, command: Command) -> tuple[Command, Answer]:
        """Return the spelling that the device takes, or the first one, with its answer."""
        first = await self._ask(command)
        if not is_refused(first.text, self.platform):
            return command, first
        for text in command.alternatives:
            taken = replace(command, text=text)
            answer = await self._ask(taken)
            if not is_refused(answer.text, self.platform):
                return taken, answer
        if command.yields in CONFIGURATIONS:
            raise DialogueFailed(
                f"the device refuses '{command.text}'", step=self.step, awaited="a configuration"
            )
        return command, first

    async def _ask(self, command: Command) -> Answer:
        session = self._connection.session
        if session is None:
            raise SessionLost("the session is not open", step=self.step)
        work = _guarded(
            self._connection, lambda: session.ask(command.text), self._walk, self._limits
        )
        said = await work
        prompt = self._learned()
        last = said.rstrip().rpartition("\n")[2].strip()
        if last != prompt.text:
            raise SessionLost(
                "Netmiko gave an answer without the closing prompt",
                step=self.step,
                awaited=self.awaited,
            )
        return read_answer(
            said.rstrip().encode(), (), prompt, command=command, platform=self.platform
        )

    def _learned(self) -> Prompt:
        text = self.prompt or ""
        return find_prompt(text, self.platform) or Prompt(text=text, exact=text, name=None)

    def _is_same(self, before: Answer, again: Answer) -> bool:
        if before.text == again.text:
            return True
        a, b = (settled_lines(answer.text, self.platform) for answer in (before, again))
        return a == b and before.text.count("\n") == again.text.count("\n")


def _library(walk: Walk, platform: Platform) -> ModuleType:
    """Import Netmiko when it is needed: it is optional, and slow to import."""
    try:
        return importlib.import_module(_LIBRARY)
    except ModuleNotFoundError as error:
        missing = (error.name or "Netmiko").partition(".")[0]
        raise BridgeMissing(
            f"{walk.name}: the platform {platform.name} needs {missing}, which is not installed;"
            " install it with `pip install 'netraven[netmiko]'`",
            step=WayStep.CONNECT,
        ) from None


def _device_type(library: ModuleType, walk: Walk, platform: Platform) -> str:
    """Return Netmiko's name for the device; raise where it has none, and for telnet."""
    is_telnet = walk.target.protocol is Protocol.TELNET or platform.bridge.endswith("_telnet")
    if is_telnet:
        raise DialogueFailed(
            f"{walk.name}: over telnet Netmiko types a refused password again and again, which"
            " locks accounts; set its protocol to ssh, or a platform of NetRaven's own",
            step=WayStep.CONNECT,
        )
    if platform.bridge not in library.device_types():
        raise DialogueFailed(
            f"{walk.name}: Netmiko knows no device type {platform.bridge}; see its documentation"
            " for the names, and set the platform to netmiko:NAME",
            step=WayStep.CONNECT,
        )
    return platform.bridge


async def _reachable(attempt: Attempt, walk: Walk) -> tuple[str, int]:
    """Return where Netmiko is to connect: past a jump host, a port of this machine leads on.

    The way is tried first, since Netmiko does not say why it fails.
    """
    peer, tunnel = attempt.peer, attempt.tunnel
    walk.begin(WayStep.CONNECT, "a TCP connection")
    address, port = peer.address, peer.port
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(attempt.limits.connect_s):
            if tunnel is not None:
                listener = await tunnel.forward_local_port("127.0.0.1", 0, address, port)
                address, port = "127.0.0.1", listener.get_port()
            else:
                transport, _ = await loop.create_connection(
                    asyncio.Protocol, address, port, happy_eyeballs_delay=0.25
                )
                transport.abort()
    except (OSError, UnicodeError) as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            raise DeviceTimeout(
                f"{place_of(peer)} did not answer within {attempt.limits.connect_s:g} s;"
                " check the device and what filters the way",
                step=WayStep.CONNECT,
                awaited=walk.awaited,
            ) from None
        via = tunnel.peer_name if tunnel else None
        raise explain_dial(peer, error, via=via) from None
    walk.note(WayStep.CONNECT, f"{peer.address} answers; Netmiko takes over")
    return address, port


async def _guarded(
    connection: BridgeConnection, call: Callable[[], T], walk: Walk, limits: Limits
) -> T:
    """Return what Netmiko returns; raise its errors as ours, but for a refused login."""
    library = connection.library
    name = walk.name
    try:
        return await connection.work(call)
    except (CollectError, library.REFUSED):
        raise
    except library.TooMuch:
        raise OutputTooLarge(
            f"the device sent more than {limits.max_bytes} bytes", step=walk.place()
        ) from None
    except library.UNANSWERED as error:
        if connection.session is None or not connection.session.is_lost:
            raise _unanswered(name, error, walk, limits) from None
        raise SessionLost(
            f"{name}: the device closed the session while {walk.place()}",
            step=walk.place(),
            awaited=walk.awaits(),
        ) from None
    except library.FAULTS as error:
        if connection.host_key_fault is not None:
            raise connection.host_key_fault from None
        raise SessionLost(
            f"{name}: Netmiko could not go on ({_reason(error)})",
            step=walk.place(),
            awaited=walk.awaits(),
        ) from None


def _unanswered(name: str, error: Exception, walk: Walk, limits: Limits) -> CollectError:
    reason = _reason(error)
    if "ncompatible" in str(error) or "no acceptable" in str(error).lower():
        return NegotiationFailed(
            f"{name} and Netmiko agree on no SSH algorithm ({reason}); an old device needs"
            f" `netraven device update {name} --legacy-ssh`",
            step=WayStep.NEGOTIATE,
        )
    return DeviceTimeout(
        f"{name} gave Netmiko no answer within {limits.idle_s:g} s ({reason})",
        step=walk.place(),
        awaited=walk.awaits(),
    )


def _refused(attempt: Attempt) -> LoginRefused:
    return LoginRefused(
        f"{attempt.peer.hostname} refuses credential {attempt.login.name};"
        " check its user name and secret",
        step=WayStep.LOGIN,
    )


def _reason(error: Exception) -> str:
    """Return one line of what Netmiko says, which is often a page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if "paramiko SSHException" not in line), "")
    return told[:160] or type(error).__name__
