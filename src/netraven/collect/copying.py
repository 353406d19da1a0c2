"""A configuration that is a file: copied by the old SCP protocol, as `scp -O` does.

The device declares the file's size before it, which proves that the copy is whole. Source: the
protocol as OpenSSH's scp.c speaks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shlex
from typing import Final

import asyncssh

from netraven.collect.bridge import BridgeConnection
from netraven.collect.limits import Limits
from netraven.collect.ssh import Connection
from netraven.collect.telnet_login import Terminal
from netraven.collect.terminal import decode, unify_ends
from netraven.collect.walk import Step, Walk
from netraven.errors import CollectError, DeviceTimeout, DialogueFailed, OutputTooLarge, SessionLost
from netraven.platforms.observation import Observation
from netraven.platforms.platform import Command

_HEADER: Final = re.compile(rb"C[0-7]{4} (?P<size>\d{1,12}) [^\n]*\n")
_TIMES: Final = b"T"
_REFUSALS: Final = (b"\x01", b"\x02")
_ACCEPTED: Final = b"\0"


async def copy_file(
    connection: Connection | Terminal | BridgeConnection,
    command: Command,
    walk: Walk,
    limits: Limits,
) -> Observation:
    """Return a file of the device as the answer to the command that names it.

    Raises `DialogueFailed` where the device does not give it, else `DeviceTimeout`,
    `SessionLost` or `OutputTooLarge`.
    """
    name = command.file or ""
    walk.begin(Step.COPY, f"the file {name}")
    if not isinstance(connection, Connection):
        raise DialogueFailed(
            f"{name} can be copied over SSH only; set the device's protocol to ssh",
            step=Step.COPY,
            awaited=walk.awaited,
        )
    started_at = asyncio.get_running_loop().time()
    try:
        content = await _copied(connection, name, limits)
    except TimeoutError:
        raise DeviceTimeout(
            f"the device was silent for {limits.idle_s:g} s while {Step.COPY}",
            step=Step.COPY,
            awaited=walk.awaited,
        ) from None
    except (asyncssh.Error, asyncio.IncompleteReadError, OSError) as error:
        raise SessionLost(
            f"the device ended the copy of {name}: {_words(error)}",
            step=Step.COPY,
            awaited=walk.awaited,
        ) from None
    text, encoding = decode(content)
    return Observation(
        yields=command.yields,
        command=command.text,
        text=unify_ends(text),
        echo_seen=True,
        prompt_seen=True,
        hostname=None,
        encoding=encoding,
        took_s=asyncio.get_running_loop().time() - started_at,
        confirmed=True,
    )


async def _copied(connection: Connection, name: str, limits: Limits) -> bytes:
    async with asyncio.timeout(limits.idle_s):
        process = await connection.create_process(f"scp -f {shlex.quote(name)}", encoding=None)
    try:
        process.stdin.write(_ACCEPTED)
        size = await _declared_size(process, name, limits)
        content = await _exactly(process, size + len(_ACCEPTED), limits)
        with contextlib.suppress(OSError):  # it may have hung up already
            process.stdin.write(_ACCEPTED)
    finally:
        process.close()
    if content[size:] != _ACCEPTED:
        raise _refused(name, "it could not read all of it")
    return content[:size]


async def _declared_size(
    process: asyncssh.SSHClientProcess[bytes], name: str, limits: Limits
) -> int:
    line = await _line(process, limits)
    if line.startswith(_TIMES):
        process.stdin.write(_ACCEPTED)
        line = await _line(process, limits)
    header = _HEADER.fullmatch(line)
    if header is None:
        reason = line[1:] if line.startswith(_REFUSALS) else line
        raise _refused(name, reason.decode("utf-8", "replace").strip() or "no reason given")
    size = int(header["size"])
    if size > limits.max_bytes:
        raise OutputTooLarge(
            f"the file {name} has more than {limits.max_bytes} bytes", step=Step.COPY
        )
    process.stdin.write(_ACCEPTED)
    return size


async def _line(process: asyncssh.SSHClientProcess[bytes], limits: Limits) -> bytes:
    async with asyncio.timeout(limits.idle_s):
        return await process.stdout.readuntil(b"\n")


async def _exactly(process: asyncssh.SSHClientProcess[bytes], size: int, limits: Limits) -> bytes:
    """Return that many bytes; the silence between two pieces is bounded, not their number."""
    content = bytearray()
    while len(content) < size:
        async with asyncio.timeout(limits.idle_s):
            piece = await process.stdout.read(size - len(content))
        if not piece:
            raise asyncio.IncompleteReadError(bytes(content), size)
        content += piece
    return bytes(content)


def _refused(name: str, reason: str) -> CollectError:
    return DialogueFailed(
        f"the device does not give the file {name}: {reason[:200]}",
        step=Step.COPY,
        awaited="a configuration",
    )


def _words(error: Exception) -> str:
    if isinstance(error, asyncio.IncompleteReadError):
        return f"{len(error.partial)} of {error.expected} bytes arrived"
    return str(error) or type(error).__name__
