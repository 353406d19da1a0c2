"""One SSH connection: dialled, negotiated, its host key judged, logged in with one credential."""

from __future__ import annotations

import asyncio
import copy
import ipaddress
import logging
import unicodedata
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import asyncssh
from asyncssh.constants import MSG_IGNORE
from asyncssh.logging import SSHLogger
from asyncssh.logging import logger as library_logger
from asyncssh.packet import SSHPacket, SSHPacketLogger
from cryptography.utils import CryptographyDeprecationWarning
from typing_extensions import override

from netraven.collect.authentication import Authenticator, Peer
from netraven.collect.faults import (
    TELNET_COMMAND,
    explain_dial,
    explain_handshake,
    explain_no_shell,
    explain_silence,
)
from netraven.collect.hostkeys import fingerprint, key_types
from netraven.collect.limits import Limits
from netraven.collect.negotiation import (
    agreed,
    explain_mismatch,
    missing_kinds,
    prefer_host_keys,
    read_offer,
    suite_for,
)
from netraven.collect.shell import TERM_SIZE, TERM_TYPE, Shell
from netraven.collect.target import Login
from netraven.collect.walk import Step, Walk
from netraven.errors import Negotiated, NegotiationFailed

_FIRST_BYTES = 256
_PIECE_BYTES = 64 * 1024
_EYEBALLS_S = 0.25
_PREFERRED_AUTH = "publickey,password,keyboard-interactive"
NOTHING = Negotiated(server="", kex="", host_key="", cipher="", mac="")
_NO_KEYS: tuple[list[str], list[str], list[str]] = ([], [], [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One login on one peer: with which key, by whose leave, and through which tunnel.

    `admission` is awaited before the first secret is shown.
    """

    peer: Peer
    login: Login
    key: asyncssh.SSHKey | None
    limits: Limits
    admission: Callable[[], Awaitable[None]]
    tunnel: Connection | None = None


class Connection(asyncssh.SSHClientConnection):
    """A connection that counts what it hears and keeps what a peer says before its SSH version.

    One that `has_seen_secret` is that of whoever owns it; others may be asked for one later.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        options: asyncssh.SSHClientConnectionOptions,
        walk: Walk,
    ) -> None:
        self._is_heard = library_logger.isEnabledFor(logging.INFO)
        super().__init__(loop, options, wait="auth")
        self._walk = walk
        self._is_ssh = False
        self.peer_name = ""
        self.host_key = ""
        self.has_seen_secret = False
        self.negotiated = NOTHING

    @property
    @override
    def logger(self) -> SSHLogger:
        """Mute where nobody listens: the library words its messages before it asks."""
        return super().logger if self._is_heard else _MUTE

    @override
    def send_packet(
        self, pkttype: int, *args: bytes, handler: SSHPacketLogger | None = None
    ) -> None:
        """Send a packet, but none of nothing before it where the cipher needs none.

        The library does that before every packet, which protects ciphers in CBC mode alone
        (RFC 4251 section 9.3.1), and is half of what a session sends.
        """
        if pkttype == MSG_IGNORE and not self.get_extra_info("send_cipher", "").endswith("cbc"):
            return
        super().send_packet(pkttype, *args, handler=handler)

    @override
    def log_received_packet(
        self, pkttype: int, pktid: int | None, packet: SSHPacket | bytes, note: str = ""
    ) -> None:
        """Say nothing where nobody listens."""
        if self._is_heard:
            super().log_received_packet(pkttype, pktid, packet, note)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A buffer of asyncio's 256 KiB comes from the system anew for each piece received.
        transport.max_size = _PIECE_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)

    @override
    def data_received(self, data: bytes, datatype: asyncssh.DataType = None) -> None:
        walk = self._walk
        walk.pulse.received_bytes += len(data)
        if self._is_ssh:
            super().data_received(data, datatype)
            return
        walk.first_bytes = (walk.first_bytes + data)[:_FIRST_BYTES]
        if walk.first_bytes.startswith(TELNET_COMMAND):
            self.abort()  # it would wait for us for ever
            return
        super().data_received(data, datatype)
        walk.server = self.get_extra_info("server_version", "")
        if walk.server:
            self._is_ssh = True
            walk.note(Step.BANNER, walk.server)
            walk.begin(Step.NEGOTIATE, "the end of the SSH key exchange")


class _MuteLogger(SSHLogger):
    """The library's logger, and that of everything below it, saying nothing."""

    @override
    def get_child(self, child: str = "", context: str = "") -> SSHLogger:
        return self

    @override
    def log(self, level: int, msg: object, *args: object, **kwargs: object) -> None:
        pass


_MUTE = _MuteLogger()


async def open_connection(attempt: Attempt, walk: Walk) -> Connection:
    """Return a connection that is logged in; raise the `CollectError` that says why there is none.

    `limits.connect_s` bounds everything up to the login, `limits.idle_s` the login's answer; the
    wait for admission is not counted. A connection that is not returned is closed at once.
    """
    peer, limits = attempt.peer, attempt.limits
    _silence_deprecations()
    walk.begin_leg()
    try:
        async with asyncio.timeout(limits.connect_s) as clock:
            authenticator = _authenticator(attempt, walk, clock)
            connection, waiter = await _dial(attempt, walk, authenticator)
            is_open = False
            try:
                await asyncio.wait((waiter,))
                walk.note_host_key(peer, authenticator.host_key)
                fault = waiter.exception()
                _read_negotiation(attempt, walk, connection, authenticator)
                if fault is not None or connection.is_closed():
                    raise explain_handshake(peer, fault, walk, authenticator)
                connection.peer_name = peer.hostname
                connection.host_key = authenticator.host_key or ""
                connection.has_seen_secret = authenticator.is_secret_shown
                connection.negotiated = walk.negotiated or NOTHING
                walk.note(Step.LOGIN, f"credential {attempt.login.name} is accepted")
                is_open = True
            finally:
                if not is_open:
                    connection.abort()
    except TimeoutError:
        limit_s = limits.idle_s if walk.step == Step.LOGIN else limits.connect_s
        raise explain_silence(peer, walk, limit_s) from None
    return connection


async def open_shell(connection: Connection, walk: Walk, limits: Limits) -> Shell:
    """Return the device's terminal; raise `DialogueFailed` where it gives none."""
    walk.begin(Step.SHELL, "a terminal")
    try:
        async with asyncio.timeout(limits.idle_s):
            _, shell = await connection.create_session(
                Shell,
                env=None,
                send_env=None,
                term_type=TERM_TYPE,
                term_size=TERM_SIZE,
                encoding=None,
            )
    except TimeoutError:
        raise explain_no_shell(walk.name, f"no answer within {limits.idle_s:g} s") from None
    except (asyncssh.Error, OSError, ValueError) as error:
        raise explain_no_shell(walk.name, error) from None
    return cast("Shell", shell)


def _silence_deprecations() -> None:
    """Warnings are for developers: old algorithms are here by the operator's decision.

    Called for each connection, since whoever runs this room may have set the filters anew.
    """
    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning, module="asyncssh")


def _authenticator(attempt: Attempt, walk: Walk, clock: asyncio.Timeout) -> Authenticator:
    """The login has `idle_s` from its beginning, and again from its admission."""
    loop = asyncio.get_running_loop()
    idle_s = attempt.limits.idle_s

    def begun() -> None:
        walk.begin(Step.LOGIN, "an answer to the login")
        clock.reschedule(loop.time() + idle_s)

    async def admitted() -> None:
        walk.step, walk.awaited = Step.TURN, "its turn to log in"
        clock.reschedule(None)
        await attempt.admission()
        walk.step, walk.awaited = Step.LOGIN, "an answer to the login"
        clock.reschedule(loop.time() + idle_s)

    return Authenticator(
        attempt.peer,
        attempt.login,
        key=attempt.key,
        trusted=walk.trusted_keys(attempt.peer),
        admission=admitted,
        begun=begun,
    )


async def _dial(
    attempt: Attempt, walk: Walk, authenticator: Authenticator
) -> tuple[Connection, asyncio.Future[None]]:
    peer, tunnel = attempt.peer, attempt.tunnel
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    options = _options_for(attempt, authenticator, waiter)
    is_literal = _is_ip_address(peer.address)

    def connect() -> Connection:
        return Connection(loop, options, walk)

    connection: asyncio.BaseProtocol | asyncssh.SSHTCPSession[bytes]
    walk.begin(Step.CONNECT if is_literal else Step.RESOLVE, "a TCP connection")
    try:
        if tunnel is not None:
            _, connection = await tunnel.create_connection(
                cast("Callable[[], asyncssh.SSHTCPSession[bytes]]", connect),
                peer.address,
                peer.port,
            )
        else:
            _, connection = await loop.create_connection(
                connect,
                peer.address,
                peer.port,
                happy_eyeballs_delay=None if is_literal else _EYEBALLS_S,
            )
    except (OSError, UnicodeError, asyncssh.Error) as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            raise
        via = tunnel.peer_name if tunnel else None
        raise explain_dial(peer, error, via=via) from None
    session = cast("Connection", connection)
    walk.note(walk.step, f"{session.get_extra_info('peername', [''])[0]} answers")
    walk.begin(Step.BANNER, "an SSH version line")
    return session, waiter


def _options_for(
    attempt: Attempt, authenticator: Authenticator, waiter: asyncio.Future[None]
) -> asyncssh.SSHClientConnectionOptions:
    """A copy of prepared options: `asyncssh.connect` prepares all of them anew, in a thread."""
    peer = attempt.peer
    prepared = _prepare_options(legacy=peer.legacy_ssh, known_types=key_types(peer.known_host_keys))
    options = copy.copy(prepared)
    options.protocol_factory = lambda: authenticator
    options.username = unicodedata.normalize("NFKC", attempt.login.username)
    options.orig_host = options.host = peer.address
    options.port = peer.port
    options.waiter = waiter
    return options


@lru_cache(maxsize=64)
def _prepare_options(
    *, legacy: bool, known_types: tuple[str, ...]
) -> asyncssh.SSHClientConnectionOptions:
    """No agent, no configuration, key or known-hosts file, no secret; time limits are ours."""
    suite = suite_for(legacy=legacy)
    host_keys = prefer_host_keys(suite, known_types)
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        agent_path=None,
        client_keys=None,
        gss_host=None,
        x509_trusted_certs=None,
        x509_trusted_cert_paths=[],
        host_based_auth=False,
        known_hosts=_NO_KEYS,
        username="nobody",
        login_timeout=0,
        preferred_auth=_PREFERRED_AUTH,
        kex_algs=list(suite.kex),
        encryption_algs=list(suite.ciphers),
        mac_algs=list(suite.macs),
        compression_algs=None,
        server_host_key_algs=list(host_keys),
        signature_algs=list(host_keys),
        utf8_decode_errors="replace",
    )


def _read_negotiation(
    attempt: Attempt, walk: Walk, connection: Connection, authenticator: Authenticator
) -> None:
    theirs = read_offer(connection.get_hash_prefix())
    if theirs is None:
        return
    peer = attempt.peer
    suite = suite_for(legacy=peer.legacy_ssh)
    ours = replace(suite, host_keys=prefer_host_keys(suite, key_types(peer.known_host_keys)))
    if missing_kinds(ours, theirs):
        walk.offered = theirs.as_dict()
        raise NegotiationFailed(
            explain_mismatch(peer.hostname, ours, theirs),
            step=Step.NEGOTIATE,
            awaited="common SSH algorithms",
        )
    walk.negotiated = agreed(ours, theirs, walk.server)
    finding = f"{walk.negotiated.kex}, {walk.negotiated.cipher}, {walk.negotiated.mac}"
    if authenticator.host_key is not None:
        finding += f"; host key {walk.negotiated.host_key} {fingerprint(authenticator.host_key)}"
    walk.note(Step.NEGOTIATE, finding)


def _is_ip_address(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
