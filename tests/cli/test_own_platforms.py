"""Platforms of one's own at the command line: listed, used, recorded, proven, and missing."""

from __future__ import annotations

from pathlib import Path

from netraven.lab import Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec
from tests.cli.conftest import Answer, Program
from tests.cli.laboratory import PASSWORD

USAGE = 2
DEVICES_FAILED = 8
ENABLE = "enable-horse-battery"

ACME = """\
name: acme_ros
extends: cisco_ios
vendor: Acme
aliases: {oxidized: [acmeros]}
secrets:
  - hide: '^ip domain name {word}'
"""
SPEC = DeviceSpec(hostname="edge-1", platform="cisco_ios", password=PASSWORD, enable_secret=ENABLE)


def declare(program: Program, text: str = ACME, *, name: str = "acme.yaml") -> None:
    folder = program.home / "platforms"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_it_is_listed_with_its_file(program: Program) -> None:
    declare(program)

    told = program.ok("platform", "list", "acmeros")

    facts = dict(line.split(maxsplit=1) for line in told.out.splitlines())
    assert facts["Platform"] == "acme_ros"
    assert facts["Proof"] == "own, in platforms/acme.yaml"
    assert facts["Running"] == "show running-config"


def test_a_wrong_file_stops_only_itself_and_is_told_in_one_sentence(program: Program) -> None:
    declare(program)
    declare(program, "name: broken\nprompt: '.*'\n", name="broken.yaml")

    told = program.ok("platform", "list", "acme_ros")

    (sentence,) = told.err.splitlines()
    assert sentence.startswith("A platform is left out: platforms/broken.yaml, line 2, column 9: ")


def test_a_device_of_it_is_kept_and_its_secrets_are_tokens(program: Program) -> None:
    program.ok("init")
    declare(program)
    with run_in_thread(Fleet([SPEC])) as fleet:
        add_device(program, fleet)
        program.ok("backup", "run", "edge-1")

    shown = program.ok("backup", "show", "edge-1").out

    assert "ip domain name ‹secret:" in shown
    (program.home / "platforms" / "acme.yaml").unlink()
    hidden = program.run("backup", "show", "edge-1")
    assert "hostname" not in hidden.out
    again = program.run("backup", "run", "edge-1")
    assert again.exit_code == DEVICES_FAILED
    assert "this worker does not know the platform acme_ros of edge-1" in again.text


def test_a_session_is_recorded_and_proves_the_platform(program: Program, tmp_path: Path) -> None:
    declare(program)
    file = tmp_path / "edge-1.yaml"
    with run_in_thread(Fleet([SPEC])) as fleet:
        told = record(program, fleet, file, platform="acme_ros")

    proven = program.ok("platform", "test", file)

    assert f"The session is in {file}" in told.out.replace("\n", "")
    assert "The recording proves acme_ros." in proven.out
    text = file.read_text(encoding="utf-8")
    assert "platform: acme_ros" in text
    assert PASSWORD not in text
    assert ENABLE not in text
    other = program.run("platform", "test", file, "--platform", "juniper_junos")
    assert other.exit_code == DEVICES_FAILED
    assert "The recording does not prove juniper_junos." in other.out
    told_json = program.json("platform", "test", file)
    assert told_json["proven"] is True
    again = program.run(
        "platform", "record", "acme_ros", "192.0.2.1", "--username", "x", "-o", file
    )
    assert (again.exit_code, "exists already" in again.err) == (USAGE, True)


def test_what_is_no_recording_is_told_in_one_sentence(program: Program, tmp_path: Path) -> None:
    wrong = {
        "missing.yaml": None,
        "config.txt": b"hostname core-1\nend\n",
        "binary.yaml": b"\xff\xfe\x00",
        "list.yaml": b"- a\n",
    }
    for name, content in wrong.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        told = program.run("platform", "test", tmp_path / name)

        assert told.exit_code == USAGE
        assert name in told.err
        assert "Traceback" not in told.err


def test_a_simulation_of_another_tool_needs_the_platforms_name(
    program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "ios.yaml"
    file.write_text(
        'init_prompt: "r1#"\ncommands:\n'
        '  "terminal length 0\\n": "terminal length 0\\r\\nr1#"\n'
        '  "show running-config\\n": "show running-config\\r\\nhostname r1\\r\\nend\\r\\nr1#"\n',
        encoding="utf-8",
    )

    nameless = program.run("platform", "test", file)
    named = program.ok("platform", "test", file, "--platform", "ios")

    assert (nameless.exit_code, "say which with --platform" in nameless.err) == (USAGE, True)
    assert "2 lines, grade A" in named.out
    assert "The recording says nothing against cisco_ios." in named.out


def add_device(program: Program, fleet: Fleet) -> None:
    endpoint = fleet.endpoints[0]
    program.ok(
        *("device", "add", "edge-1", endpoint.address, "--port", endpoint.port),
        *("--platform", "acme_ros"),
    )
    program.ok(
        *("credential", "add", "lab", "--username", "netraven", "--tag", "default"),
        *("--password-stdin", "--enable-stdin"),
        stdin=f"{PASSWORD}\n{ENABLE}\n",
    )


def record(program: Program, fleet: Fleet, file: Path, *, platform: str) -> Answer:
    endpoint = fleet.endpoints[0]
    return program.ok(
        *("platform", "record", platform, endpoint.address, "--port", endpoint.port),
        *("--username", "netraven", "--password-stdin", "--enable-stdin", "-o", file),
        stdin=f"{PASSWORD}\n{ENABLE}\n",
    )
