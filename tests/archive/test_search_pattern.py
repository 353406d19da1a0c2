"""Patterns of searches: candidates miss no hit, and the pace of users is held."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netraven.archive.opaque import MOST_LINE_BYTES, fold, is_folded
from netraven.archive.search_pace import Pace
from netraven.archive.search_pattern import SearchPattern, read_pattern
from netraven.errors import TooManySearches

LETTERS = st.text(st.sampled_from("abA .1é_-/"), max_size=9)
LINES = st.lists(LETTERS, max_size=8)
WANTED = LETTERS.filter(lambda text: len(text.strip()) >= 2)


def found(pattern: SearchPattern, lines: list[str]) -> list[str]:
    """Return the lines that a scan of all of them at once finds."""
    text, hits, at = "\n".join(lines).encode(), [], 0
    while at <= len(text) and (at := pattern.find(text, at)) >= 0:
        begin = text.rfind(b"\n", 0, at) + 1
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        if pattern.fits(text[begin:end]):
            hits.append(text[begin:end].decode())
        at = end + 1
    return hits


@given(WANTED, LINES, st.booleans())
def test_a_literal_is_found_in_each_line_that_has_it(
    wanted: str,
    lines: list[str],
    case: bool,  # noqa: FBT001
) -> None:
    flags = re.NOFLAG if case else re.IGNORECASE
    pattern = re.compile(re.escape(wanted.strip()), flags)

    assert found(read_pattern(wanted, "literal", case=case), lines) == [
        line for line in lines if pattern.search(line)
    ]


@given(WANTED, LINES)
def test_a_line_is_found_whatever_is_around_it(wanted: str, lines: list[str]) -> None:
    assert found(read_pattern(wanted, "line", case=True), lines) == [
        line for line in lines if line.strip() == wanted.strip()
    ]


@given(st.sampled_from([r"^a", r"a$", r"[^b]a", r"b\s*1", r"\d", r"(a|b)\.", r"é+"]), LINES)
def test_an_expression_never_reaches_into_the_next_line(wanted: str, lines: list[str]) -> None:
    assert found(read_pattern(wanted, "regex", case=True), lines) == [
        line for line in lines if re.search(wanted, line)
    ]


@pytest.mark.parametrize(
    ("line", "is_hit"),
    [
        ("neighbor 10.0.0.1 remote-as 7", True),
        ("remote-as 7, neighbor 10.0.0.1.", True),
        ("neighbor 10.0.0.1/32 remote-as", True),
        ("neighbor 10.0.0.12 remote-as", False),
        ("neighbor 110.0.0.1 remote-as", False),
        ("neighbors 10.0.0.1", False),
        ("10.0.0.1", False),
    ],
)
def test_words_are_whole_and_all_there(line: str, *, is_hit: bool) -> None:
    assert bool(found(read_pattern("10.0.0.1 neighbor", "words", case=True), [line])) is is_hit


def test_somebody_may_search_again_after_a_while() -> None:
    pace = Pace(burst=2, per_minute=30)
    pace.admit("ana", now_s=0)
    pace.admit("ana", now_s=0)

    with pytest.raises(TooManySearches) as refused:
        pace.admit("ana", now_s=1)

    assert refused.value.retry_after_s == 1
    pace.admit("ben", now_s=1)
    pace.admit("ana", now_s=2)


def test_a_fold_keeps_the_number_of_lines() -> None:
    block = [b"  30820330 30820218 A0030201 02020900"] * 5
    lines = [b"chain", *block, b"  30 82", b"  quit", b"x" * (MOST_LINE_BYTES + 1), b"end"]

    folded, others = lines.copy(), lines.copy()
    found = fold(folded, b"key", [range(len(lines))])
    fold(others, b"another key", [range(len(lines))])

    assert [is_folded(line) for line in folded] == [False, *[True] * 6, False, True, False]
    assert folded[1] == folded[6] != folded[8]
    assert found == {1, 2, 3, 4, 5, 6, 8}
    assert folded != others
    forged = "‹opaque:123456789012›".encode()
    left = [forged]
    assert fold(left, b"key", [range(1)]) == {0}
    assert left != [forged]
