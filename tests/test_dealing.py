"""Long tests are dealt so that every process begins with some."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.dealing import dealt


def test_each_part_begins_with_its_long_tests() -> None:
    tests = ["a", "b", "C", "d", "E", "f", "G", "h"]

    assert dealt(tests, 2, str.isupper) == ["C", "G", "a", "b", "E", "d", "f", "h"]


def test_order_stays_where_long_tests_are_too_many() -> None:
    assert dealt(["A", "B", "C", "d"], 4, str.isupper) == ["A", "B", "C", "d"]
    assert dealt(["A", "B", "c"], 3, lambda test: test in "AB") == ["A", "B", "c"]


@given(st.lists(st.booleans()), st.integers(1, 8))
def test_no_test_is_lost_and_others_keep_their_order(kinds: list[bool], parts: int) -> None:
    tests = list(enumerate(kinds))

    found = dealt(tests, parts, lambda test: test[1])

    assert sorted(found) == tests
    short = [number for number, is_long in found if not is_long]
    assert all(first < second for first, second in pairwise(short))
