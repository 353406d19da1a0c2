"""What the demonstration is made of and what happened in it: values for showing and checking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netraven.archive.history_annotate import Annotation
    from netraven.archive.history_stories import Story as ChangeStory
    from netraven.archive.search_history import DeviceHits
    from netraven.archive.usage import StorageUsage
    from netraven.cli.home import Home
    from netraven.cli.verify import Findings
    from netraven.lab.demo import DemoFleet
    from netraven.lab.fleet import Fleet
    from netraven.models import Backup
    from netraven.schemas.backup import BackupComparison
    from netraven.tasks.progress import DeviceDone, RunSummary

LEGACY_CODE = "negotiation_failed"


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep: its summary, and by hostname what became of each device."""

    summary: RunSummary
    results: dict[str, DeviceDone]

    @property
    def completed(self) -> set[str]:
        """The devices with a completed backup from this sweep."""
        from netraven.cli.backup_run import is_good

        return {name for name, result in self.results.items() if is_good(result)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What one device's last two versions differ in, as people see it."""

    older: Backup
    newer: Backup
    comparison: BackupComparison


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demonstration plays: its fleet, what will change, and its installation."""

    plan: DemoFleet
    fleet: Fleet
    home: Home


@dataclass(frozen=True, slots=True)
class LookBack:
    """What was searched for and where it was found, one of these annotated, and all stories."""

    pattern: str
    found: tuple[DeviceHits, ...]
    annotation: Annotation
    stories: tuple[ChangeStory, ...]

    @property
    def hostnames(self) -> list[str]:
        """The devices where it was found."""
        return [each.hostname for each in self.found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that happened, for showing and for checking.

    `inexact` are devices whose stored text is not, byte for byte, what they had; `leaking` those
    whose view shows a secret of theirs in clear.
    """

    verdicts: dict[str, int]
    first: Sweep
    second: Sweep
    differences: tuple[Difference, ...]
    quarantined: tuple[Backup, ...]
    inexact: tuple[str, ...]
    leaking: tuple[str, ...]
    usage: StorageUsage
    findings: Findings
    back: LookBack
    took_s: float
