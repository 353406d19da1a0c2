from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh
import pytest

from netraven.collect.shell import Shell
from netraven.errors import SessionLost
from tests.collect.peers import HOST, PASSWORD, Device

MEBIBYTE = 1024 * 1024


@asynccontextmanager
async def shell_on(device: Device) -> AsyncIterator[Shell]:
    async with (
        device.served(),
        asyncssh.connect(
            HOST,
            device.port,
            username="backup",
            password=PASSWORD,
            known_hosts=None,
            config=None,
            client_keys=None,
        ) as connection,
    ):
        _, shell = await connection.create_session(Shell, term_type="vt100", encoding=None)
        assert isinstance(shell, Shell)
        yield shell


async def test_bytes_that_nobody_reads_stay_at_the_device() -> None:
    sent = 0

    async def pour(_: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        nonlocal sent
        for _number in range(512):
            stdout.write(bytes(range(256)) * 64)
            await stdout.drain()
            sent += 16 * 1024

    async with shell_on(Device(talk=pour)) as shell:
        await asyncio.sleep(0.5)
        sent_unread = sent
        received = bytearray()
        while piece := await shell.read():
            received += piece

    assert sent_unread < 6 * MEBIBYTE
    assert bytes(received) == bytes(range(256)) * 64 * 512


async def test_a_closed_session_reads_as_empty_and_takes_nothing() -> None:
    async def leave(_: asyncssh.SSHReader[bytes], stdout: asyncssh.SSHWriter[bytes]) -> None:
        stdout.write(b"bye")

    async with shell_on(Device(talk=leave)) as shell:
        received = [await shell.read(), await shell.read(), await shell.read()]
        with pytest.raises(SessionLost):
            await shell.write(b"anybody there?\r")

    assert b"".join(received) == b"bye"


async def test_closing_ends_a_read_that_waits() -> None:
    async def wait(stdin: asyncssh.SSHReader[bytes], _: asyncssh.SSHWriter[bytes]) -> None:
        await stdin.read()

    async with shell_on(Device(talk=wait)) as shell:
        reading = asyncio.create_task(shell.read())
        await asyncio.sleep(0)
        await shell.close()
        await shell.close()

        assert await reading == b""
