"""Users' own platforms: what a declaration becomes, and what is said of a wrong one."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.errors import Invalid
from netraven.platforms.catalogue import NATIVE, read_platforms
from netraven.platforms.linear import MAX_CHARACTERS, linear_pattern
from netraven.platforms.observation import Yields
from netraven.platforms.own import read_platform
from netraven.platforms.own_session import NOT_PROMPTS
from netraven.platforms.platform import BlockSyntax, Platform, Proof
from netraven.platforms.registry import PLATFORMS, get_platform
from netraven.platforms.secret_rules import WORDS

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "operations" / "examples" / "acme_ros.yaml"
PAGE = ROOT / "docs" / "operations" / "own-platforms.md"

LEAST = """\
name: acme
prompt: '[a-z]+>'
commands:
  - {text: show all, yields: running}
"""


def read(text: str) -> Platform:
    return read_platform(text, "acme.yaml")


class TestExample:
    def test_the_documented_example_is_a_platform(self) -> None:
        platform = read_platform(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name)

        assert (platform.name, platform.vendor) == ("acme_ros", "Acme")
        assert platform.proof is Proof.OWN
        assert [command.text for command in platform.commands_for(Yields.RUNNING)] == [
            "show running-config"
        ]
        assert platform.blocks is BlockSyntax.INDENT
        assert platform.secrets[-len(WORDS) :] == WORDS

    def test_every_key_is_in_the_documentation(self) -> None:
        fault = fault_of("nonesuch: 1\n" + LEAST)

        keys = set(re.findall(r"^\| (`[^|]*`) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
        documented = {name for cell in keys for name in re.findall(r"`(\w+)`", cell)}
        known = set(fault.partition("known are ")[2].split(", "))
        assert documented == known


class TestDeclaration:
    def test_the_least_one_is_proven_by_a_second_reading_and_shows_no_secret(self) -> None:
        platform = read(LEAST)

        assert platform.completeness.reread
        assert platform.secrets == ()

    def test_an_empty_list_of_secrets_asks_for_the_common_rules(self) -> None:
        assert read(LEAST + "secrets: []\n").secrets == WORDS

    def test_it_extends_a_native_one(self) -> None:
        native = get_platform("cisco_ios")
        assert native is not None

        platform = read(
            "name: acme\nextends: cisco_ios\nlabel: Acme\nvolatile: ['! Seen .*']\n"
            "secrets: [{hide: '^token {word}'}]\npaging_off: [no page]\n"
        )

        assert platform.prompt is native.prompt
        assert platform.commands == native.commands
        assert platform.completeness is native.completeness
        assert platform.volatile[1:] == native.volatile
        assert platform.secrets[1:] == native.secrets
        assert platform.paging_off == ("no page",)
        assert platform.aliases.oxidized == ()
        assert (platform.recordings, platform.proof) == (0, Proof.OWN)

    def test_enable_can_be_taken_from_it(self) -> None:
        assert read("name: acme\nextends: cisco_ios\nenable:\n").enable is None

    def test_words_that_yaml_takes_for_something_else_stay_words(self) -> None:
        platform = read(LEAST + "leave: [no, off, 007]\n")

        assert platform.leave == ("no", "off", "007")


class TestFaults:
    @pytest.mark.parametrize(
        ("text", "place", "sentence"),
        [
            (LEAST + "promt: x\n", "line 5, column 1", "did you mean `prompt`?"),
            (LEAST + "name: b\n", "line 5, column 1", "`name` stands here for the second time"),
            (LEAST + "vendor: [a]\n", "line 5, column 9", "a text is due here, not a list"),
            (LEAST + "leave: exit\n", "line 5, column 8", "a list is due here, not a single"),
            (LEAST + "enable: {optional: 1}\n", "line 5, column 20", "true or false is due"),
            (LEAST + "blocks: tabs\n", "line 5, column 9", "none of indent, braces, flat"),
            (LEAST + "errors: ['[']\n", "line 5, column 10", "a [ is never closed"),
            (LEAST + "errors: ['(a+']\n", "line 5, column 10", "a ( is never closed"),
            (LEAST + "errors: ['(?=x)y']\n", "line 5, column 10", "write it without"),
            (LEAST + r"errors: ['(a)\1']", "line 5, column 10", "write it without"),
            (LEAST + "errors: ['a*+']\n", "line 5, column 10", "write it without"),
            (LEAST + "errors: ['a{5000}']\n", "line 5, column 10", "it repeats too often"),
            (LEAST + "errors: ['.*']\n", "line 5, column 10", "no capture would ever be good"),
            (LEAST + "volatile: ['.*']\n", "line 5, column 12", "would never be seen"),
            (LEAST + "secrets: [{hide: '^key'}]\n", "line 5, column 18", "captures nothing"),
            (LEAST + "secrets: [{}]\n", "line 5, column 11", "exactly one of"),
            (LEAST + "pagers: [{pattern: 'a*'}]\n", "line 5, column 20", "found in every line"),
            (LEAST + "questions: [{pattern: x}]\n", "line 5, column 13", "`answer` is missing"),
            (LEAST + "literals: [{word: b, opens: b}]\n", "line 5, column 12", "how it `closes`"),
            (LEAST + "facts: {model: [x]}\n", "line 5, column 17", "group must hold the value"),
            (LEAST + 'leave: ["a\\nb"]\n', "line 5, column 9", "one line without control"),
            (LEAST + "leave: [&a x, *a]\n", "line 5, column 9", "anchors"),
            (LEAST + "leave: [!!int 5]\n", "line 5, column 9", "tags"),
            (LEAST + "leave: [x\n", "line 6, column 1", "it is not YAML"),
            (LEAST.replace("acme", "cisco_ios"), "line 1, column 7", "NetRaven's own"),
            (LEAST.replace("acme", "ios"), "line 1, column 7", "another tool's for cisco_ios"),
            (LEAST.replace("acme", "Acme OS"), "line 1, column 7", "is no name for a platform"),
            (LEAST.replace("[a-z]+>", ".*"), "line 2, column 9", "an empty line would be a prompt"),
            (LEAST.replace("[a-z]+>", ".+"), "line 2, column 9", "the line '!' would be a prompt"),
            (LEAST.replace("running", "config"), "line 4, column 30", "'config' is none of"),
            (
                LEAST.replace("running", "version"),
                "line 4, column 3",
                "no command yields `running`",
            ),
            ("name: acme\nprompt: 'a>'\n", "line 1, column 1", "`commands` is missing"),
            ("name: acme\nextends: nope\n", "line 2, column 10", "nope is no native platform"),
            ("name: acme\nextends: auto\n", "line 2, column 10", "auto is no native platform"),
            ("name: acme\nextends: netmiko:x_y\n", "line 2, column 10", "is no native platform"),
            ("- a\n", "line 1, column 1", "keys with values are due here, not a list"),
        ],
    )
    def test_each_is_named_with_its_place(self, text: str, place: str, sentence: str) -> None:
        message = fault_of(text)

        assert message.startswith(f"acme.yaml, {place}: ")
        assert sentence in message
        assert "\n" not in message

    @pytest.mark.parametrize("text", ["", "# nothing\n", "a: \x00", "\ttab: x", "a: b: c"])
    def test_what_is_no_declaration_at_all_is_told_in_one_line(self, text: str) -> None:
        assert "\n" not in fault_of(text)

    @given(st.text(max_size=200))
    def test_whatever_a_file_holds_is_told_in_a_sentence(self, text: str) -> None:
        with pytest.raises(Invalid):
            read(text)

    @given(st.data())
    def test_so_is_whatever_is_changed_in_a_right_one(self, data: st.DataObject) -> None:
        right = EXAMPLE.read_text(encoding="utf-8")
        at = data.draw(st.integers(0, len(right) - 1))
        wrong = right[:at] + data.draw(st.text(max_size=5)) + right[at + 1 :]

        with suppress(Invalid):
            read(wrong)

    def test_what_is_nested_too_deeply_is_refused(self) -> None:
        assert "nested too deeply" in fault_of("a: " + "[" * 100_000)

    def test_a_pattern_without_end_is_refused(self) -> None:
        assert f"longer than {MAX_CHARACTERS} characters" in fault_of(
            LEAST + f"errors: ['{'x' * (MAX_CHARACTERS + 1)}']\n"
        )


class TestNativePlatforms:
    @pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
    def test_they_would_pass_the_same_checks(self, platform: Platform) -> None:
        patterns = [*platform.errors, *platform.volatile, *platform.intruders, platform.prompt]

        assert [linear_pattern(pattern.pattern).pattern for pattern in patterns]
        assert not any(platform.prompt.fullmatch(line) for line in NOT_PROMPTS)


class TestLinearTime:
    def test_what_would_take_a_lifetime_takes_none(self) -> None:
        pattern = linear_pattern(r"(?:a+)+(?:b+)+c")

        assert pattern.fullmatch("a" * 100_000) is None

    def test_it_stands_in_for_the_standard_librarys(self) -> None:
        pattern = linear_pattern(r"(?P<name>[a-z]+)([#>])")
        match = pattern.search("é core#")

        assert match is not None
        assert (match.start(), match.end(), match[2]) == (2, 7, "#")
        assert (match.groupdict(), match.group()) == ({"name": "core"}, "core#")
        assert (pattern.groups, dict(pattern.groupindex)) == (2, {"name": 1})
        assert [found.start() for found in pattern.finditer("a# b>")] == [0, 3]
        assert pattern.match(" a#") is None


class TestCatalogue:
    def test_without_files_there_are_the_native_ones(self) -> None:
        assert [*NATIVE] == [*PLATFORMS]
        assert NATIVE.resolve("ios") is get_platform("cisco_ios")
        assert NATIVE.get("acme") is None

    def test_own_ones_are_found_by_name_and_alias(self) -> None:
        known = read_platforms({"a.yaml": LEAST + "aliases: {rancid: [ACME-OS]}\n"})

        assert known.faults == ()
        assert known.resolve("Acme_os") is known.get("acme")
        assert "acme" in known.names()
        assert known.close_names("acm") == ["acme"]

    def test_a_wrong_file_stops_only_itself(self) -> None:
        known = read_platforms({"a.yaml": "name: 7", "b.yaml": LEAST, "c.yaml": None})

        assert [platform.name for platform in known.own] == ["acme"]
        assert [fault.partition(":")[0] for fault in known.faults] == [
            "a.yaml, line 1, column 7",
            "c.yaml",
        ]

    def test_the_second_of_two_of_one_name_is_left_out(self) -> None:
        known = read_platforms({"a.yaml": LEAST, "b.yaml": LEAST})

        assert known.faults == ("b.yaml: acme is declared in a.yaml already; change one of them",)


def fault_of(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        read(text)
    return str(caught.value)
