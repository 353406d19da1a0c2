"""The least that reading a device over SSH takes in Python: a loop of asyncssh, nothing stored.

It prefers what costs little (AES-GCM, curve25519), prepares its options once, reads no file,
and takes whatever ends like a prompt for one. After switching the pager off it types the three
commands whose answers NetRaven reads.
"""

from __future__ import annotations

import asyncio

import asyncssh

from benchmarks.contestants import Reading, Stopwatch, report, take_task
from netraven.lab.spec import Endpoint

COMMANDS = (
    b"terminal length 0\n",
    b"show version\n",
    b"show inventory\n",
    b"show running-config\n",
)
_TAIL_BYTES = 64
_LEAST_BYTES = 50_000
_ANSWER_S = 60.0


async def read_all(endpoints: list[Endpoint], *, at_once: int) -> Reading:
    waiting = iter(endpoints)

    async def work() -> None:
        for endpoint in waiting:
            async with asyncio.timeout(_ANSWER_S):
                text = await read_device(endpoint, options)
            if len(text) < _LEAST_BYTES:
                raise SystemExit(f"{endpoint.hostname} was cut short")

    watch = Stopwatch()
    options = asyncssh.SSHClientConnectionOptions(
        username=endpoints[0].username,
        password=endpoints[0].password,
        kex_algs=["curve25519-sha256"],
        encryption_algs=["aes128-gcm@openssh.com"],
        known_hosts=None,
        config=None,
        agent_path=None,
        client_keys=None,
        gss_host=None,
        preferred_auth="password",
    )
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return watch.stop(len(endpoints))


async def read_device(
    endpoint: Endpoint, options: asyncssh.SSHClientConnectionOptions
) -> bytes | bytearray:
    prompt = f"{endpoint.hostname}#".encode()
    connection = await asyncssh.connect(endpoint.address, endpoint.port, options=options)
    async with connection:
        terminal = await connection.create_process(
            term_type="vt100", term_size=(511, 1000), encoding=None
        )
        text = await _until(prompt, terminal.stdout)
        for command in COMMANDS:
            terminal.stdin.write(command)
            text = await _until(prompt, terminal.stdout)
    return text


async def _until(prompt: bytes, answer: asyncssh.SSHReader[bytes]) -> bytearray:
    text = bytearray()
    while not text.endswith(prompt):
        piece = await answer.read(65_536)
        if not piece:
            raise SystemExit("a device has closed its session")
        text += piece
    return text


def main() -> None:
    endpoints, options = take_task()
    report(asyncio.run(read_all(endpoints, at_once=int(options["at_once"]))))


if __name__ == "__main__":
    main()
