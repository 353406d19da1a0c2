"""`netraven setting`: what administrators set; secrets never as an argument."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from netraven.admin.settings import get_setting_value
from netraven.admin.sso_settings import SSO_SETTINGS
from netraven.db.types import JsonValue
from netraven.models import AdminSetting
from tests.cli.conftest import Program

USAGE, NOT_FOUND = 2, 3
LIMIT = "security.login.max_failed_attempts"
PASSWORD = "notification.email.smtp_password"


def effective(program: Program, key: str) -> JsonValue:
    with program.unit() as db:
        return get_setting_value(db, key)


def test_settings_are_there_from_the_beginning(program: Program) -> None:
    told = program.json("setting", "list")
    table = program.ok("setting", "list", "--category", "security", "--search", "lockout")

    # The 34 built-in ones, those of single sign-on, and which commands runs may give.
    assert told["total"] == 34 + len(SSO_SETTINGS) + 1
    assert table.out.splitlines()[1].split()[:2] == ["security.login.lockout_minutes", "15"]
    assert program.ok("setting", "list", "--search", "nope").out == "No setting fits.\n"


def test_a_setting_is_shown_with_default_and_bounds(program: Program) -> None:
    program.ok("setting", "set", LIMIT, "7")

    shown = program.ok("setting", "show", LIMIT).out
    told = program.json("setting", "show", LIMIT)

    assert "1 to 100" in shown
    assert (told["value"], told["default"]) == (7, 5)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        (LIMIT, "7", 7),
        ("notification.email.enabled", "On", True),
        ("notification.email.enabled", "no", False),
        ("system.general.application_name", "7", "7"),
        ("system.schedule.default_timezone", "Europe/Zurich", "Europe/Zurich"),
    ],
)
def test_a_value_is_read_by_the_settings_type(
    program: Program, key: str, text: str, value: JsonValue
) -> None:
    program.ok("setting", "set", key, text)

    assert effective(program, key) == value


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        ((LIMIT, "0"), USAGE, "a whole number from 1 to 100"),
        ((LIMIT, "abc"), USAGE, "must be a number"),
        ((LIMIT, "true"), USAGE, "must be a number"),
        ((LIMIT,), USAGE, "write the value behind the key"),
        ((LIMIT, "--value-stdin"), USAGE, "write the value behind the key"),
        (("notification.email.enabled", "maybe"), USAGE, "must be a boolean"),
        (("system.schedule.default_timezone", "Mars/Base"), USAGE, "value"),
        (("no.such.key", "1"), NOT_FOUND, "there is no setting no.such.key"),
        ((PASSWORD, "canary"), USAGE, "is a secret"),
        ((PASSWORD,), USAGE, "there is no terminal to ask at"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(
    program: Program, arguments: tuple[str, ...], exit_code: int, sentence: str
) -> None:
    answer = program.run("setting", "set", *arguments)

    assert answer.exit_code == exit_code
    assert sentence in answer.err
    assert "canary" not in answer.text
    assert effective(program, LIMIT) == 5


def test_a_secret_goes_in_and_never_comes_out(program: Program) -> None:
    answers = [
        program.ok("setting", "set", PASSWORD, "--value-stdin", stdin="canary\n"),
        program.ok("setting", "list"),
        program.ok("setting", "show", PASSWORD, "--json"),
        program.ok("audit", "list", "--all", "--json"),
    ]

    assert effective(program, PASSWORD) == "canary"
    assert all("canary" not in answer.text for answer in answers)
    program.ok("setting", "set", PASSWORD, "")
    assert effective(program, PASSWORD) == ""


def test_reset_names_what_changed(program: Program) -> None:
    program.ok("setting", "set", LIMIT, "7")
    program.ok("setting", "set", "security.login.lockout_minutes", "30")

    told = program.json("setting", "reset", LIMIT)
    every = program.ok("setting", "reset", "--all", "--yes")
    nothing = program.ok("setting", "reset", LIMIT)

    assert told == {"reset": [LIMIT]}
    assert every.out == "Back to the default: security.login.lockout_minutes.\n"
    assert nothing.out == "Nothing differed from its default.\n"


@pytest.mark.parametrize("arguments", [(), (LIMIT, "--all"), ("no.such",), ("--all",)])
def test_reset_asks_to_be_clear(program: Program, arguments: tuple[str, ...]) -> None:
    assert program.run("setting", "reset", *arguments).exit_code == USAGE


def test_missing_settings_are_made_where_one_is_set(program: Program) -> None:
    with program.unit() as db:
        db.execute(delete(AdminSetting))

    empty = program.ok("setting", "list")
    program.ok("setting", "set", LIMIT, "7")

    assert "`netraven init` stores them" in empty.out
    assert effective(program, LIMIT) == 7
    assert program.json("setting", "list")["total"] == 34 + len(SSO_SETTINGS)
