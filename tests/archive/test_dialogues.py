"""Records of sessions: broken off, with gaps and terminal codes, and no half secret is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.dialogues import bounded, show
from netraven.archive.redact import NOTHING_SHOWN
from netraven.collect.dialogue import Dialogue
from netraven.platforms.platform import Platform
from netraven.platforms.registry import get_platform

KEY = bytes(range(32))
MARKED = re.compile("«(.*?)»")
SAMPLES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (Path(__file__).parent / "secret_lines").glob("*.txt")
}
# What a line's meaning may depend on stands no further above it.
ABOVE = 25
GAP = "[... 812 bytes left out ...]\n"


def platform(name: str) -> Platform:
    found = get_platform(name)
    assert found is not None
    return found


def ios(record: str) -> str:
    return show(record, platform("cisco_ios"), KEY)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_half_of_a_secret_is_seen_wherever_a_record_breaks_off(name: str) -> None:
    marked = SAMPLES[name].split("\n")
    lines = [MARKED.sub(r"\1", line) for line in marked]

    for number, line in enumerate(marked):
        for secret in MARKED.finditer(line):
            first = len(MARKED.sub(r"\1", line[: secret.start()]))
            # Three characters, as the mark of a hash has them, may be the end of a prompt.
            for length in range(min(4, len(secret[1])), len(secret[1]) + 1):
                cut = lines[number][: first + length]
                above = lines[max(0, number - ABOVE) : number]
                shown = show("\r\n".join([*above, cut]), platform(name), KEY)
                last = shown.rpartition("\n")[2]
                assert last == NOTHING_SHOWN or not last.endswith(secret[1][:length]), cut


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_secret_is_seen_wherever_a_record_has_its_gap(name: str) -> None:
    marked = SAMPLES[name].split("\n")
    lines = [MARKED.sub(r"\1", line) for line in marked]
    whole = show("\n".join(lines), platform(name), KEY).split("\n")

    for number in range(1, len(lines)):
        behind = show(f"{GAP}" + "\n".join(lines[number:]), platform(name), KEY).split("\n")[1:]
        for shown, expected, original in zip(behind, whole[number:], marked[number:], strict=True):
            assert (
                "«" not in original
                or shown == NOTHING_SHOWN
                or shown != MARKED.sub(r"\1", original)
            ), (number, expected)


def test_a_gap_in_a_session_is_known_as_one() -> None:
    session = Dialogue()
    session.received(b"core-1#show running-config\r\n")
    for number in range(4_000):
        session.received(b"snmp-server community s3cret%d RO\r\n" % number)

    shown = ios(session.text())

    before, gap, behind = shown.partition("[...")
    assert before.startswith("core-1#show running-config\nsnmp-server community ‹secret:")
    # The line before the gap may be half.
    assert before.endswith(f"{NOTHING_SHOWN}\n")
    assert gap
    assert "s3cret" not in shown
    assert behind.count("‹secret:") > 100


def test_what_may_belong_to_a_section_that_began_in_the_gap_is_hidden() -> None:
    shown = ios(f"{GAP} key one\n key two\n!\ninterface Vlan1\n ip address 192.0.2.1\n")

    assert shown == (
        f"{GAP}{NOTHING_SHOWN}\n{NOTHING_SHOWN}\n!\ninterface Vlan1\n ip address 192.0.2.1\n"
    )


def test_what_may_belong_to_a_key_that_began_in_the_gap_is_hidden() -> None:
    shown = ios(f"{GAP}MIIEpAIBAAKCAQEA\nq83vEjRWeJ\n-----END RSA PRIVATE KEY-----\nend\n")

    assert shown == f"{GAP}{NOTHING_SHOWN}\n{NOTHING_SHOWN}\n{NOTHING_SHOWN}\nend\n"


def test_a_whole_key_behind_a_gap_is_hidden_as_ever() -> None:
    shown = ios(
        f"{GAP}end\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n"
        "-----END RSA PRIVATE KEY-----\nline con 0\n"
    )

    assert "MIIE" not in shown
    assert "end\n-----BEGIN RSA PRIVATE KEY-----\n" in shown
    assert shown.endswith("line con 0\n")


@pytest.mark.parametrize(
    "line",
    [
        "--More--\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\bsnmp-server community c4nary RO",
        "--More--\r        \rsnmp-server community c4nary RO",
        "--More--\x1b[8D\x1b[Ksnmp-server community c4nary RO",
        "--More--\x1b[2Ksnmp-server community c4nary RO",
        "--More-- \x07snmp-server community c4nary RO",
        "snmp-server comm\x7funity c4nary RO",
        "snmp-server comm\x9bunity c4nary RO",
    ],
)
def test_a_line_that_a_terminal_draws_over_is_hidden(line: str) -> None:
    assert ios(f"a\r\n{line}\r\nb\r\n") == f"a\n{NOTHING_SHOWN}\nb\n"


CODES = st.sampled_from(
    [
        "\r",
        "\b",
        "\x07",
        "\x00",
        "\x1b[K",
        "\x1b[2K",
        "\x1b[8D",
        "\x1b[0m",
        "\x1b[?25h",
        "\x1b",
        "\x9b",
        " ",
    ]
)
JUNK = st.lists(st.one_of(CODES, st.just("--More--")), max_size=6).map("".join)


@given(before=JUNK, within=JUNK, behind=JUNK, ending=st.sampled_from(["\n", "\r\n", "\n\r", ""]))
def test_no_code_of_a_terminal_uncovers_a_secret(
    before: str, within: str, behind: str, ending: str
) -> None:
    line = f"{before}snmp-server {within}community c4narySecret{behind} RO{ending}"

    shown = ios(f"end\n{line}")

    assert "c4nary" not in shown


def test_a_key_is_hidden_though_its_first_line_is_drawn_over() -> None:
    shown = ios("--More--\r\r-----BEGIN RSA PRIVATE KEY-----\r\nMIIEpAIBAAKCAQEA\r\nend\r\n")

    assert "MIIE" not in shown


def test_colours_and_titles_hide_nothing() -> None:
    shown = ios(
        "\x1b]0;core-1\x07\x1b[?2004h\x1b[32mcore-1#\x1b[0mshow clock\x1b[K\r\n\x07\x1b[Kntp\r\n"
    )

    assert shown == "core-1#show clock\nntp\n"


@pytest.mark.parametrize(
    "line", ["core-1#", "core-1(config)#", "Password: ", "Continue? [yes/no]: ", " --More-- "]
)
def test_the_prompt_or_question_that_a_session_waits_at_is_shown(line: str) -> None:
    assert ios(f"% Ambiguous command\r\n{line}") == f"% Ambiguous command\n{line}"


@pytest.mark.parametrize("line", ["snmp-server commun", "    community pub", "router bgp 65000"])
def test_any_other_unfinished_line_is_hidden(line: str) -> None:
    assert ios(f"end\r\n{line}") == f"end\n{NOTHING_SHOWN}"


def test_what_fits_is_kept_whole() -> None:
    assert bounded("a\nb", 3) == "a\nb"
    assert bounded("", 3) == ""


def test_what_does_not_fit_loses_its_middle_in_whole_lines() -> None:
    text = "".join(f"line {number}\n" for number in range(1_000))

    kept = bounded(text, 400)

    head, _, tail = kept.partition("[... 8499 bytes left out ...]\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert (len(head), len(tail)) == (94, 297)


def test_one_endless_line_is_left_out() -> None:
    assert bounded("x" * 1_000, 400) == "[... 1000 bytes left out ...]\n"


def test_what_is_no_text_is_kept_readable() -> None:
    assert bounded("a\udcff\n", 400) == "a?\n"
