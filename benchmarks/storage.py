"""T3 and T4: what a changed line costs on disk, and what reading an old version costs.

`python -m benchmarks.storage` stores through the archive's own operations, on SQLite and on
PostgreSQL (`NETRAVEN_TEST_POSTGRES_URL`, else one started from its wheel), and prints a table and
a JSON line for each. Sizes are those of `contents`, `backups` and `backup_counters` with all
their indexes and large values, as `dbstat` and `pg_total_relation_size` tell them, without any
vacuum. Beside them stands git, one commit for each change, as the tools that use it work.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.configurations import Router
from benchmarks.databases import database
from benchmarks.outcomes import Outcome, Target, as_table
from netraven.archive.backups import get_backup_content_bytes
from netraven.archive.codec import content_hash
from netraven.archive.storing import BackupCapture, StoredBackup, store_backups
from netraven.db import Base, new_id, unit_of_work
from netraven.db.enums import Grade, JobType, ResultStatus, RunStatus
from netraven.db.types import JsonValue
from netraven.models import Backup, BackupCounter, Content, Device, JobLog, JobResult
from netraven.schemas.backup import BackupCreate

ARCHIVE = (Content, Backup, BackupCounter)
MOST_BYTES = 1_300
MOST_MS = 20
# As `archive.grade` writes it for a capture that nothing speaks against.
EVIDENCE: dict[str, JsonValue] = {
    "sections": 212,
    "name_mark": 2_868_337_122,
    "proof": "end_marker",
}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is stored: T3 asks for 20 devices and 100 changes, T4 for 1 000 versions."""

    devices: int = 20
    changes: int = 100
    versions: int = 1_000
    batch: int = 100
    git_changes: int = 10


SMALL = Effort(devices=3, changes=8, versions=40, batch=10, git_changes=2)


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one database; T3 in bytes per change, T4 and the rest in milliseconds."""

    database: str
    t3_bytes: float
    t3_bytes_with_first: float
    full_frames: int
    rows_when_unchanged: int
    run_bytes: float
    t4_p50_ms: float
    t4_p95_ms: float
    t4_max_ms: float
    first_cpu_ms: float
    changed_cpu_ms: float
    unchanged_cpu_ms: float


def measure(effort: Effort) -> Outcome:
    """Store and read on both databases, with git beside them where there is one."""
    results = [measure_database(name, effort) for name in ("SQLite", "PostgreSQL")]
    git = git_bytes(effort) if shutil.which("git") else None
    figures = {
        f"{one.database.lower()}_{name}": round(value, 3) if isinstance(value, float) else value
        for one in results
        for name, value in asdict(one).items()
        if name != "database"
    }
    if git is not None:
        figures |= {"git_bytes": round(git[0]), "git_bytes_after_gc": round(git[1])}
    targets = [target for one in results for target in _targets(one)]
    return Outcome("storage", _table(results, git, effort), figures, targets)


def _targets(result: Result) -> tuple[Target, ...]:
    return (
        Target(f"T3 bytes per change on {result.database}", result.t3_bytes, MOST_BYTES),
        Target(f"T3 new rows when unchanged on {result.database}", result.rows_when_unchanged, 0),
        Target(f"T4 ms to read a version, p95, on {result.database}", result.t4_p95_ms, MOST_MS),
    )


def measure_database(name: str, effort: Effort) -> Result:
    with database(name) as sessions:
        archive = _Archive(sessions, effort.devices)
        archive.sweep()
        before, runs_before = archive.size(*ARCHIVE), archive.size(JobResult)
        for _ in range(effort.changes):
            archive.sweep(change=True)
        grown, runs = archive.size(*ARCHIVE), archive.size(JobResult) - runs_before
        rows, full_frames = archive.rows(), archive.full_frames()
        archive.sweep()
        new_rows = archive.rows() - rows
        reads = _history(sessions, effort.versions)
        first, changed, unchanged = _costs(sessions, effort.batch)
    changes = effort.devices * effort.changes
    return Result(
        database=name,
        t3_bytes=(grown - before) / changes,
        t3_bytes_with_first=grown / changes,
        full_frames=full_frames,
        rows_when_unchanged=new_rows,
        run_bytes=runs / changes,
        t4_p50_ms=statistics.median(reads),
        t4_p95_ms=statistics.quantiles(reads, n=20)[-1],
        t4_max_ms=max(reads),
        first_cpu_ms=first,
        changed_cpu_ms=changed,
        unchanged_cpu_ms=unchanged,
    )


class _Archive:
    """Devices whose configurations are swept once a day."""

    def __init__(self, sessions: sessionmaker[Session], devices: int, *, prefix: str = "r") -> None:
        self._sessions = sessions
        self._routers = [Router(number) for number in range(devices)]
        self._ids = [new_id() for _ in range(devices)]
        self._now = datetime(2026, 1, 1, 2, tzinfo=UTC)
        with unit_of_work(sessions) as db:
            db.add_all(
                Device(
                    id=device_id,
                    hostname=f"{prefix}{number}",
                    hostname_key=f"{prefix}{number}",
                    ip_address=f"{prefix}{number}.example.com",
                    device_type="cisco_ios",
                )
                for number, device_id in enumerate(self._ids)
            )

    def sweep(self, *, change: bool = False) -> float:
        """Store every device's configuration; return the CPU of that in ms per device."""
        self._now += timedelta(days=1)
        run_id = new_id()
        captures = [
            _capture(device_id, run_id, router.change() if change else router.text())
            for device_id, router in zip(self._ids, self._routers, strict=True)
        ]
        with unit_of_work(self._sessions) as db:
            db.add(_run(run_id))
        started = time.process_time()
        with unit_of_work(self._sessions) as db:
            outcomes = store_backups(db, captures, now=self._now)
        took_s = time.process_time() - started
        with unit_of_work(self._sessions) as db:
            db.add_all(
                _result(run_id, number, outcome)
                for number, outcome in enumerate(outcomes)
                if isinstance(outcome, StoredBackup)
            )
        return took_s * 1000 / len(captures)

    def size(self, *tables: type[Base]) -> int:
        """Return the bytes of these tables with their indexes."""
        names = [table.__tablename__ for table in tables]
        with unit_of_work(self._sessions, read_only=True) as db:
            return sum(_size(db, name) for name in names)

    def rows(self) -> int:
        with unit_of_work(self._sessions, read_only=True) as db:
            counts = (db.scalar(select(func.count()).select_from(table)) for table in ARCHIVE)
            return sum(count or 0 for count in counts)

    def full_frames(self) -> int:
        full = select(func.count()).select_from(Content).where(Content.base_hash.is_(None))
        with unit_of_work(self._sessions, read_only=True) as db:
            return db.scalars(full).one()


def _capture(device_id: UUID, run_id: UUID | None, content: bytes) -> BackupCapture:
    create = BackupCreate(
        device_id=device_id,
        job_log_id=run_id,
        serial_number="FCW2140L0GH",
        normal_hash=f"1:{content_hash(content)}",
        grade=Grade.A,
        evidence=EVIDENCE,
    )
    return BackupCapture(create, content)


def _run(run_id: UUID) -> JobLog:
    return JobLog(
        id=run_id, job_type=JobType.BACKUP, status=RunStatus.RUNNING, actor_name="benchmark"
    )


def _result(run_id: UUID, number: int, stored: StoredBackup) -> JobResult:
    return JobResult(
        job_log_id=run_id,
        device_id=stored.backup.device_id,
        device_hostname=f"r{number}",
        status=ResultStatus.SUCCEEDED,
        backup_id=stored.backup.id,
        credential_name="backup",
        attempts=1,
        duration_ms=1_234,
    )


def _size(db: Session, table: str) -> int:
    if db.get_bind().dialect.name == "postgresql":
        statement = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
    else:
        statement = text(
            "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE"
            " AND name IN (SELECT name FROM sqlite_master WHERE tbl_name = :name)"
        )
    return int(db.scalars(statement, {"name": table}).one() or 0)


def _history(sessions: sessionmaker[Session], versions: int) -> list[float]:
    """Store one device's history; return the ms of reading each version, in any order."""
    device_id, router = new_id(), Router(1_000)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with unit_of_work(sessions) as db:
        row = Device(id=device_id, hostname="old", hostname_key="old", ip_address="old.example.com")
        row.device_type = "cisco_ios"
        db.add(row)
    texts: dict[UUID, bytes] = {}
    for version in range(versions):
        content = router.change()
        with unit_of_work(sessions) as db:
            capture = _capture(device_id, None, content)
            (outcome,) = store_backups(db, [capture], now=now + timedelta(hours=version))
            if isinstance(outcome, StoredBackup):
                texts[outcome.backup.id] = content
    order = list(texts)
    random.Random(1).shuffle(order)
    return [_read_ms(sessions, backup_id, texts[backup_id]) for backup_id in order]


def _read_ms(sessions: sessionmaker[Session], backup_id: UUID, expected: bytes) -> float:
    started = time.perf_counter()
    with unit_of_work(sessions, read_only=True) as db:
        content = get_backup_content_bytes(db, backup_id)
    took_s = time.perf_counter() - started
    if content != expected:
        message = f"backup {backup_id} came back altered"
        raise SystemExit(message)
    return took_s * 1000


def _costs(sessions: sessionmaker[Session], batch: int) -> tuple[float, float, float]:
    """Return the CPU ms per device of storing a batch: first, changed, unchanged."""
    archive = _Archive(sessions, batch, prefix="batch")
    first = archive.sweep()
    changed = [archive.sweep(change=True) for _ in range(9)]
    unchanged = [archive.sweep() for _ in range(9)]
    return first, statistics.median(changed), statistics.median(unchanged)


def git_bytes(effort: Effort) -> tuple[float, float]:
    """Return what a changed line costs a git repository, before and after `git gc`."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)

        def git(*arguments: str) -> None:
            identity = ("-c", "user.name=b", "-c", "user.email=b@example.com", "-c", "gc.auto=0")
            subprocess.run(
                ["git", *identity, *arguments], cwd=home, check=True, capture_output=True
            )

        def size() -> int:
            files = (path for path in (home / ".git").rglob("*") if path.is_file())
            return sum(-(-path.stat().st_size // 4096) * 4096 for path in files)

        git("init", "-q")
        routers = [Router(number) for number in range(effort.devices)]
        for number, router in enumerate(routers):
            (home / f"r{number}").write_bytes(router.text())
        git("add", ".")
        git("commit", "-q", "-m", "first")
        before = size()
        for _ in range(effort.git_changes):
            for number, router in enumerate(routers):
                (home / f"r{number}").write_bytes(router.change())
                git("commit", "-q", "-a", "-m", f"r{number}")
        changes = effort.devices * effort.git_changes
        loose = (size() - before) / changes
        git("gc", "-q")
        return loose, size() / changes


def _table(results: list[Result], git: tuple[float, float] | None, effort: Effort) -> str:
    title = (
        f"{effort.devices} devices of 60 KB, {effort.changes} one-line changes each; "
        f"a history of {effort.versions} versions"
    )
    rows: tuple[tuple[str, Callable[[Result], str], str], ...] = (
        ("T3 bytes per change", lambda one: f"{one.t3_bytes:.0f}", "≤ 1300"),
        ("T3 with the first, full versions", lambda one: f"{one.t3_bytes_with_first:.0f}", ""),
        ("full frames", lambda one: str(one.full_frames), "rare"),
        ("new rows when unchanged", lambda one: str(one.rows_when_unchanged), "0"),
        ("beside it: result of a run, bytes", lambda one: f"{one.run_bytes:.0f}", "about 500"),
        ("T4 reading any version, ms p50", lambda one: f"{one.t4_p50_ms:.1f}", ""),
        ("T4 reading any version, ms p95", lambda one: f"{one.t4_p95_ms:.1f}", "≤ 20"),
        ("T4 reading any version, ms max", lambda one: f"{one.t4_max_ms:.1f}", ""),
        ("storing a first version, CPU ms", lambda one: f"{one.first_cpu_ms:.2f}", ""),
        ("storing a changed one, CPU ms", lambda one: f"{one.changed_cpu_ms:.2f}", "≤ 1"),
        ("seeing it unchanged, CPU ms", lambda one: f"{one.unchanged_cpu_ms:.2f}", "≤ 0.3"),
    )
    lines = [
        (label, *(figure(result) for result in results), target) for label, figure, target in rows
    ]
    if git is not None:
        loose, packed = git
        lines.append(("git, one commit per change, bytes", f"{loose:.0f}", "", ""))
        lines.append(("the same after git gc", f"{packed:.0f}", "", ""))
    columns = ("figure", *(result.database for result in results), "target")
    return as_table(title, columns, lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a moment's work: is it alive?")
    is_small = parser.parse_args(arguments).small
    measure(SMALL if is_small else Effort()).show(is_judged=not is_small)


if __name__ == "__main__":
    main()
