from __future__ import annotations

import pytest

from benchmarks.collecting import QUICK, Race
from benchmarks.contestants import Reading
from benchmarks.outcomes import Target, as_table


@pytest.mark.parametrize(
    ("found", "is_least", "said"),
    [
        (2.0, False, "holds: CPU 2 ≤ 2"),
        (2.01, False, "MISSED: CPU 2.01 ≤ 2"),
        (2.0, True, "holds: CPU 2 ≥ 2"),
        (1.99, True, "MISSED: CPU 1.99 ≥ 2"),
    ],
)
def test_a_target_says_whether_it_holds(found: float, is_least: bool, said: str) -> None:  # noqa: FBT001
    assert str(Target("CPU", found, 2, is_least=is_least)) == said


def test_a_table_has_its_names_left_and_its_figures_right() -> None:
    table = as_table("two devices", ("name", "ms"), [("a", 1.5), ("longer", 12)])

    assert table.splitlines() == [
        "two devices",
        "name     ms",
        "-----------",
        "a       1.5",
        "longer   12",
    ]


def test_a_race_is_judged_by_the_median_of_its_turns() -> None:
    bare = [Reading(100, 1.0, cpu_s) for cpu_s in (0.2, 0.4, 0.2)]
    changed = [Reading(100, 2.0, 0.4) for _ in bare]
    netmiko = Reading(10, 1.0, 0.1)

    race = Race(QUICK, bare, netmiko, changed[0], changed, changed)

    assert race.cpu_ratio == 2.0
    assert race.rate_ratio == 5.0
