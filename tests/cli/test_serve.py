"""What `netraven serve` says before it serves."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from netraven.cli.home import open_home
from netraven.cli.listening import bound
from netraven.cli.serve import why_not_ready
from tests.cli.conftest import Program
from tests.cli.twins import Placed, copied

USAGE, CONFLICT, STORAGE = 2, 4, 7
BOTH = {"NETRAVEN_TLS_CERTIFICATE": "/etc/hostname", "NETRAVEN_TLS_KEY": "/etc/hostname"}


@pytest.mark.parametrize(
    ("is_at_work", "reason"),
    [
        (True, "the database cannot be used; the server's log tells why"),
        (False, "the worker has not begun yet, or is ending"),
    ],
)
async def test_what_keeps_it_from_working_is_told_without_where_the_database_is(
    program: Program, *, is_at_work: bool, reason: str
) -> None:
    with closing(sqlite3.connect(program.database)) as database:
        database.execute("ALTER TABLE job_logs RENAME TO elsewhere")

    told = await why_not_ready(open_home(), is_at_work=is_at_work)

    assert told == reason


async def test_nothing_keeps_a_home_that_is_well_from_working(program: Program) -> None:
    assert program.home.exists()

    assert await why_not_ready(open_home(), is_at_work=True) is None


def test_port_of_another_program_is_told_in_a_sentence(tmp_path: Path, home_template: Path) -> None:
    here = Placed(copied(home_template, tmp_path / "home"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        answer = here.run("serve", "--port", port)

    assert answer.exit_code == CONFLICT
    assert answer.out == ""
    assert answer.err == (
        f"netraven: another program listens on port {port} of 127.0.0.1; --port names another one\n"
    )


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("192.0.2.1", "host: 192.0.2.1 is no address of this machine"),
        ("nowhere.invalid", "host: nowhere.invalid is no address, and no name that this machine"),
    ],
)
def test_address_where_nobody_can_listen_is_told_in_a_sentence(
    tmp_path: Path, home_template: Path, host: str, sentence: str
) -> None:
    here = Placed(copied(home_template, tmp_path / "home"))

    answer = here.run("serve", "--host", host, "--port", 0)

    assert answer.exit_code == USAGE
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_all_addresses_of_a_name_are_of_one_port(host: str) -> None:
    with ExitStack() as holding:
        sockets = [holding.enter_context(each) for each in bound(host, 0)]

        ports = {each.getsockname()[1] for each in sockets}

    assert len(ports) == 1
    assert 0 not in ports


@pytest.mark.parametrize("given", list(BOTH))
def test_a_certificate_and_its_key_belong_together(
    tmp_path: Path, home_template: Path, given: str
) -> None:
    half = Placed(copied(home_template, tmp_path / "home"), **{given: BOTH[given]})

    answer = half.run("serve", "--port", 0)

    assert answer.exit_code == USAGE
    assert answer.err.endswith(
        "NETRAVEN_TLS_CERTIFICATE and NETRAVEN_TLS_KEY belong together; set both\n"
    )


@pytest.mark.parametrize("content", [None, "no certificate at all\n"])
def test_a_certificate_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, home_template: Path, content: str | None
) -> None:
    path = tmp_path / "server.pem"
    if content is not None:
        path.write_text(content)
    files = dict.fromkeys(BOTH, str(path))
    wrong = Placed(copied(home_template, tmp_path / "home"), **files)

    answer = wrong.run("serve", "--port", 0)

    assert answer.exit_code == USAGE, answer.text
    assert str(path) in answer.err
    assert len(answer.err.splitlines()) == 1
