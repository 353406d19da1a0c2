"""`make bench`: every benchmark with its peers in the same run, its table and its targets.

Ends with 1 where a target is missed. With `--small` (`make bench-smoke`) each runs once at small
size, which shows that it is alive and says nothing of the targets.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    asking,
    collecting,
    history,
    importing,
    lists,
    processes,
    sessions,
    storage,
    sweep,
)
from benchmarks.outcomes import Outcome

BENCHMARKS: dict[str, tuple[Callable[[], Outcome], Callable[[], Outcome]]] = {
    "collecting": (
        lambda: collecting.measure(collecting.Effort()),
        lambda: collecting.measure(collecting.SMALL),
    ),
    "sweep": (
        lambda: sweep.measure(sweep.Effort()),
        lambda: sweep.measure(sweep.SMALL),
    ),
    "storage": (
        lambda: storage.measure(storage.Effort()),
        lambda: storage.measure(storage.SMALL),
    ),
    "sessions": (
        lambda: sessions.measure(sessions.Effort()),
        lambda: sessions.measure(sessions.SMALL_EFFORT),
    ),
    "history": (
        lambda: history.measure(history.Effort()),
        lambda: history.measure(history.SMALL),
    ),
    "processes": (
        lambda: processes.measure(processes.Effort()),
        lambda: processes.measure(processes.SMALL),
    ),
    "importing": (
        lambda: importing.measure(importing.Effort()),
        lambda: importing.measure(importing.SMALL),
    ),
    "lists": (
        lambda: lists.measure(lists.Effort()),
        lambda: lists.measure(lists.SMALL_EFFORT),
    ),
    "http": (
        lambda: asking.measure(asking.Effort()),
        lambda: asking.measure(asking.SMALL_EFFORT),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a moment's work: is it alive?")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all without")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    missed: list[str] = []
    for name in arguments.names or BENCHMARKS:
        outcome = BENCHMARKS[name][arguments.small]()
        outcome.show(is_judged=not arguments.small)
        missed += [target.name for target in outcome.targets if not target.holds]
    if missed and not arguments.small:
        sys.exit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
