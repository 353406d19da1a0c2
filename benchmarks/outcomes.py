"""What a benchmark found: a plain table, a line of JSON, and whether its targets hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from typing_extensions import override

Figure: TypeAlias = float | int | str


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure must keep: at most `limit`, or at least where `is_least`."""

    name: str
    found: float
    limit: float
    is_least: bool = False

    @property
    def holds(self) -> bool:
        return self.found >= self.limit if self.is_least else self.found <= self.limit

    @override
    def __str__(self) -> str:
        sign = "≥" if self.is_least else "≤"
        verdict = "holds" if self.holds else "MISSED"
        return f"{verdict}: {self.name} {self.found:.4g} {sign} {self.limit:.4g}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One benchmark: its name, its table as text, its figures, and its targets."""

    name: str
    table: str
    figures: Mapping[str, object]
    targets: Sequence[Target]

    def show(self, *, is_judged: bool = True) -> None:
        """Print it; small sizes are not judged, since they say nothing of the targets."""
        print(self.table)
        for target in self.targets if is_judged else ():
            print(target)
        print(json.dumps({"benchmark": self.name, **self.figures}))
        print(flush=True)


def as_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Figure]]) -> str:
    """Return the rows in columns, names on the left, figures on the right."""
    cells = [list(columns), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in cells
    ]
    return "\n".join([title, lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])
