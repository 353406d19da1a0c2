"""Which task does which type of job: a new one is one file and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from netraven.db.enums import JobType, ResultStatus
from netraven.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """One type of job.

    Over devices it is cut into shards, and `in_words` makes the run's message of its results by
    status; without them it is one shard, whose task says the message itself.
    """

    job_type: JobType
    run: Task
    needs_devices: bool
    in_words: Callable[[Mapping[ResultStatus, int]], str] | None = None


_ENTRIES: Final[tuple[TaskEntry, ...]] = ()

TASKS: Final[Mapping[JobType, TaskEntry]] = {entry.job_type: entry for entry in _ENTRIES}
