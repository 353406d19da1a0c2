"""`netraven credential`: secrets go in by ways that nobody overhears, and never come out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from netraven.vault.secrets import reveal_credential
from tests.cli.conftest import Program
from tests.cli.terminal import typed_at_terminal

USAGE, NOT_FOUND, CONFLICT = 2, 3, 4
ADD = ("credential", "add", "lab", "--username", "backup")


def test_a_password_comes_from_standard_input(program: Program) -> None:
    program.ok(*ADD, "--password-stdin", stdin="hunter2 ☃\r\n")

    assert _secrets(program, "lab")["password"] == "hunter2 ☃"


def test_a_password_comes_from_a_variable(program: Program) -> None:
    program.set(LAB_PASSWORD="hunter2")

    program.ok(*ADD, "--password-env", "LAB_PASSWORD")

    assert _secrets(program, "lab")["password"] == "hunter2"


def test_standard_input_gives_each_secret_a_line(program: Program, key_file: Path) -> None:
    program.ok(
        *(*ADD, "--private-key", key_file),
        *("--password-stdin", "--enable-stdin", "--passphrase-stdin"),
        stdin="one\ntwo\nthree words\n",
    )

    secrets = _secrets(program, "lab")
    assert secrets["password"] == "one"
    assert secrets["enable_secret"] == "two"
    assert secrets["private_key_passphrase"] == "three words"
    assert (secrets["private_key"] or "").startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def test_a_prompt_hides_the_password_and_asks_twice(program: Program) -> None:
    screen = typed_at_terminal(*ADD, keys=b"hunter2\nhunter2\n")

    assert screen.exit_code == 0, screen.text
    assert "hunter2" not in screen.text
    assert "Repeat for confirmation" in screen.text
    assert _secrets(program, "lab")["password"] == "hunter2"


def test_without_a_terminal_it_says_the_other_ways(program: Program) -> None:
    answer = program.run(*ADD)

    assert answer.exit_code == USAGE
    assert "--password-stdin or --password-env" in answer.err


@pytest.mark.parametrize("option", ["--password=hunter2", "--password"])
def test_there_is_no_way_to_give_a_secret_as_an_argument(program: Program, option: str) -> None:
    answer = program.run(*ADD, option)

    assert answer.exit_code == USAGE
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("options", "stdin", "sentence"),
    [
        (("--password-stdin",), "", "standard input ended before the password"),
        (("--password-stdin",), "\n", "the password is empty"),
        (("--password-env", "NO_SUCH"), "", "the variable NO_SUCH is not set"),
        (("--password-stdin", "--password-env", "X"), "a\n", "choose one of"),
        (("--password-stdin", "--enable-stdin"), "a\n", "ended before the enable secret"),
        (("--private-key", "/no/such/key"), "", "No such file or directory"),
        (("--private-key", "/etc/hostname"), "", "private_key"),
        (("--private-key", sys.executable), "", "private key"),
        (("--password-stdin", "--tag", "default:high"), "a\n", "write NAME:PRIORITY"),
        (("--password-stdin", "--tag", "default:10001"), "a\n", "less than or equal to 10000"),
    ],
)
def test_a_secret_that_is_not_there_is_told_in_one_sentence(
    program: Program, options: tuple[str, ...], stdin: str, sentence: str
) -> None:
    answer = program.run(*ADD, *options, stdin=stdin)

    assert answer.exit_code == USAGE
    assert sentence in answer.err
    assert answer.err.count("\n") == 1
    assert program.json("credential", "list")["total"] == 0


def test_no_command_shows_a_secret(program: Program) -> None:
    canary = "c4n4ry-in-every-field"
    lines = f"{canary}\n{canary}\n"
    added = program.ok(*ADD, "--password-stdin", "--enable-stdin", "--tag", "default", stdin=lines)
    program.ok("device", "add", "d-1", "192.0.2.1", "--platform", "ios")

    answers = [
        added,
        program.ok("credential", "list"),
        program.ok("credential", "list", "--json"),
        program.ok("credential", "update", "lab", "--description", "x", "--json"),
        program.ok("device", "show", "d-1", "--json"),
        program.ok("doctor"),
        program.run(*ADD, "--password-stdin", stdin=lines),
    ]

    assert all(canary not in answer.text for answer in answers)
    files = [path.read_bytes() for path in program.home.iterdir()]
    assert all(canary.encode() not in content for content in files)


def test_tags_are_linked_with_their_priority(program: Program) -> None:
    program.ok("tag", "add", "core")

    program.ok(*ADD, "--password-stdin", "--tag", "core:10", "--tag", "default", stdin="x\n")

    told = program.json("credential", "list", "--tag", "core")["items"][0]
    assert [(link["tag"]["name"], link["priority"]) for link in told["tags"]] == [
        ("core", 10),
        ("default", 100),
    ]


def test_a_new_secret_replaces_the_old_one_only(program: Program) -> None:
    program.ok(*ADD, "--password-stdin", "--enable-stdin", stdin="old\nenable\n")

    program.ok("credential", "update", "LAB", "--password-stdin", stdin="new\n")

    secrets = _secrets(program, "lab")
    assert (secrets["password"], secrets["enable_secret"]) == ("new", "enable")


def test_texts_are_changed_and_cleared(program: Program) -> None:
    program.ok(*ADD, "--password-stdin", "--description", "a", "--aaa-domain", "b", stdin="x\n")

    told = program.json(
        *("credential", "update", "lab", "--name", "lab-2", "--username", "other"),
        *("--description", "", "--aaa-domain", "tacacs"),
    )

    assert (told["name"], told["username"]) == ("lab-2", "other")
    assert (told["description"], told["aaa_domain"]) == (None, "tacacs")
    assert told["has_password"]


def test_one_that_a_device_names_is_protected(program: Program) -> None:
    program.ok(*ADD, "--password-stdin", stdin="x\n")
    program.ok(*("device", "add", "d-1", "192.0.2.1", "--platform", "ios", "--credential", "lab"))

    refused = program.run("credential", "delete", "lab", "--yes")
    program.ok("device", "update", "d-1", "--credential", "")
    program.ok("credential", "delete", "lab", "--yes")

    assert refused.exit_code == CONFLICT
    assert "1 device" in refused.err
    assert program.run("credential", "delete", "lab", "--yes").exit_code == NOT_FOUND


def test_a_name_that_is_taken_is_a_conflict(program: Program) -> None:
    program.ok(*ADD, "--password-stdin", stdin="x\n")

    answer = program.run(
        "credential", "add", "LAB", "--username", "u", "--password-stdin", stdin="y\n"
    )

    assert answer.exit_code == CONFLICT
    assert _secrets(program, "lab")["password"] == "x"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return a private key behind the passphrase `three words`."""
    path = tmp_path / "id_ed25519"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "three words", "-f", str(path)], check=True
    )
    return path


def _secrets(program: Program, name: str) -> dict[str, str | None]:
    credential_id = program.json("credential", "list", "--search", name)["items"][0]["id"]
    with program.unit() as db:
        revealed = reveal_credential(db, credential_id, purpose="test")
    assert revealed is not None
    fields = ("password", "enable_secret", "private_key", "private_key_passphrase")
    secrets = {field: getattr(revealed, field) for field in fields}
    return {field: secret and secret.get_secret_value() for field, secret in secrets.items()}
