"""Against a real router: FRR behind OpenSSH, neither written here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import asyncssh
import pytest

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
