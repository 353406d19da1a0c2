"""The order of tests where several processes of pytest-xdist do them: long ones begin first.

Each process begins with an equal part of the list, and takes from others' ends when it is done. So
a test of half a minute at the end of a part would keep one process busy when all others are done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def dealt(tests: Sequence[T], parts: int, is_long: Callable[[T], bool]) -> list[T]:
    """Return the tests in that order: each of so many equal parts begins with its long ones.

    Where there are more long ones than a part takes, the order stays as it is.
    """
    long = [test for test in tests if is_long(test)]
    short = iter([test for test in tests if not is_long(test)])
    found: list[T] = []
    for number in range(parts):
        size = (len(tests) - len(found)) // (parts - number)
        part = long[number::parts]
        if len(part) > size:
            return list(tests)
        found += part + [next(short) for _ in range(size - len(part))]
    return found
