"""`netraven run start|watch|cancel|retry`, as somebody without a server uses them."""

from __future__ import annotations

import pytest

from netraven.jobs.runs import start_job_log
from tests.cli.conftest import Program
from tests.cli.terminal import at_terminal

USAGE, NOT_FOUND, CONFLICT, DEVICES_FAILED, INTERRUPTED = 2, 3, 4, 8, 130
REFUSED = ("run", "start", "command", "core-1", "--command", "reload")
"""A run that fails before anybody dials."""


@pytest.fixture
def program(program: Program) -> Program:
    """Return the program with two devices that nobody can reach."""
    for number in (1, 2):
        address = f"192.0.2.{number}"
        program.ok("device", "add", f"core-{number}", address, "--platform", "cisco_ios")
    return program


def newest(program: Program) -> str:
    run_id: str = program.json("run", "show")["run"]["id"]
    return run_id


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("command", "core-1"), "say what to ask the devices: --command TEXT"),
        (("backup",), "name devices, or say --tag TAG or --all"),
        (("verify", "core-1"), "a run of type verify is over no devices"),
        (("bogus",), "Invalid value for 'TYPE': 'bogus' is not one of 'backup',"),
        (("verify", "--set", "limit"), "limit is not KEY=VALUE"),
    ],
)
def test_what_cannot_be_begun_is_refused_in_a_sentence(
    program: Program, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = program.run("run", "start", *arguments)

    assert answer.exit_code == USAGE
    assert sentence in answer.err
    assert program.json("run", "list")["total"] == 0


def test_run_that_nobody_does_yet_is_cancelled_at_once(program: Program) -> None:
    written = program.run("run", "start", "backup", "core-1", "--detach")
    cancelled = program.ok("run", "cancel")
    again = program.run("run", "cancel")
    watched = program.run("run", "watch")

    assert "waits for a server or a worker" in written.out
    assert "Nobody does runs now; start `netraven serve`" in written.err
    assert "is cancelled; it had not begun" in cancelled.out
    assert (again.exit_code, "the run has ended: it is cancelled" in again.err) == (CONFLICT, True)
    assert "Status   cancelled" in watched.out
    # Whoever watched was interrupted by nobody.
    assert (watched.exit_code, watched.err) == (INTERRUPTED, "")


def test_cancel_of_what_nobody_does_any_more_says_who_will_end_it(program: Program) -> None:
    program.ok("run", "start", "backup", "core-1", "--detach")
    with program.unit() as db:
        start_job_log(db, newest(program))

    cancelled = program.run("run", "cancel")
    shown = program.ok("run", "show")

    assert "was asked to stop" in cancelled.out
    assert "Nobody does runs now; start `netraven serve`" in cancelled.err
    assert "Status   running, asked to stop" in shown.out


def test_retry_is_over_the_devices_that_did_not_succeed(program: Program) -> None:
    first = program.run(*REFUSED)
    run_id = newest(program)

    again = program.run("run", "retry")

    assert (first.exit_code, again.exit_code) == (DEVICES_FAILED, DEVICES_FAILED)
    shown = program.json("run", "show")
    assert shown["run"]["id"] != run_id
    assert shown["run"]["job_data"] == {"commands": ["reload"]}
    assert [each["device_hostname"] for each in shown["results"]] == ["core-1"]


def test_retry_of_what_goes_on_or_what_is_nowhere_is_refused(program: Program) -> None:
    program.ok("run", "start", "backup", "core-1", "--detach")

    goes_on = program.run("run", "retry")
    nowhere = program.run("run", "retry", "nope")

    assert (goes_on.exit_code, nowhere.exit_code) == (CONFLICT, NOT_FOUND)
    assert "is queued; it ends first" in goes_on.err
    assert "there is no run nope; see `netraven run list`" in nowhere.err


def test_eighty_columns_show_every_id_whole(program: Program) -> None:
    program.run("run", "start", "reachability", "core-1", "--detach")
    program.ok("run", "cancel")
    run_id = newest(program)

    screen = at_terminal("run", "list")

    title, line = screen.lines[:2]
    assert title.split() == ["Run", "Type", "Status", "Started"]
    assert line.split()[:3] == [run_id, "reachability", "cancelled"]
    assert program.ok("run", "list").out.splitlines()[0].endswith("Took")
