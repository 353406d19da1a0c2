from __future__ import annotations

import pytest

from netraven.collect.prompt import find_prompt, like_prompt, merge_prompts, repeated_prompt
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.linux import LINUX
from netraven.platforms.platform import Platform


def learned(platform: Platform, *sights: str) -> tuple[str, list[str]]:
    """Return the prompt learned from these sights, and which of some lines it is."""
    prompt = None
    for line in sights:
        seen = find_prompt(line, platform)
        assert seen is not None
        prompt = seen if prompt is None else merge_prompts(prompt, seen)
    assert prompt is not None
    return prompt.text, [line for line in LINES if prompt.is_shown_by(line)]


LINES = ("R1#", "R1>", "R2#", "R1#show", "x R1#", "u@h1 [7]$", "u@h2 [7]$", "u@h1 [x]$")


@pytest.mark.parametrize(
    ("platform", "sights", "text", "known"),
    [
        (CISCO_IOS, ["R1#"], "R1#", ["R1#"]),
        (CISCO_IOS, ["R1#", "R1#"], "R1#", ["R1#"]),
        (CISCO_IOS, ["welcome#", "R1#"], "R1#", ["R1#"]),
        (CISCO_IOS, ["R2#", "R1#"], "R1#", ["R1#"]),
        (LINUX, ["u@h1 [1]$", "u@h1 [2]$"], "u@h1 [2]$", ["u@h1 [7]$"]),
        (LINUX, ["u@h1 [9]$", "u@h1 [10]$", "u@h1 [11]$"], "u@h1 [10]$", ["u@h1 [7]$"]),
    ],
)
def test_a_prompt_is_known_by_its_exact_text_and_its_counters(
    platform: Platform, sights: list[str], text: str, known: list[str]
) -> None:
    assert learned(platform, *sights) == (text, known)


def test_the_host_name_is_read_from_the_prompt() -> None:
    for line, name in [("R1#", "R1"), ("sw-1(config-if)#", "sw-1")]:
        prompt = find_prompt(line, CISCO_IOS)

        assert prompt is not None
        assert prompt.name == name


def test_a_prompt_without_a_name_has_none() -> None:
    prompt = find_prompt("$", LINUX)

    assert prompt is not None
    assert prompt.name is None


@pytest.mark.parametrize(
    ("line", "again", "name"),
    [
        ("R&D-sw>", "R&D-sw>", "D-sw"),
        ("[12:00:59] core (a)#", "[12:01:00] core (a)#", "core"),
        ("=核心=]", "=核心=]", "核心"),
    ],
)
def test_a_line_that_enter_shows_again_is_a_prompt(line: str, again: str, name: str) -> None:
    prompt = repeated_prompt(line, again)

    assert prompt is not None
    assert prompt.name == name
    assert prompt.is_shown_by(again)
    assert not prompt.is_shown_by(f"x{again}")


@pytest.mark.parametrize(
    ("line", "again"),
    [
        ("R1>", "R2x>"),
        ("Username>", "Username>"),
        ("new password>", "new password>"),
        ("<--- More --->", "<--- More --->"),
        ("Enter your choice>", "Enter your choice>"),
        ("1) Shell 2) Select>", "1) Shell 2) Select>"),
        ("waiting", "waiting"),
        ("####", "####"),
        ("", ""),
    ],
)
def test_a_question_a_menu_or_a_pager_is_none_however_often_it_is_shown(
    line: str, again: str
) -> None:
    assert repeated_prompt(line, again) is None


def test_a_learned_prompt_is_known_with_other_privileges() -> None:
    known = repeated_prompt("R&D-1>", "R&D-1>")

    assert known is not None
    assert like_prompt("R&D-1#", known) is not None
    assert like_prompt("R&D-1", known) is None
    assert like_prompt("other#", known) is None
