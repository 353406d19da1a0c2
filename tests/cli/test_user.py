"""`netraven user`: people and their roles; passwords by ways that nobody overhears."""

from __future__ import annotations

import pytest

from netraven.admin.passwords import verify_password
from netraven.admin.users import get_user_by_username, record_failed_login
from tests.cli.conftest import Program
from tests.cli.terminal import typed_at_terminal

USAGE, NOT_FOUND, CONFLICT = 2, 3, 4
PASSWORD = "Correct-horse-7"
BEN = ("add", "ben", "--email")


def add(program: Program, name: str, *options: str) -> None:
    email = f"{name}@example.com"
    program.ok(
        *("user", "add", name, "--email", email, "--password-stdin", *options), stdin=PASSWORD
    )


def password_hash(program: Program, name: str) -> str:
    with program.unit() as db:
        user = get_user_by_username(db, name)
        assert user is not None
        return user.password_hash


def test_a_user_is_made_listed_and_shown(program: Program) -> None:
    add(program, "ana", "--role", "admin", "--full-name", "Ana Ng")
    add(program, "ben")

    listed = program.ok("user", "list")
    told = program.json("user", "list", "--role", "admin", "--active")
    shown = program.ok("user", "show", "ANA@example.com")

    assert [line.split()[:3] for line in listed.out.splitlines()] == [
        ["User", "Role", "State"],
        ["ana", "admin", "active"],
        ["ben", "viewer", "active"],
    ]
    assert [user["username"] for user in told["items"]] == ["ana"]
    assert "Ana Ng" in shown.out
    assert verify_password(password_hash(program, "ana"), PASSWORD).ok


@pytest.mark.parametrize("option", ["--password=hunter2", "--password"])
def test_there_is_no_way_to_give_a_password_as_an_argument(program: Program, option: str) -> None:
    answer = program.run("user", "add", "ana", "--email", "a@b", option)

    assert answer.exit_code == USAGE
    assert "hunter2" not in answer.text


def test_a_prompt_hides_the_password_and_asks_twice(program: Program) -> None:
    line = f"{PASSWORD}\n".encode()

    screen = typed_at_terminal("user", "add", "ana", "--email", "a@b", keys=line * 2)

    assert screen.exit_code == 0, screen.text
    assert PASSWORD not in screen.text
    assert verify_password(password_hash(program, "ana"), PASSWORD).ok


def test_a_password_comes_from_a_variable(program: Program) -> None:
    program.set(ANAS_PASSWORD=PASSWORD)

    program.ok("user", "add", "ana", "--email", "a@b", "--password-env", "ANAS_PASSWORD")

    assert verify_password(password_hash(program, "ana"), PASSWORD).ok


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        ((*BEN, "b@c"), "", (USAGE, "there is no terminal to ask at")),
        ((*BEN, "b@c", "--password-stdin"), "", (USAGE, "ended before the")),
        (
            ("add", "ben", "--email", "b@c", "--password-stdin"),
            "canary",
            (USAGE, "password: needs"),
        ),
        (
            ("add", "ben", "--email", "b", "--password-stdin"),
            PASSWORD,
            (USAGE, "email: must match"),
        ),
        (("add", "ANA", "--email", "b@c", "--password-stdin"), PASSWORD, (CONFLICT, "username")),
        (
            ("add", "b", "--email", "b@c", "--role", "root", "--password-stdin"),
            "x",
            (USAGE, "role"),
        ),
        (("list", "--role", "root"), "", (USAGE, "role")),
        (("show", "ben"), "", (NOT_FOUND, "there is no user ben")),
        (("update", "ana", "--tag", "default", "--no-tags"), "", (USAGE, "choose one of")),
        (("update", "ana", "--tag", "nope"), "", (NOT_FOUND, "there is no tag nope")),
        (("update", "ana", "--disable"), "", (CONFLICT, "last active administrator")),
        (("delete", "ana", "--yes"), "", (CONFLICT, "last active administrator")),
        (("delete", "ana"), "", (USAGE, "say --yes")),
        (("delete", "ana", "--reassign-to", "ben", "--yes"), "", (NOT_FOUND, "no user ben")),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    program: Program, arguments: tuple[str, ...], stdin: str, told: tuple[int, str]
) -> None:
    add(program, "ana", "--role", "admin")

    answer = program.run("user", *arguments, stdin=stdin)

    exit_code, sentence = told
    assert answer.exit_code == exit_code
    assert sentence in answer.err
    assert "canary" not in answer.text
    assert program.json("user", "list")["total"] == 1


def test_what_is_not_named_stays_and_empty_clears(program: Program) -> None:
    add(program, "ana", "--full-name", "Ana", "--tag", "default")

    program.ok("user", "update", "ana", "--name", "anna", "--full-name", "")
    told = program.json("user", "update", "anna", "--role", "operator")
    nothing = program.ok("user", "update", "anna")

    assert (told["username"], told["full_name"], told["role"]) == ("anna", None, "operator")
    assert told["limited_to_tags"] is True
    assert "Nothing to change" in nothing.out
    assert not program.json("user", "update", "anna", "--no-tags")["limited_to_tags"]


def test_a_new_password_unlocks(program: Program) -> None:
    add(program, "ana")
    with program.unit() as db:
        user = get_user_by_username(db, "ana")
        assert user is not None
        for _ in range(5):
            record_failed_login(db, user.id)
    locked = program.ok("user", "show", "ana").out

    program.ok("user", "password", "ana", "--password-stdin", stdin="Battery-staple-8\n")

    assert "locked" in locked
    assert "locked" not in program.ok("user", "show", "ana").out
    assert verify_password(password_hash(program, "ana"), "Battery-staple-8").ok


def test_a_deleted_user_passes_on_what_they_had(program: Program) -> None:
    add(program, "ana")
    add(program, "ben")

    told = program.json("user", "delete", "ana", "--reassign-to", "ben", "--yes")

    assert told["username"] == "ana"
    assert program.json("user", "list")["total"] == 1
    events = program.json("audit", "list", "--target", "user")["items"]
    assert [event["event_name"] for event in events] == [
        "user_deleted",
        "user_created",
        "user_created",
    ]


def test_an_empty_list_says_what_to_do(program: Program) -> None:
    assert "netraven user add" in program.ok("user", "list").out
    assert program.ok("user", "list", "--search", "x").out == "No user fits.\n"
