"""Why a session went wrong, in words, and whether it would again."""

from __future__ import annotations

from netraven.lab import run_in_thread
from netraven.lab.fleet import Fleet
from tests.cli.conftest import Program
from tests.cli.test_own_platforms import ACME, SPEC, add_device, declare

DEVICES_FAILED = 8
NOT_FOUND = 3
WRONG = ACME + "errors: [clock timezone]\n"


def test_a_quarantined_session_is_explained_and_proves_the_corrected_platform(
    program: Program,
) -> None:
    program.ok("init")
    declare(program, WRONG)
    with run_in_thread(Fleet([SPEC])) as fleet:
        add_device(program, fleet)
        run = program.run("backup", "run", "edge-1")
        live = program.ok("device", "test", "edge-1", "--explain")

    again = program.run("device", "test", "edge-1", "--replay")
    told = program.ok("backup", "why", "edge-1", "--transcript")
    declare(program)
    corrected = program.ok("device", "test", "edge-1", "--replay")
    as_json = program.json("device", "test", "edge-1", "--replay")

    assert run.exit_code == DEVICES_FAILED
    for explained in (live, again, told):
        assert "The device reported an error in its answer." in explained.out
        assert "Patterns under `errors` decide what an error is." in explained.out
    assert again.exit_code == DEVICES_FAILED
    assert "grade C: the device reported an error in its answer" in again.out
    assert "‹typed secret›" in told.out
    assert "show running-config" in told.out
    assert "grade A: complete, proven by its end marker" in corrected.out
    assert as_json["proven"] is True
    assert "ip domain name ‹secret:" in told.out


def test_without_a_bad_backup_there_is_nothing_to_replay(program: Program) -> None:
    program.ok("init")
    program.ok("device", "add", "core-1", "192.0.2.1", "--platform", "ios")

    told = program.run("device", "test", "core-1", "--replay")

    assert told.exit_code == NOT_FOUND
    assert "core-1 has no failed and no quarantined running backup" in told.err
