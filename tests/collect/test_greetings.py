from __future__ import annotations

import pytest

from netraven.collect.greetings import (
    answer_to_greeting,
    asks_for_new_password,
    asks_for_password,
)

TERMS = "This system is for authorized use only. All sessions are monitored.\n"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("Press any key to continue", ""),
        ("Press q to quit or any other key to continue", ""),
        ("Press SPACE to continue", " "),
        ("(Press 'a' to accept):", "a"),
        ("Do you agree to these terms? Y/N:", "Y"),
        ("Please enter yes to agree or no to disagree:", "yes"),
        ("Acknowledge? <y/n>", "y"),
        ("Do you want to change the password (Y/N)[Y] ?", "n"),
        ("The password will expire. Change now? [Y/N]:", "n"),
        ("Your password expires in 5 days. Change it now? (y/n) [n]:", "n"),
        ("Another user is logged in. Take over (y/n)?", None),
        ("Continue (yes/no)?", None),
        ("CLI session in use. Disconnect it (y/n)?", None),
        ("Select access level: ", None),
    ],
)
def test_a_greeting_is_answered_only_where_the_answer_does_nothing(
    line: str, answer: str | None
) -> None:
    assert answer_to_greeting(line) == answer


def test_going_on_is_agreed_to_where_terms_stand_above() -> None:
    line = "Do you wish to continue? [Y/N]:"

    assert answer_to_greeting(line, TERMS) == "Y"
    assert answer_to_greeting(line, "Configuration is locked by another user.\n") is None
    assert answer_to_greeting("Reboot now and continue? [Y/N]:", TERMS) is None


@pytest.mark.parametrize(
    "line",
    ["New password:", "Enter old password :", "Retype new password:", "(current) UNIX password:"],
)
def test_the_change_of_a_password_is_no_login(line: str) -> None:
    assert asks_for_new_password(line)


def test_a_choice_is_no_question_for_a_password() -> None:
    assert asks_for_password("Password for admin:")
    assert not asks_for_new_password("Password for admin:")
    assert not asks_for_password("Your password expires. Change it? (y/n):")
