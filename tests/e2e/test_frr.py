"""Against a real router: FRR behind OpenSSH, neither written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import asyncssh
import pytest

from netraven.archive.diff import diff_texts
from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.target import HostKeyPolicy, Login, Target
from netraven.platforms.frr import FRR
from tests.e2e.frr import FrrRouter, run_router, versions, why_absent
from tests.parts import PART


@pytest.fixture(scope="module")
def router() -> Iterator[FrrRouter]:
    if reason := why_absent():
        pytest.skip(reason)
    with run_router() as running:
        yield running


@pytest.fixture(autouse=True)
def _takes_part(record_property: Callable[[str, object], None], router: FrrRouter) -> None:
    assert router.port
    record_property(PART, versions())


async def test_a_login_lands_in_the_routers_own_shell(router: FrrRouter) -> None:
    router.configure("hostname edge-1", "ip route 192.0.2.0/24 Null0")

    async with asyncssh.connect(
        router.address,
        router.port,
        username=router.username,
        password=router.password,
        known_hosts=([asyncssh.import_public_key(router.host_key)], [], []),
        config=None,
    ) as connection:
        shell = await connection.create_process(term_type="vt100", term_size=(511, 24))
        shell.stdin.write("terminal length 0\nshow running-config\nexit\n")
        spoken = await shell.stdout.read()

    assert "Hello, this is FRRouting" in spoken
    assert "ip route 192.0.2.0/24 Null0" in spoken
    assert spoken.rstrip().endswith("exit")


async def test_the_collector_reads_what_the_console_shows(router: FrrRouter) -> None:
    router.configure("ip route 192.0.2.0/24 Null0")

    text = await _read(router)

    assert text == router.running_configuration()
    assert "ip route 192.0.2.0/24 Null0\n" in text


async def test_two_readings_differ_in_exactly_the_changed_lines(router: FrrRouter) -> None:
    router.configure("ip route 203.0.113.0/24 Null0")
    before = await _read(router)
    router.configure("no ip route 203.0.113.0/24 Null0", "ip route 198.51.100.0/24 Null0")

    change = diff_texts(before.encode(), (await _read(router)).encode(), context=0)

    assert change.diff.splitlines()[3:] == [
        "-ip route 203.0.113.0/24 Null0",
        "+ip route 198.51.100.0/24 Null0",
    ]


async def _read(router: FrrRouter) -> str:
    target = Target(
        device_id="edge-1",
        hostname="edge-1",
        address=router.address,
        port=router.port,
        host_key_policy=HostKeyPolicy.PINNED,
        known_host_keys=(router.host_key,),
    )
    login = Login(name="vtysh", username=router.username, password=router.password)
    capture = await fetch(target, (login,), FRR, Limits())
    return capture.running.text
