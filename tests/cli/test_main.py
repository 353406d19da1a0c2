"""The program as a whole: help, versions, errors in one sentence, pipes and colours."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from netraven import __version__
from netraven.cli.main import app
from tests.cli.conftest import Program

USAGE, STORAGE, INTERRUPTED = 2, 7, 130
COLOUR = re.compile(r"\x1b\[(?:\d+;)*[349]\d[;m]")


def _paths(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(command, TyperCommand):
        return [path]
    assert isinstance(command, TyperGroup)
    found = [path]
    for name, child in command.commands.items():
        found += _paths(child, (*path, name))
    return found


PATHS = _paths(get_command(app))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_explains_itself_in_eighty_columns_without_a_home(
    fresh: Program, path: tuple[str, ...]
) -> None:
    fresh.set(COLUMNS="80")

    answer = fresh.run(*path, "--help")

    lines = answer.out.splitlines()
    assert answer.exit_code == 0
    assert lines[0].startswith("Usage: netraven")
    assert not [line for line in lines if len(line) > 80 or "…" in line]
    # Only what may be repeated or follows has dots; nothing is cut off.
    assert not [line for line in lines[1:] if line.endswith("...")]
    assert not fresh.home.exists()


# They say nothing but log lines, which may be JSON.
SERVICES = {("serve",), ("worker",)}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_writes_json(path: tuple[str, ...], fresh: Program) -> None:
    is_group = isinstance(_command(path), TyperGroup)

    answer = fresh.run(*path, "--help")

    assert is_group or path in SERVICES or "--json" in answer.out


def test_it_says_its_version(fresh: Program) -> None:
    assert fresh.ok("--version").out == f"netraven {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("devise",), "No such command 'devise'. Did you mean 'device'?"),
        (("device", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("device", "list", "--serch", "x"), "No such option: --serch"),
        (("device", "list", "--limit", "0"), "Invalid value for '--limit'"),
        (("device", "list", "--status", "good"), "Invalid value for '--status'"),
        (("device", "show"), "Missing argument"),
    ],
)
def test_a_slip_is_told_in_one_sentence_with_the_way_to_help(
    program: Program, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = program.run(*arguments)

    assert answer.exit_code == USAGE
    assert answer.out == ""
    lines = answer.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"netraven: {sentence}")
    assert lines[1].startswith("see `netraven")


@pytest.mark.parametrize("noun", [(), ("backup",), ("device", "hostkey")])
def test_a_noun_alone_is_answered_with_its_verbs(fresh: Program, noun: tuple[str, ...]) -> None:
    answer = fresh.run(*noun)

    assert (answer.exit_code, answer.out) == (USAGE, "")
    assert answer.err == fresh.ok(*noun, "--help").out
    assert "\nCommands:\n" in answer.err


def test_with_json_an_error_is_an_object_on_standard_error(program: Program) -> None:
    answer = program.run("device", "show", "no-such", "--json")

    assert answer.out == ""
    assert json.loads(answer.err) == {
        "error": {
            "code": "not_found",
            "message": "there is no device no-such; see `netraven device list`",
        }
    }


def test_an_unknown_setting_is_named(program: Program) -> None:
    program.set(NETRAVEN_HOEM="/srv")

    answer = program.run("device", "list")

    assert answer.exit_code == USAGE
    assert "NETRAVEN_HOEM is not a setting; known are" in answer.err


def test_a_reader_who_leaves_early_is_no_error_to_speak_of(program: Program) -> None:
    lines = "".join(f"sw{n},10.0.{n >> 8}.{n & 255},ios\n" for n in range(5000))
    program.ok("device", "import", "-", stdin=f"hostname,ip_address,device_type\n{lines}")
    script = Path(sys.executable).with_name("netraven")

    shell = subprocess.run(
        f"{script} device list --all | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )

    assert shell.stdout.startswith("Hostname")
    assert shell.stderr == ""


def test_ctrl_c_is_told_and_has_its_exit_code(program: Program, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = program.start("device", "import", pipe)
    # Opening the pipe waits until the program reads from it.
    with process, pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert process.returncode == INTERRUPTED
    assert err == "netraven: interrupted\n"


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_a_pipe_and_no_color_get_no_colours(program: Program, variables: dict[str, str]) -> None:
    program.set(**variables)

    answer = program.process("doctor")

    assert "ok" in answer.out
    assert not COLOUR.search(answer.text)


def test_a_terminal_that_knows_no_utf8_gets_escapes_instead_of_an_error(program: Program) -> None:
    program.ok("device", "add", "d-1", "192.0.2.1", "--platform", "ios", "--notes", "Büro Süd")
    program.set(PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")

    answer = program.process("device", "show", "d-1")

    assert answer.exit_code == 0
    assert "B\\xfcro" in answer.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands(fresh: Program, shell: str) -> None:
    fresh.set(_NETRAVEN_COMPLETE=f"source_{shell}")

    answer = fresh.process()

    assert answer.exit_code == 0
    assert "_NETRAVEN_COMPLETE" in answer.out


def _command(path: tuple[str, ...]) -> object:
    command: object = get_command(app)
    for name in path:
        assert isinstance(command, TyperGroup)
        command = command.commands[name]
    return command


def test_what_works_here_needs_nothing_that_asks_servers(program: Program) -> None:
    script = (
        "import sys; sys.modules['httpx'] = None\n"
        "from netraven.cli.main import run_command\n"
        "for command in sys.argv[1:]:\n"
        "    assert run_command(command.split()) == 0, command\n"
    )
    commands = ["device list", "platform list", "run list", "history status"]

    ended = subprocess.run(
        [sys.executable, "-c", script, *commands],
        env={"PATH": os.environ["PATH"], "NETRAVEN_HOME": str(program.home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
