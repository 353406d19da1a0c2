"""What a search is asked for, and what it came to: values for telling it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netraven.archive.search_history import SearchPage
    from netraven.archive.search_pattern import PatternKind
    from netraven.archive.search_scan import Window
    from netraven.cli.search_options import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is searched for, and when the search ends."""

    pattern: str
    kind: PatternKind
    case: bool
    window: Window
    scope: Scope
    config_type: str | None = None
    section: str | None = None
    context: int = 0
    is_counting: bool = False
    limit: int = 10_000
    deadline_s: int = 60


@dataclass(slots=True)
class Found:
    """What a search came to so far; `cut` says where it ended before its end."""

    lines: int = 0
    shown: int = 0
    devices: int = 0
    searched: int = 0
    too_young: int = 0
    pruned: int = 0
    unwoven: int = 0
    unreadable: list[str] = field(default_factory=list)
    cut: str = ""

    def add(self, page: SearchPage) -> None:
        """Count a page in."""
        self.searched += page.searched
        self.too_young += page.too_young
        self.pruned += page.pruned
        self.unwoven += page.unwoven
        self.unreadable += page.unreadable
        self.shown += sum(len(each.hits) for each in page.devices)

    @property
    def is_complete(self) -> bool:
        """All there is was looked at."""
        return not (self.cut or self.unwoven or self.unreadable)
