"""Which task does which type of job: a new one is one file and one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from netraven.db.enums import JobType, ResultStatus
from netraven.jobs.results import count_results_by_status
from netraven.models import JobLog
from netraven.tasks.backup import back_up, good_backups
from netraven.tasks.command import answered, run_commands
from netraven.tasks.reachability import answering, check_reachability
from netraven.tasks.retention import retain
from netraven.tasks.tag_rules import apply_rules
from netraven.tasks.task import Task
from netraven.tasks.verify import verify


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


_ENTRIES: Final = (
    TaskEntry(job_type=JobType.BACKUP, run=back_up, needs_devices=True, in_words=good_backups),
    TaskEntry(
        job_type=JobType.REACHABILITY,
        run=check_reachability,
        needs_devices=True,
        in_words=answering,
    ),
    TaskEntry(job_type=JobType.COMMAND, run=run_commands, needs_devices=True, in_words=answered),
    TaskEntry(job_type=JobType.VERIFY, run=verify, needs_devices=False),
    TaskEntry(job_type=JobType.RETENTION, run=retain, needs_devices=False),
    TaskEntry(job_type=JobType.TAG_RULES, run=apply_rules, needs_devices=False),
)

TASKS: Final[Mapping[JobType, TaskEntry]] = {entry.job_type: entry for entry in _ENTRIES}


def sum_up(db: Session, run: JobLog) -> None:
    """Say in the message of a run that has ended what its results come to."""
    in_words = TASKS[run.job_type].in_words if run.job_type in TASKS else None
    counts = count_results_by_status(db, run.id)
    if in_words is not None and counts:
        run.result_message = in_words(counts)
