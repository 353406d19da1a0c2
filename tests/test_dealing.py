"""Long tests are dealt so that half of the processes begin with them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.dealing import dealt


def test_one_of_two_parts_begins_with_the_long_tests() -> None:
    tests = ["a", "b", "C", "d", "E", "f", "G", "h"]

    assert dealt(tests, 2, str.isupper) == ["C", "E", "G", "a", "b", "d", "f", "h"]


def test_two_of_four_parts_share_the_long_tests() -> None:
    tests = ["a", "B", "c", "D", "e", "f", "G", "h"]

    assert dealt(tests, 4, str.isupper) == ["B", "G", "D", "a", "c", "e", "f", "h"]


def test_order_stays_where_long_tests_are_too_many() -> None:
    assert dealt(["a", "B", "C", "D"], 2, str.isupper) == ["a", "B", "C", "D"]


@given(st.lists(st.booleans()), st.integers(1, 8))
def test_no_test_is_lost_and_short_ones_keep_their_order(kinds: list[bool], parts: int) -> None:
    tests = list(enumerate(kinds))

    found = dealt(tests, parts, lambda test: test[1])

    assert sorted(found) == tests
    short = [number for number, is_long in found if not is_long]
    assert all(first < second for first, second in pairwise(short))
