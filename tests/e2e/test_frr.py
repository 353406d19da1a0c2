"""Against a real router: FRR behind OpenSSH, neither written here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import asyncssh
import pytest

from netraven.archive.diff import diff_texts
from netraven.collect.fetch import fetch
from netraven.collect.limits import Limits
from netraven.collect.target import HostKeyPolicy, Login, Target
from netraven.platforms.frr import FRR
from tests.e2e.frr import FrrRouter, run_router, versions, why_absent
from tests.e2e.program import Program
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


@pytest.fixture(scope="module")
def program(router: FrrRouter, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Return an installation that knows the router as edge-1."""
    home = tmp_path_factory.mktemp("installed") / "home"
    installed = Program(home, {"NETRAVEN_TEST_PASSWORD": router.password})
    installed.succeed("init")
    installed.succeed(
        *("credential", "add", "vtysh", "--username", router.username, "--tag", "default"),
        *("--password-env", "NETRAVEN_TEST_PASSWORD"),
    )
    installed.succeed(
        *("device", "add", "edge-1", router.address, "--port", str(router.port)),
        *("--platform", "frr"),
    )
    return installed


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


@pytest.mark.long
def test_backups_around_a_change_show_exactly_that_change(
    router: FrrRouter, program: Program
) -> None:
    router.configure("ip route 192.0.2.0/25 Null0", *_neighbour("First-Canary-Secret"))
    first = program.succeed("backup", "run", "edge-1", "--json")
    again = program.succeed("backup", "run", "edge-1", "--json")
    router.configure(
        *("no ip route 192.0.2.0/25 Null0", "ip route 192.0.2.128/25 Null0"),
        *_neighbour("Second-Canary-Secret"),
    )
    changed = program.succeed("backup", "run", "edge-1", "--json")
    diff = program.succeed("backup", "diff", "edge-1", "--context", "0", "--json").json()

    assert first.json()["run"]["new_versions"] == 1
    assert again.json()["run"]["new_versions"] == 0
    assert changed.json()["run"]["new_versions"] == 1
    assert (diff["added"], diff["removed"]) == (2, 2)
    lines = [line for line in diff["diff"].splitlines() if not line.startswith(("---", "+++", "@"))]
    removed_secret, added_secret = lines[2], lines[3]
    assert lines[:2] == ["-ip route 192.0.2.0/25 Null0", "+ip route 192.0.2.128/25 Null0"]
    assert re.fullmatch(r"- neighbor 192\.0\.2\.7 password ‹secret:[0-9a-f]{12}›", removed_secret)
    assert re.fullmatch(r"\+ neighbor 192\.0\.2\.7 password ‹secret:[0-9a-f]{12}›", added_secret)
    assert removed_secret[1:] != added_secret[1:]


def test_neither_a_login_nor_a_neighbours_password_is_left_in_clear(
    router: FrrRouter, program: Program
) -> None:
    router.configure(*_neighbour("Third-Canary-Secret"))
    said = [program.succeed("backup", "run", "--all"), program.succeed("backup", "show", "edge-1")]
    kept = b"".join(path.read_bytes() for path in program.home.rglob("*") if path.is_file())

    for secret in (router.password, "Third-Canary-Secret"):
        assert secret.encode() not in kept
        assert not [ended for ended in said if secret in ended.output + ended.notes]


def _neighbour(password: str) -> tuple[str, ...]:
    return (
        "router bgp 65001",
        "neighbor 192.0.2.7 remote-as 65007",
        f"neighbor 192.0.2.7 password {password}",
        "exit",
    )


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
