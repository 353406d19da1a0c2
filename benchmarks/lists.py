"""T5: every list and count of the contract on a large installation, on both databases.

`python -m benchmarks.run lists` writes 50 000 devices, 1 000 000 backups and 1 000 000 log entries,
then asks each question many times with other values; p50 and p95 in milliseconds, and the number
of statements of one call.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import DATABASES, database
from benchmarks.estate import NOON, SMALL, Estate, Size, build
from benchmarks.outcomes import Outcome, Target, as_table
from netraven import crud
from netraven.db import unit_of_work
from netraven.schemas.audit import AuditEventFilter
from netraven.schemas.job import JobLogFilter
from netraven.schemas.schedule import ScheduledJobFilter

MOST_MS: Final = 200

Question = Callable[[Session, Estate, random.Random], object]


@dataclass(frozen=True, slots=True)
class Effort:
    """How large the installation is, and how often each question is asked."""

    size: Size = field(default_factory=Size)
    times: int = 20


SMALL_EFFORT = Effort(size=SMALL, times=3)


@dataclass(frozen=True, slots=True)
class Reading:
    """One question's answers: milliseconds, and statements for each."""

    question: str
    p50_ms: float
    p95_ms: float
    statements: int


def measure(effort: Effort) -> Outcome:
    """Ask everything on both databases."""
    figures: dict[str, object] = {}
    rows: dict[str, list[str]] = {name: [] for name in QUESTIONS}
    targets: list[Target] = []
    for name in DATABASES:
        with database(name) as sessions:
            started = time.perf_counter()
            estate = build(sessions, effort.size)
            figures[f"{name.lower()}_build_s"] = round(time.perf_counter() - started)
            # The ids that questions are drawn from are the benchmark's: no search for garbage
            # within a question passes over them.
            gc.collect()
            gc.freeze()
            readings = [_ask(sessions, estate, question, effort.times) for question in QUESTIONS]
        for one in readings:
            rows[one.question] += [
                f"{one.p50_ms:.1f}",
                f"{one.p95_ms:.1f}",
                str(one.statements),
            ]
        slowest = max(readings, key=lambda one: one.p95_ms)
        figures[f"{name.lower()}_slowest"] = slowest.question
        targets.append(Target(f"T5 p95 ms of the slowest list on {name}", slowest.p95_ms, MOST_MS))
        figures[f"{name.lower()}_p95_ms"] = {one.question: round(one.p95_ms, 1) for one in readings}
    columns = [
        "question",
        *(f"{name} {what}" for name in DATABASES for what in ("p50", "p95", "n")),
    ]
    title = (
        f"T5: lists and counts, ms and statements; {effort.size.devices} devices, "
        f"{effort.size.backups} backups, {effort.size.entries} log entries"
    )
    table = as_table(title, columns, [[name, *cells] for name, cells in rows.items()])
    return Outcome("lists", table, figures, targets)


def _ask(sessions: sessionmaker[Session], estate: Estate, question: str, times: int) -> Reading:
    chance = random.Random(question)
    ask = QUESTIONS[question]
    took_ms: list[float] = []
    statements = 0
    for turn in range(times + 1):
        with unit_of_work(sessions, read_only=True) as db, _counted(sessions) as count:
            started = time.perf_counter()
            ask(db, estate, chance)
            took = (time.perf_counter() - started) * 1000
        if turn:  # the first call compiles
            took_ms.append(took)
            statements = count[0]
    return Reading(
        question,
        statistics.median(took_ms),
        statistics.quantiles(took_ms, n=20, method="inclusive")[-1],
        statements,
    )


@contextmanager
def _counted(sessions: sessionmaker[Session]) -> Iterator[list[int]]:
    count = [0]

    def add(*_: object) -> None:
        count[0] += 1

    engine = sessions.kw["bind"]
    event.listen(engine, "before_cursor_execute", add)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", add)


QUESTIONS: dict[str, Question] = {
    "get_device": lambda db, e, r: crud.get_device(db, r.choice(e.devices)),
    "get_devices": lambda db, _, __: crud.get_devices(db),
    "get_devices, in the middle": lambda db, e, r: crud.get_devices(
        db, skip=r.randrange(e.size.devices)
    ),
    "get_devices search": lambda db, e, r: crud.get_devices(
        db, search=f"-{r.randrange(e.size.devices):05}"
    ),
    "get_devices device_type, enabled": lambda db, _, __: crud.get_devices(
        db, device_type="cisco_asa", enabled=True
    ),
    "get_devices site": lambda db, _, r: crud.get_devices(db, site=f"site-{r.randrange(100):02}"),
    "get_devices any of 3 tags": lambda db, e, r: crud.get_devices(
        db, tag_ids=r.sample(e.tags, k=3)
    ),
    "get_devices all of 2 tags": lambda db, e, r: crud.get_devices(
        db, tag_ids=r.sample(e.tags[1:], k=2), tag_match="all"
    ),
    "get_devices last_backup_status": lambda db, _, __: crud.get_devices(
        db, last_backup_status="failed"
    ),
    "get_devices visible_to an owner": lambda db, e, r: crud.get_devices(
        db, visible_to=r.choice(e.users[2:])
    ),
    "get_devices visible_to a limited user": lambda db, e, _: crud.get_devices(
        db, visible_to=e.limited_user
    ),
    "count_devices": lambda db, _, __: crud.count_devices(db),
    "count_devices search": lambda db, e, r: crud.count_devices(
        db, search=f"-{r.randrange(e.size.devices):05}"
    ),
    "count_devices visible_to a limited user": lambda db, e, _: crud.count_devices(
        db, visible_to=e.limited_user
    ),
    "get_backup": lambda db, e, r: crud.get_backup(db, r.choice(e.backups)),
    "get_backups": lambda db, _, __: crud.get_backups(db),
    "get_backups of a device": lambda db, e, r: crud.get_backups(db, device_id=r.choice(e.devices)),
    "get_backups of a day": lambda db, _, r: crud.get_backups(
        db,
        start_date=NOON - timedelta(days=(day := r.randrange(1, 20))),
        end_date=NOON - timedelta(days=day - 1),
    ),
    "get_backups status": lambda db, _, __: crud.get_backups(db, status="quarantined"),
    "get_backups pinned": lambda db, _, __: crud.get_backups(db, pinned=True),
    "get_backups visible_to an owner": lambda db, e, r: crud.get_backups(
        db, visible_to=r.choice(e.users[2:])
    ),
    "get_backups visible_to a limited user": lambda db, e, _: crud.get_backups(
        db, visible_to=e.limited_user
    ),
    "count_backups": lambda db, _, __: crud.count_backups(db),
    "count_backups of a device": lambda db, e, r: crud.count_backups(
        db, device_id=r.choice(e.devices)
    ),
    "count_backups status": lambda db, _, __: crud.count_backups(db, status="completed"),
    "get_job_log": lambda db, e, r: crud.get_job_log(db, r.choice(e.runs)),
    "get_job_logs": lambda db, _, __: crud.get_job_logs(db),
    "get_job_logs of a device": lambda db, e, r: crud.get_job_logs(
        db, filter_params=JobLogFilter(device_id=r.choice(e.devices))
    ),
    "get_job_logs status": lambda db, _, __: crud.get_job_logs(
        db, filter_params=JobLogFilter.model_validate({"status": "failed"})
    ),
    "get_job_logs visible_to a limited user": lambda db, e, _: crud.get_job_logs(
        db, filter_params=JobLogFilter(visible_to=e.limited_user)
    ),
    "count_job_logs": lambda db, _, __: crud.count_job_logs(db),
    "count_job_logs visible_to a limited user": lambda db, e, _: crud.count_job_logs(
        db, JobLogFilter(visible_to=e.limited_user)
    ),
    "get_job_log_entries": lambda db, e, r: crud.get_job_log_entries(db, r.choice(e.runs)),
    "get_job_log_entries level": lambda db, e, r: crud.get_job_log_entries(
        db, r.choice(e.runs), level="warning"
    ),
    "get_job_log_entries after_seq": lambda db, e, r: crud.get_job_log_entries(
        db, r.choice(e.runs), after_seq=250
    ),
    "count_job_log_entries": lambda db, e, r: crud.count_job_log_entries(db, r.choice(e.runs)),
    "get_job_log_with_entries": lambda db, e, r: crud.get_job_log_with_entries(
        db, r.choice(e.runs)
    ),
    "get_job_log_with_details": lambda db, e, r: crud.get_job_log_with_details(
        db, r.choice(e.runs)
    ),
    "get_job_results": lambda db, e, r: crud.get_job_results(db, r.choice(e.runs)),
    "count_job_results status": lambda db, e, r: crud.count_job_results(
        db, r.choice(e.runs), status="failed"
    ),
    "get_job_log_statistics": lambda db, _, __: crud.get_job_log_statistics(db),
    "get_scheduled_jobs": lambda db, _, __: crud.get_scheduled_jobs(db),
    "get_scheduled_jobs of a device": lambda db, e, r: crud.get_scheduled_jobs(
        db, filter_params=ScheduledJobFilter(device_id=r.choice(e.devices))
    ),
    "count_scheduled_jobs": lambda db, _, __: crud.count_scheduled_jobs(db),
    "get_due_jobs": lambda db, _, __: crud.get_due_jobs(db, NOON + timedelta(hours=1)),
    "count_due_jobs": lambda db, _, __: crud.count_due_jobs(db, NOON + timedelta(hours=1)),
    "get_tags with device counts": lambda db, _, __: crud.get_tags(db),
    "get_tags search": lambda db, _, __: crud.get_tags(db, search="tag-01"),
    "count_tags": lambda db, _, __: crud.count_tags(db),
    "get_tags_for_device": lambda db, e, r: crud.get_tags_for_device(db, r.choice(e.devices)),
    "get_devices_for_tag": lambda db, e, r: crud.get_devices_for_tag(db, r.choice(e.tags)),
    "get_devices_for_tag, the default": lambda db, e, _: crud.get_devices_for_tag(db, e.tags[0]),
    "count_devices_for_tag, the default": lambda db, e, _: crud.count_devices_for_tag(
        db, e.tags[0]
    ),
    "get_tag_rules": lambda db, _, __: crud.get_tag_rules(db),
    "count_tag_rules": lambda db, _, __: crud.count_tag_rules(db),
    "get_credentials": lambda db, _, __: crud.get_credentials(db),
    "get_credentials search": lambda db, _, __: crud.get_credentials(db, search="login-1"),
    "count_credentials": lambda db, _, __: crud.count_credentials(db),
    "get_credentials_for_device": lambda db, e, r: crud.get_credentials_for_device(
        db, r.choice(e.devices)
    ),
    "get_credentials_by_tag": lambda db, e, r: crud.get_credentials_by_tag(db, r.choice(e.tags)),
    "get_credential_stats": lambda db, _, __: crud.get_credential_stats(db),
    "get_users": lambda db, _, __: crud.get_users(db),
    "get_users search": lambda db, _, __: crud.get_users(db, search="user-01"),
    "count_users": lambda db, _, __: crud.count_users(db),
    "get_admin_settings": lambda db, _, __: crud.get_admin_settings(db),
    "get_audit_events": lambda db, _, __: crud.get_audit_events(db),
    "get_audit_events of a device": lambda db, e, r: crud.get_audit_events(
        db,
        filter_params=AuditEventFilter(target_type="device", target_id=str(r.choice(e.devices))),
    ),
    "get_audit_events search": lambda db, e, r: crud.get_audit_events(
        db, filter_params=AuditEventFilter(search=f"number {r.randrange(e.size.devices)}")
    ),
    "get_audit_events of a day": lambda db, _, __: crud.get_audit_events(
        db, filter_params=AuditEventFilter(start_date=NOON - timedelta(days=1))
    ),
    "count_audit_events": lambda db, _, __: crud.count_audit_events(db),
    "count_audit_events of an actor": lambda db, e, r: crud.count_audit_events(
        db, AuditEventFilter(actor_id=r.choice(e.users))
    ),
}
