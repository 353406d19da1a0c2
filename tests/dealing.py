"""The order of tests where several processes of pytest-xdist do them: long ones begin first.

Each process begins with an equal part of the list, and takes from others' ends when it is done. A
test of half a minute at the end of a part would keep one process busy when all others are done. It
waits for most of its time, so half of the processes do short ones meanwhile: else all would wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def dealt(tests: Sequence[T], parts: int, is_long: Callable[[T], bool]) -> list[T]:
    """Return the tests in that order: of so many equal parts, half begin with the long ones.

    Where there are more long ones than such a part takes, the order stays as it is.
    """
    long = [test for test in tests if is_long(test)]
    short = iter([test for test in tests if not is_long(test)])
    takers = max(1, parts // 2)
    found: list[T] = []
    for number in range(parts):
        size = (len(tests) - len(found)) // (parts - number)
        part = long[number::takers] if number < takers else []
        if len(part) > size:
            return list(tests)
        found += part + [next(short) for _ in range(size - len(part))]
    return found
