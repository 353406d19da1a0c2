"""What is said of a session that did not go on: patterns and platforms, never its words."""

from __future__ import annotations

import pytest

from netraven.collect.advice import advise
from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS, get_platform


def platform(name: str = "cisco_ios") -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


def advice(last_line: str, awaited: str = "a prompt", name: str = "cisco_ios") -> str:
    return "; ".join(advise(f"Welcome\r\n{last_line}", awaited, platform(name), PLATFORMS))


def test_it_says_what_a_prompt_would_have_been() -> None:
    said = advice("r1]")

    assert f"matches `{platform().prompt.pattern}`" in said
    assert "no rule of cisco_ios goes on behind the last line" in said


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "the last line is empty"),
        ("core-1#", "but it is not the one that was learned"),
        (" --More-- ", "is a pager that was answered, and the device did not go on"),
        ("Press any key to continue", "a question that the platform answers between login"),
        ("Username: ", "looks like a login question"),
        ("Continue? [y/N] ", "an entry under `questions` whose pattern matches it"),
    ],
)
def test_it_says_what_the_last_line_is(line: str, sentence: str) -> None:
    assert sentence in advice(line)


def test_it_names_the_platforms_that_know_the_line() -> None:
    assert "for juniper_junos" in advice("---(more 25%)---")
    assert "that line is a pager" in advice("---(more 25%)---")


def test_an_enable_question_is_told_by_its_pattern() -> None:
    said = advice("Enter code", "the enable password question")

    assert "the question for the enable secret matches" in said


def test_no_word_of_the_device_is_in_it() -> None:
    assert "hunter2" not in advice("password hunter2 is wrong")
