"""Runs of other types than backups, by hand: they ask before a black-out, and show answers."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Program
from tests.cli.laboratory import served, spec


def test_answers_of_devices_are_shown(program: Program) -> None:
    with served(program, spec("r1"), spec("r2")):
        started = program.ok("run", "start", "command", "--all", "--command", "show version")

    told = program.json("run", "answers")
    assert sorted(item["device"] for item in told["items"]) == ["r1", "r2"]
    assert "2 of 2 devices answered every command" in program.ok("run", "show").out, started.text
    text = program.ok("run", "answers", "latest", "--device", "r1").out
    assert text.startswith("r1: show version")
    assert "r2" not in text


def test_command_that_is_not_harmless_reaches_no_device(program: Program) -> None:
    with served(program, spec("r1")):
        refused = program.run("run", "start", "command", "r1", "--command", "reload")
        unfit = program.run("run", "start", "command", "r1", "--command", "show run | i x")

    assert refused.exit_code == 8
    assert "is not known to be harmless on cisco_ios" in refused.text
    assert unfit.exit_code == 2
    assert "not one plain command" in unfit.err
    assert "no answers" in program.ok("run", "answers").out


def test_administrator_may_allow_a_command(program: Program) -> None:
    program.ok("setting", "set", "command.run.allowed", '{"cisco_ios": ["dir"]}')
    with served(program, spec("r1")):
        answer = program.run("run", "start", "command", "r1", "--command", "dir")

    # The simulated device does not know it, but it was asked.
    assert "does not take 'dir'" in answer.text
    assert program.json("run", "answers")["total"] == 1


def test_reachability_is_found_out(program: Program) -> None:
    with served(program, spec("r1")):
        program.ok("run", "start", "reachability", "--all")

    assert "1 of 1 device answers" in program.ok("run", "show").out


@pytest.mark.parametrize("job_type", ["verify", "retention", "tag_rules"])
def test_runs_over_no_devices_say_what_they_did(program: Program, job_type: str) -> None:
    program.ok("run", "start", job_type)

    assert program.json("run", "show")["run"]["status"] == "succeeded"
    assert program.json("run", "show")["run"]["result_message"]


def test_black_out_is_asked_about(program: Program) -> None:
    with served(program, spec("r1")):
        program.ok(
            *("blackout", "add", "always", "--tag", "default"),
            *("--from", "00:00", "--until", "00:00"),
        )
        asked = program.run("backup", "run", "r1")
        started = program.run("run", "start", "reachability", "r1")
        forced = program.run("run", "start", "reachability", "r1", "--force")

    for refused in (asked, started):
        assert refused.exit_code == 4
        assert "the device is in a black-out (always until " in refused.err
        assert "--force" in refused.err
    assert forced.exit_code == 0
