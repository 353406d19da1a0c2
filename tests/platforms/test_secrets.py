from __future__ import annotations

import re

import pytest

from netraven.platforms.platform import Platform
from netraven.platforms.registry import PLATFORMS
from netraven.platforms.secrets import HiddenBlock, HiddenValue, expand, free, hidden


def captured(template: str, line: str) -> list[str]:
    """Return what a template's groups capture in a line."""
    match = re.search(expand(template), line, re.IGNORECASE)
    return [] if match is None else [group for group in match.groups() if group is not None]


@pytest.mark.parametrize(
    ("template", "line", "secrets"),
    [
        ("^key {word}", "key one two", ["one"]),
        ("^key {word}", " \t key \t one", ["one"]),
        ("^key {word}", "no key one", ["one"]),
        ("^key {word}", ' action 1.0 cli command "key one"', ['one"']),
        ("^key {word}", "a key one", []),
        (" key {word}", "a key one", ["one"]),
        (" key {word}", "a-key one", []),
        ("^key {word}", 'key "one two" three', ["one two"]),
        ("^key {word}", r'key "one \" two"', [r"one \" two"]),
        ("^key {word}", 'key "one two', ["one two"]),
        ("^key {word}$", "key one ", ["one"]),
        ("^key {word}$", "key one two", []),
        ("^key {rest}", "key one two ", ["one two"]),
        ("^key {rest}", 'key "one two" three', ["one two"]),
        ("^key {rest}", "key one two secret 5 three", ["one two"]),
        ("^key {type}{word}", "key 7 one", ["one"]),
        ("^key {type}{word}", "key ciphertext one two", ["one"]),
        ("^key {type}{word}", "key 7", ["7"]),
        ("^key {secret}", "key 7 one two", ["one"]),
        ("^key {secret}", "key 0 one two", ["one two"]),
        ("^key {secret}", "key one two", ["one two"]),
        ("^key {secret}", "key 7", ["7"]),
        ("^key {typed}", "key one two", []),
        ("^key {typed}", "key 1 prefer", []),
        ("^key {typed}", "key 7 one two", ["one"]),
        ("^key {typed}", "key 0 one two", ["one two"]),
        ("^key {item}", "key one;", ["one"]),
        ("^key {item}", 'key "one;two";', ["one;two"]),
        ("^key {item}", "key {", []),
    ],
)
def test_a_template_says_where_the_secret_is(template: str, line: str, secrets: list[str]) -> None:
    assert captured(template, line) == secrets


def test_conditions_are_templates_too() -> None:
    rule = hidden("a", "^key {word}", outside="^key chain ", inside="^server ")

    assert rule.outside == expand("^key chain ")
    assert rule.inside == expand("^server ")
    assert free("b", "^name .*").pattern == expand("^name .*")


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_every_platform_knows_keys_hashes_and_addresses_with_passwords(platform: Platform) -> None:
    rules = {rule.name: rule for rule in platform.secrets}

    assert isinstance(rules["private-key"], HiddenBlock)
    assert isinstance(rules["password-hash"], HiddenValue)
    assert isinstance(rules["password-in-url"], HiddenValue)
