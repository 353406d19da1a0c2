from __future__ import annotations

import pytest

from netraven.archive.linematch import LineFinder, LinePattern, LineRules

TEXT = b"hostname r1\n secret one\n\nend secret\n"


def lines_found(finder: LineFinder, text: bytes) -> list[bytes]:
    found = []
    at = 0
    while (line := finder.next_line(text, at)) is not None:
        found.append(text[slice(*line)])
        at = line[1] + 1
    return found


class TestFindingLines:
    def test_each_line_with_a_match_is_found_once(self) -> None:
        finder = LineFinder(["secret", r"^end", "e.?t"])

        assert lines_found(finder, TEXT) == [b" secret one", b"end secret"]

    def test_no_pattern_finds_nothing(self) -> None:
        assert lines_found(LineFinder([]), TEXT) == []

    def test_case_counts_only_where_it_is_asked_for(self) -> None:
        assert lines_found(LineFinder(["SECRET"]), TEXT) == [b" secret one", b"end secret"]
        assert lines_found(LineFinder(["SECRET"], ignores_case=False), TEXT) == []

    def test_a_match_never_goes_on_in_the_next_line(self) -> None:
        assert lines_found(LineFinder([r"one\s+end", r"r1[^x]+secret"]), TEXT) == []

    def test_the_last_line_needs_no_newline(self) -> None:
        assert lines_found(LineFinder(["b$"]), b"a\nb") == [b"b"]

    def test_a_search_may_begin_within_a_line(self) -> None:
        finder = LineFinder(["secret"])

        assert finder.next_line(TEXT, TEXT.index(b"cret one")) == (25, 35)
        assert finder.next_line(TEXT, 15) is not None


class TestRulesOfALine:
    def test_those_that_match_are_named_in_order(self) -> None:
        rules = LineRules(["two", "o", "^one"])

        assert rules.matching(b"one two") == (0, 1, 2)
        assert rules.matching(b"none") == (1,)
        assert rules.matching(b"") == ()

    def test_what_takes_part_in_a_match_is_captured(self) -> None:
        rules = LineRules([r"key (?:(\d+)|(\w+))", "plain"])

        assert list(rules.spans(0, b"key 12 key ab")) == [[(4, 6)], [(11, 13)]]
        assert list(rules.spans(1, b"a plain word")) == [[(2, 7)]]

    def test_the_next_match_may_begin_where_the_last_capture_ends(self) -> None:
        rules = LineRules([r"a (\w+) a"])

        assert list(rules.spans(0, b"a x a y a")) == [[(2, 3)], [(6, 7)]]

    def test_a_pattern_at_the_start_matches_once(self) -> None:
        assert list(LineRules([r"^(a)"]).spans(0, b"aaa")) == [[(0, 1)]]


def test_one_pattern_is_looked_for_in_a_line() -> None:
    assert LinePattern(r"^key chain ").matches(b"KEY chain X")
    assert not LinePattern(r"^key chain ").matches(b"a key chain X")


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "("])
def test_patterns_that_could_take_for_ever_are_refused(pattern: str) -> None:
    with pytest.raises(Exception, match=r"invalid|missing"):
        LineRules([pattern])
