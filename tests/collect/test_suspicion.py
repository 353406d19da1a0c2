from __future__ import annotations

import pytest

from netraven.collect.prompt import Prompt, find_prompt
from netraven.collect.suspicion import Signs, find_intruders, find_mixture, find_open_blocks
from netraven.collect.terminal import resolve
from netraven.platforms.aruba_aoscx import ARUBA_AOSCX
from netraven.platforms.cisco_ftd import CISCO_FTD
from netraven.platforms.cisco_ios import CISCO_IOS
from netraven.platforms.juniper_junos import JUNIPER_JUNOS
from netraven.platforms.observation import Oddity
from netraven.platforms.platform import Platform

LOG = "*Mar  3 06:11:09.123: %LINK-3-UPDOWN: Interface Gi1/0/7, changed state to down"


def prompt(text: str, platform: Platform = CISCO_IOS) -> Prompt:
    found = find_prompt(text, platform)
    assert found is not None
    return found


def signs(text: str) -> Signs:
    return find_intruders(text, prompt("R1#"), CISCO_IOS)


def odd(oddity: Oddity) -> Signs:
    return Signs(oddities=frozenset({oddity}))


def doubtful(oddity: Oddity) -> Signs:
    return Signs(doubts=frozenset({oddity}))


@pytest.mark.parametrize(
    ("line", "oddity"),
    [
        (LOG, Oddity.LOG_LINE),
        ("R1#", Oddity.PROMPT_IN_TEXT),
        ("R2> ", Oddity.PROMPT_IN_TEXT),
        (" --More--", Oddity.PAGER_IN_TEXT),
        ("% Error: insufficient memory", Oddity.ERROR_IN_TEXT),
    ],
)
def test_what_is_odd_among_commands_is_a_doubt_in_free_text(line: str, oddity: Oddity) -> None:
    assert signs(f"hostname R1\n{line}\nend") == odd(oddity)
    assert signs(f"banner motd ^C\n{line}\n^C\nend") == doubtful(oddity)


@pytest.mark.parametrize(
    "line",
    [" description core#1", " description uplink>", " 100%", "* R1#  authorised use only >"],
)
def test_what_operators_write_is_no_sign(line: str) -> None:
    assert signs(f"hostname R1\n{line}\nend") == Signs()


def test_an_end_within_free_text_is_none_however_often_it_is_read() -> None:
    assert signs("banner motd ^C\nend") == odd(Oddity.END_IN_FREE_TEXT)


@pytest.mark.parametrize(
    ("own", "line", "expected"),
    [
        (">", ">: Saved", odd(Oddity.PROMPT_IN_TEXT)),
        (">", "> show version", odd(Oddity.PROMPT_IN_TEXT)),
        ("#", "#! a comment", Signs()),
        ("#", "# show running-config", odd(Oddity.PROMPT_IN_TEXT)),
    ],
)
def test_a_bare_arrow_begins_no_line_and_a_hash_may(own: str, line: str, expected: Signs) -> None:
    bare = prompt(own, CISCO_FTD)

    found = find_intruders(f"names\n{line}\n: end", bare, CISCO_FTD, typed="show running-config")

    assert found == expected


def test_a_prompt_with_blanks_is_only_taken_for_one_where_it_is_the_devices_own() -> None:
    def found(line: str) -> Signs:
        own = prompt("ssh prompt#", ARUBA_AOSCX)
        return find_intruders(f"hostname x\n{line}\nvlan 1", own, ARUBA_AOSCX)

    assert found("ssh prompt#") == odd(Oddity.PROMPT_IN_TEXT)
    assert found("snmp community secret#") == Signs()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"caf\xe9", Signs()),
        (b"caf\xc3\xa9", Signs()),
        (b"caf\xe9 caf\xc3\xa9", doubtful(Oddity.MIXED_ENCODING)),
        (b"\xff\xfe", doubtful(Oddity.MIXED_ENCODING)),
    ],
)
def test_two_encodings_in_one_text_are_doubted(raw: bytes, expected: Signs) -> None:
    assert find_mixture(raw, resolve(raw)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("system {\n    a;\n}", Signs()),
        ("system {\n    /* one { */\n    ## two {\n    a { b; }\n}", Signs()),
        ("system {\n    services {", odd(Oddity.BLOCKS_UNBALANCED)),
        ("    }\n}", odd(Oddity.BLOCKS_UNBALANCED)),
    ],
)
def test_blocks_in_braces_must_be_closed(text: str, expected: Signs) -> None:
    assert find_open_blocks(text, JUNIPER_JUNOS) == expected


def test_signs_add_up_in_a_fixed_order() -> None:
    both = odd(Oddity.TEXT_OVERWRITTEN) | doubtful(Oddity.LOG_LINE)

    assert both.all() == (Oddity.LOG_LINE, Oddity.TEXT_OVERWRITTEN)
    assert both
    assert not Signs()


class TestWhatStandsInTheMiddle:
    """The end of a configuration, and what was typed at a prompt."""

    def test_an_end_above_other_lines_is_suspicious(self) -> None:
        text = "hostname R1\nend\nhostname R1\nend"

        assert Oddity.END_IN_TEXT in signs(text).oddities

    def test_the_one_at_the_end_is_not(self) -> None:
        assert not signs("hostname R1\n end\nend\n\n")

    def test_one_in_a_banner_is_not(self) -> None:
        assert Oddity.END_IN_TEXT not in signs("banner motd ^C\nend\n^C\nend").oddities

    def test_a_line_that_begins_with_the_learned_prompt_is_suspicious(self) -> None:
        for line in ("R1#show running-config", "R1# show version", "R1#"):
            assert Oddity.PROMPT_IN_TEXT in signs(f"vlan 1\n{line}\nend").oddities
            assert Oddity.PROMPT_IN_TEXT in signs(f"{line}\nend").oddities

    def test_one_that_only_holds_it_is_not(self) -> None:
        assert not signs("interface e0\n description R1#e0\nend")
