"""`netraven backup run` over real SSH: whom it reads, what it tells, and how it stops."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netraven.lab import Fault, Fleet
from netraven.lab.edits import add_ntp_server
from tests.cli.conftest import Program
from tests.cli.laboratory import served, spec
from tests.cli.terminal import at_terminal

USAGE, NOT_FOUND, DEVICES_FAILED, INTERRUPTED = 2, 3, 8, 130


@pytest.fixture(scope="module")
def site(
    home_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, Fleet]]:
    """Serve four devices of four platforms, one of them switched off, the others backed up."""
    home = tmp_path_factory.mktemp("site") / "home"
    shutil.copytree(home_template, home)
    devices = [
        spec("core-1"),
        spec("core-2", platform="arista_eos"),
        spec("edge-1", platform="juniper_junos"),
        spec("spare-1", platform="frr"),
    ]
    with pytest.MonkeyPatch.context() as monkeypatch:
        program = Program(home, monkeypatch)
        with served(program, *devices) as fleet:
            program.ok("tag", "add", "core")
            program.ok("tag", "assign", "core", "core-1", "core-2", "spare-1")
            program.ok("device", "update", "spare-1", "--disable")
            program.ok("backup", "run", "--all")
            yield program, fleet


@pytest.mark.parametrize(
    ("arguments", "hostnames"),
    [
        (("core-1",), {"core-1"}),
        (("CORE-1", "core-1", "edge-1"), {"core-1", "edge-1"}),
        (("--tag", "core"), {"core-1", "core-2"}),
        (("edge-1", "--tag", "core"), {"core-1", "core-2", "edge-1"}),
        (("--all",), {"core-1", "core-2", "edge-1"}),
        (("spare-1",), {"spare-1"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_device_that_is_meant_is_read_once(
    site: tuple[Program, Fleet], arguments: tuple[str, ...], hostnames: set[str]
) -> None:
    program, _ = site

    told = program.json("backup", "run", *arguments)

    assert sorted(row["hostname"] for row in told["devices"]) == sorted(hostnames)
    assert told["run"]["status"] == "succeeded"
    assert told["run"]["results"] == {"succeeded": len(hostnames)}
    assert {row["backup_status"] for row in told["devices"]} == {"completed"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), USAGE, "name devices, or say --tag TAG or --all"),
        (("core-1", "--all"), USAGE, "--all stands alone"),
        (("no-such",), NOT_FOUND, "there is no device no-such"),
        (("--tag", "no-such"), NOT_FOUND, "there is no tag no-such"),
        (("core-1", "--deadline", "3"), USAGE, "greater than or equal to 10"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_whom_it_cannot_mean_is_told_before_anything_happens(
    site: tuple[Program, Fleet], arguments: tuple[str, ...], code: int, words: str
) -> None:
    program, _ = site
    before = program.json("run", "list")["total"]

    answer = program.run("backup", "run", *arguments)

    assert answer.exit_code == code
    assert words in answer.err
    assert program.json("run", "list")["total"] == before


def test_only_what_changed_gets_a_new_version(site: tuple[Program, Fleet]) -> None:
    program, fleet = site
    same = program.json("backup", "run", "core-1", "core-2")
    fleet.device("core-1").change(add_ntp_server("192.0.2.123"))
    changed = program.json("backup", "run", "core-1", "core-2")
    diff = program.json("backup", "diff", "core-1", "--context", "0")

    assert (same["run"]["new_versions"], same["run"]["unchanged"]) == (0, 2)
    assert {row["hostname"]: row["is_new"] for row in changed["devices"]} == {
        "core-1": True,
        "core-2": False,
    }
    assert (diff["added"], diff["removed"]) == (1, 0)
    assert "+ntp server 192.0.2.123\n" in diff["diff"]


@pytest.mark.usefixtures("site")
def test_at_a_terminal_it_ends_with_one_line_and_leaves_no_bar() -> None:
    screen = at_terminal("backup", "run", "core-1", "edge-1")

    assert screen.exit_code == 0
    told = [line for line in screen.lines if line]
    assert told[-1].startswith("2 devices in ")
    assert told[-1].endswith("unchanged.")


def test_the_run_is_on_record(site: tuple[Program, Fleet]) -> None:
    program, _ = site
    told = program.json("backup", "run", "core-1")

    shown = program.json("run", "show", told["run"]["run_id"])
    latest = program.json("run", "show")
    listed = program.json("run", "list", "--device", "core-1")
    logged = program.json("run", "logs")

    assert shown == latest
    assert shown["counts"] == {"succeeded": 1}
    assert shown["results"][0]["credential_name"] == "lab"
    assert listed["items"][0]["id"] == told["run"]["run_id"]
    assert [line["message"] for line in logged["items"]] == ["the backup run over 1 device began"]
    assert "core-1" in program.ok("run", "show", "--all").out
    assert program.run("run", "show", "no-such").exit_code == NOT_FOUND


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "command",
    [
        "device list",
        "device show core-1",
        "device hostkey show core-1",
        "credential list",
        "tag list",
        "backup list",
        "run list",
        "run show --all",
        "run logs",
        "verify",
        "doctor",
    ],
)
def test_eighty_columns_are_enough_for_all_of_it(command: str) -> None:
    screen = at_terminal(*command.split())

    assert screen.exit_code == 0, screen.text
    assert [line for line in screen.lines if len(line) > 80 or "…" in line] == []


def test_a_good_device_is_tested_without_a_trace(site: tuple[Program, Fleet]) -> None:
    program, _ = site
    before = program.json("backup", "list")["total"], program.json("run", "list")["total"]

    told = program.json("device", "test", "core-2")
    screen = at_terminal("device", "test", "core-2")

    assert told["ok"]
    assert (told["credential"], told["error"]) == ("lab", None)
    assert told["prompt"].startswith("core-2")
    assert told["negotiated"]["server"].startswith("SSH-2.0-")
    assert told["fingerprint"].startswith("ssh-ed25519 SHA256:")
    assert told["facts"]["version"]
    assert all(step["is_ok"] for step in told["steps"])
    assert "A backup can be made" in screen.text
    assert not [line for line in screen.lines if len(line) > 80]
    assert (program.json("backup", "list")["total"], program.json("run", "list")["total"]) == before


def test_a_host_key_is_shown_with_the_fingerprint_of_ssh_keygen(
    site: tuple[Program, Fleet],
) -> None:
    program, _ = site
    told = program.json("device", "hostkey", "show", "edge-1")
    key = told["items"][0]["public_key"]
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", "-"], input=key, capture_output=True, text=True, check=True
    ).stdout
    none_other = program.run("device", "hostkey", "accept", "edge-1", "--yes")
    no_such = program.run(
        *("device", "hostkey", "accept", "edge-1", "--yes", "--fingerprint", "SHA256:none")
    )

    assert [(key["state"], key["algorithm"]) for key in told["items"]] == [
        ("trusted", "ssh-ed25519")
    ]
    assert told["items"][0]["fingerprint"] in said
    assert (none_other.exit_code, no_such.exit_code) == (NOT_FOUND, NOT_FOUND)
    assert "no other key than the trusted one" in none_other.err
    assert "no key SHA256:none" in no_such.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_done_and_cancels_the_rest(
    program: Program, number: signal.Signals
) -> None:
    with served(program, spec("quick-1"), spec("hanging-1", Fault.HANG)):
        running = program.start("backup", "run", "--all", "--json")
        _await_backup(program)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)

    shown = program.json("run", "show")
    results = {row["device_hostname"]: row["status"] for row in shown["results"]}
    assert running.returncode == INTERRUPTED
    assert '"status": "cancelled"' in out
    assert "Traceback" not in err
    assert shown["run"]["status"] == "cancelled"
    assert results == {"quick-1": "succeeded", "hanging-1": "cancelled"}
    assert program.json("backup", "show", "quick-1")["backup"]["status"] == "completed"
    assert program.json("verify")["corrupt"] == []


def _await_backup(program: Program) -> None:
    """Wait until the quick device has its backup; the test's own time limit ends this."""
    while not program.json("backup", "list", "--status", "completed")["total"]:
        time.sleep(0.2)
