"""What went wrong on the way to a login, said once in one sentence with its remedy."""

from __future__ import annotations

import re
import socket

import asyncssh

from netraven.collect.authentication import Authenticator, Peer
from netraven.collect.walk import Step, Walk
from netraven.errors import (
    CollectError,
    DeviceTimeout,
    DialogueFailed,
    LoginRefused,
    NegotiationFailed,
    SessionLost,
    Unreachable,
)

TELNET_COMMAND = b"\xff"
_TOO_MANY = re.compile(r"too many authentication failures", re.IGNORECASE)


def place_of(peer: Peer) -> str:
    """Return the peer's name with its address and port, as messages show it."""
    return f"{peer.hostname} ({peer.address} port {peer.port})"


def explain_dial(
    peer: Peer, error: Exception, *, via: str | None, service: str = "SSH"
) -> CollectError:
    """Return why no connection came about; `via` names the jump host that was asked for it."""
    place = place_of(peer)
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Unreachable(
            f"{peer.hostname}: the name {peer.address} does not resolve;"
            " correct the device's address or the name service",
            step=Step.RESOLVE,
            awaited="an address",
        )
    if via is not None:
        reason = getattr(error, "reason", "") or str(error)
        return Unreachable(
            f"{place} cannot be reached through {via} ({reason});"
            " check the address as that host sees it, and that it allows forwarding",
            step=Step.CONNECT,
            awaited=f"a connection through {via}",
        )
    if isinstance(error, ConnectionRefusedError):
        remedy = f"check that {service} is switched on there and that the port is right"
        fact = f"{place} refuses connections"
    else:
        remedy = "check the address and the route to it"
        fact = f"{place} cannot be reached ({_reason(error)})"
    return Unreachable(f"{fact}; {remedy}", step=Step.CONNECT, awaited="a TCP connection")


def explain_silence(peer: Peer, walk: Walk, limit_s: float) -> CollectError:
    """Return what it means that a time limit passed at this step."""
    if walk.step == Step.BANNER and walk.first_bytes:
        return _not_ssh(peer, walk.first_bytes)
    fact = {
        Step.RESOLVE: "could not be looked up",
        Step.CONNECT: "did not answer",
        Step.BANNER: "accepted the connection but sent no SSH version",
        Step.LOGIN: "did not answer the login",
    }.get(Step(walk.step), "stopped in the SSH key exchange")
    return DeviceTimeout(
        f"{place_of(peer)} {fact} within {limit_s:g} s; check the device and what filters the way",
        step=walk.step,
        awaited=walk.awaited,
    )


def explain_handshake(
    peer: Peer, error: BaseException | None, walk: Walk, authenticator: Authenticator
) -> CollectError:
    """Return why a connection ended before its login was accepted.

    Algorithms are judged before, by `negotiation.explain_mismatch`.
    """
    if isinstance(error, CollectError):
        return error
    if authenticator.host_key_fault is not None:
        return authenticator.host_key_fault
    if walk.step == Step.LOGIN:
        return _login_fault(peer, error, authenticator)
    if walk.step == Step.BANNER and walk.first_bytes:
        return _not_ssh(peer, walk.first_bytes)
    return _lost(peer, error, walk.step)


def explain_no_shell(name: str, error: Exception | str) -> CollectError:
    """Return why an accepted login gave no terminal."""
    if isinstance(error, asyncssh.ChannelOpenError | str):
        return DialogueFailed(
            f"{name} accepts the login but opens no terminal ({_reason(error)});"
            " check that the account may use the command line and that sessions are free",
            step=Step.SHELL,
            awaited="a terminal",
        )
    return SessionLost(
        f"{name} ended the connection instead of opening a terminal ({_reason(error)})",
        step=Step.SHELL,
        awaited="a terminal",
    )


def _login_fault(
    peer: Peer, error: BaseException | None, authenticator: Authenticator
) -> CollectError:
    name = authenticator.login_name
    if authenticator.demands_new_password:
        return LoginRefused(
            f"{peer.hostname} demands a new password from credential {name};"
            " change it there, then here",
            step=Step.LOGIN,
        )
    is_denied = isinstance(error, asyncssh.PermissionDenied) or _TOO_MANY.search(str(error))
    if authenticator.is_secret_refused or (is_denied and authenticator.is_secret_shown):
        return LoginRefused(
            f"{peer.hostname} refuses credential {name}; check its user name and secret",
            step=Step.LOGIN,
        )
    if is_denied:
        return LoginRefused(
            f"{peer.hostname} offers no login method that credential {name} can answer;"
            " give it a password or a key, whichever the device asks for",
            step=Step.LOGIN,
        )
    return _lost(peer, error, Step.LOGIN)


def _lost(peer: Peer, error: BaseException | None, step: str) -> CollectError:
    where = {
        Step.BANNER: "before it sent an SSH version",
        Step.NEGOTIATE: "in the SSH key exchange",
        Step.HOST_KEY: "in the SSH key exchange",
        Step.TURN: "while it waited for its turn to log in",
        Step.LOGIN: "while logging in",
    }.get(Step(step), "early")
    kind = SessionLost if step == Step.LOGIN else Unreachable
    return kind(
        f"{place_of(peer)} ended the connection {where} ({_reason(error)});"
        " it may limit the number of sessions or the addresses that may log in",
        step=step,
    )


def _not_ssh(peer: Peer, said: bytes) -> CollectError:
    remedy = "check the port"
    if said.startswith((b"HTTP/", b"<!DOCTYPE", b"<html")):
        spoken = "speaks HTTP, not SSH"
    elif said.startswith(TELNET_COMMAND):
        spoken = "speaks telnet, not SSH"
        remedy = "check the port, or set the device's protocol to telnet, which is not encrypted"
    elif said.startswith(b"SSH-1."):
        spoken = "speaks only SSH version 1, which is unsafe and not supported"
    else:
        spoken = "answers, but not with SSH"
    return NegotiationFailed(
        f"{place_of(peer)} {spoken}; {remedy}",
        step=Step.BANNER,
        awaited="an SSH version line",
    )


def _reason(error: BaseException | str | None) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error or "")
    first_line = str(reason).strip().splitlines()[:1]
    return first_line[0][:200] if first_line else "no reason given"
