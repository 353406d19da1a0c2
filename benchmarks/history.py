"""T9: searching all lines of all versions of a fleet, beside `git grep` over all its revisions.

`python -m benchmarks.run history` makes a fleet of mixed texts with a hundred versions a device,
stores its weaves on SQLite and PostgreSQL, and asks. Complete searches go through every page;
clients are threads, each with units of its own.
"""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import forget_pages
from benchmarks.history_fleet import ABSENT, BEGIN, FREQUENT, PastDevice
from benchmarks.history_growth import Growth, measure_growth
from benchmarks.history_store import past_fleet
from benchmarks.outcomes import Outcome, Target, as_table
from netraven.archive.devices import delete_device
from netraven.archive.history_annotate import annotate
from netraven.archive.history_stories import change_stories
from netraven.archive.search_history import SearchPage, search_history
from netraven.archive.series import Series
from netraven.archive.storing import BackupCapture, StoredBackup, store_backups
from netraven.archive.weave_keep import NewVersion, weave_in
from netraven.archive.weave_store import FreshWeave, keep_weaves
from netraven.db import get_keyring, new_id, unit_of_work
from netraven.models import Device, History
from netraven.schemas.backup import BackupCreate
from netraven.worker.garbage import less_searched_for_garbage

MOST_S = 2.0
MOST_FIRST_S = 0.5
MOST_ANNOTATE_MS = 5
MOST_STORIES_MS = 100
MOST_STORE_MS = 1.5
MOST_BYTES = 12 * 1024
LEAST_TIMES_GIT = 50


@dataclass(frozen=True, slots=True)
class Effort:
    """How large the fleet is, and how often it is asked; git takes a share of it."""

    devices: int = 10_000
    versions: int = 100
    rounds: int = 3
    batch: int = 100
    git_devices: int = 500
    kept: Path | None = None


SMALL = Effort(devices=60, versions=12, rounds=1, batch=5, git_devices=10)


@dataclass(frozen=True, slots=True)
class Question:
    """A search of the mix."""

    name: str
    pattern: str
    kind: str = "literal"
    case: bool = True
    counts_only: bool = False


QUESTIONS = (
    Question("absent", ABSENT),
    Question("rare", "only here, ticket 4711"),
    Question("rare, any case", "ONLY HERE, ticket 4711", case=False),
    Question("words", "4711 ticket only", kind="words"),
    Question("regex", r"^\s*description only \w+, ticket \d{4}$", kind="regex"),
    Question("regex, absent", r"permit (tcp|udp) host \S+ eq 84[0-9]{2}$", kind="regex"),
    Question("frequent, counted", FREQUENT, counts_only=True),
)


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one database; times in seconds but for those in milliseconds."""

    database: str
    size_bytes: float
    complete_s: dict[str, float]
    p95_s: float
    first_s: float
    four_clients_s: float
    in_sweep_s: float
    cold_s: float
    annotate_ms: float
    stories_ms: float
    store_ms: float


def measure(effort: Effort) -> Outcome:
    """Make the fleet on both databases, ask it, and ask git beside it."""
    started = time.perf_counter()
    with past_fleet(effort.devices, effort.versions, effort.kept) as factories:
        made_s = time.perf_counter() - started
        results = [_measure_database(name, one, effort) for name, one in factories.items()]
    growth = measure_growth(
        devices=effort.batch, versions=effort.versions, sweeps=10 * effort.rounds
    )
    git = _git_grep_s(effort) if shutil.which("git") else None
    figures: dict[str, object] = {"devices": effort.devices, "versions": effort.versions}
    figures["made_s"] = round(made_s, 1)
    for one in results:
        for name in one.__slots__:
            if name != "database":
                figures[f"{one.database.lower()}_{name}"] = getattr(one, name)
    figures["postgresql_growth_times"] = growth.times
    figures["postgresql_log_bytes_per_change"] = growth.log_bytes
    if git is not None:
        figures["git_grep_s"] = round(git, 2)
    targets = [target for one in results for target in _targets(one, git)]
    table = _table(results, growth, git, effort)
    return Outcome("history", table, figures, targets)


def _targets(result: Result, git_s: float | None) -> Iterator[Target]:
    on = f"on {result.database}"
    yield Target(f"T9 complete search, p95, s, {on}", result.p95_s, MOST_S)
    yield Target(f"T9 first hit, s, {on}", result.first_s, MOST_FIRST_S)
    yield Target(f"annotate, p95, ms, {on}", result.annotate_ms, MOST_ANNOTATE_MS)
    yield Target(f"stories of 24 h, p95, ms, {on}", result.stories_ms, MOST_STORIES_MS)
    yield Target(f"added to storing a change, ms, {on}", result.store_ms, MOST_STORE_MS)
    yield Target(f"bytes per device, {on}", result.size_bytes, MOST_BYTES)
    if git_s is not None:
        times = git_s / result.complete_s["absent"]
        yield Target(f"T9 times faster than git grep, {on}", times, LEAST_TIMES_GIT, is_least=True)


# Asking it.


def _measure_database(name: str, sessions: sessionmaker[Session], effort: Effort) -> Result:
    with unit_of_work(sessions, read_only=True) as db:
        size = float(db.scalars(select(func.avg(func.length(History.data)))).one() or 0)
    forget_pages(sessions)
    cold_s = _timed(lambda: _ask(sessions, QUESTIONS[0]))
    took: dict[str, list[float]] = {question.name: [] for question in QUESTIONS}
    for _ in range(effort.rounds):
        for question in QUESTIONS:
            took[question.name].append(_timed(lambda q=question: _ask(sessions, q)))  # type: ignore[misc]
    everything = [each for times in took.values() for each in times]
    with _Sweep(sessions, effort):
        in_sweep = [_timed(lambda q=q: _ask(sessions, q)) for q in QUESTIONS]  # type: ignore[misc]
    return Result(
        database=name,
        size_bytes=round(size),
        complete_s={each: round(statistics.median(times), 3) for each, times in took.items()},
        p95_s=round(_p95(everything), 3),
        first_s=round(_first_hit_s(sessions), 3),
        four_clients_s=round(_p95(_clients(sessions, 4)), 3),
        in_sweep_s=round(_p95(in_sweep), 3),
        cold_s=round(cold_s, 3),
        annotate_ms=round(_annotate_ms(sessions, effort), 3),
        stories_ms=round(_stories_ms(sessions, effort), 1),
        store_ms=round(_store_ms(sessions, effort), 3),
    )


def _ask(sessions: sessionmaker[Session], question: Question) -> int:
    return sum(device.count for page in _pages(sessions, question) for device in page.devices)


def _pages(sessions: sessionmaker[Session], question: Question) -> Iterator[SearchPage]:
    """Yield the pages of a search as the command line asks for them."""
    cursor = None
    while True:
        with unit_of_work(sessions, read_only=True) as db:
            page = search_history(
                db,
                question.pattern,
                kind=question.kind,
                case=question.case,
                counts_only=question.counts_only,
                limit=100 if cursor is None else 1_000,
                cursor=cursor,
                within_s=0.1 if cursor is None else 0.5,
            )
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def _first_hit_s(sessions: sessionmaker[Session]) -> float:
    """Return the longest that it takes until a line that every third device has is there."""

    def first() -> SearchPage:
        question = Question("frequent", FREQUENT)
        return next(page for page in _pages(sessions, question) if page.devices)

    return max(_timed(first) for _ in range(5))


def _clients(sessions: sessionmaker[Session], number: int) -> list[float]:
    def client(_: int) -> list[float]:
        return [_timed(lambda q=q: _ask(sessions, q)) for q in QUESTIONS]  # type: ignore[misc]

    with ThreadPoolExecutor(number) as pool:
        return [each for times in pool.map(client, range(number)) for each in times]


class _Sweep:
    """A sweep that stores changes all the while, in batches of a hundred devices."""

    def __init__(self, sessions: sessionmaker[Session], effort: Effort) -> None:
        self._end = Event()
        self._pool = ThreadPoolExecutor(1)
        self._archive = _Writers(sessions, effort, "sweep")

    def __enter__(self) -> None:
        archive = self._archive
        archive.store()

        def go_on() -> None:
            while not self._end.is_set():
                archive.store()

        self._running = self._pool.submit(go_on)

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._running.result()
        self._pool.shutdown()
        self._archive.remove()


class _Writers:
    """Devices whose changed texts are stored through the archive itself."""

    def __init__(self, sessions: sessionmaker[Session], effort: Effort, prefix: str) -> None:
        self._sessions = sessions
        self._devices = [PastDevice(number) for number in range(effort.batch)]
        self._texts = [device.versions(10**9) for device in self._devices]
        self._ids = [new_id() for _ in self._devices]
        self._now = BEGIN - timedelta(days=30)
        rows = [
            {
                "id": device_id,
                "hostname": f"{prefix}-{device.number}",
                "hostname_key": f"{prefix}-{device.number}",
                "ip_address": f"{prefix}-{device.number}.example.com",
                "device_type": device.kind,
            }
            for device_id, device in zip(self._ids, self._devices, strict=True)
        ]
        with unit_of_work(sessions) as db:
            db.execute(insert(Device), rows)

    def texts(self) -> list[bytes]:
        return ["\n".join(next(texts)[1]).encode() for texts in self._texts]

    def store(self) -> float:
        """Store the next version of each; return the ms that weaving takes of it, for each."""
        self._now += timedelta(minutes=1)
        contents = self.texts()
        captures = [
            BackupCapture(BackupCreate(device_id=device_id), content)
            for device_id, content in zip(self._ids, contents, strict=True)
        ]
        with unit_of_work(self._sessions) as db:
            stored = store_backups(db, captures, now=self._now)
        return self._weaving_ms(stored, contents)

    def remove(self) -> None:
        """Take the devices away again: the fleet may be asked another time."""
        with unit_of_work(self._sessions) as db:
            for device_id in self._ids:
                delete_device(db, device_id)

    def _weaving_ms(self, stored: Sequence[object], contents: Sequence[bytes]) -> float:
        """Weave the same versions once more, from where the weaves were before, and give it up."""
        new = [
            NewVersion(each.backup, content, each.previous)
            for each, content in zip(stored, contents, strict=True)
            if isinstance(each, StoredBackup) and each.previous is not None
        ]
        if not new:
            return 0.0
        with self._sessions() as db, db.begin() as unit:
            _unweave(db, [each.series for each in new])
            started = time.process_time()
            weave_in(db, new)
            took_s = time.process_time() - started
            unit.rollback()
        return took_s * 1000 / len(new)


def _unweave(db: Session, series: Sequence[Series]) -> None:
    from netraven.archive.weave_frame import open_weave  # noqa: PLC0415
    from netraven.archive.weave_store import load_weaves  # noqa: PLC0415

    keyring = get_keyring(db)
    assert keyring is not None
    fresh = []
    for row in load_weaves(db, series).values():
        weave = open_weave(keyring, row)
        weave.remove({weave.last_version})
        fresh.append(FreshWeave(row.series, weave, row.view_rev))
    keep_weaves(db, keyring, fresh)


def _store_ms(sessions: sessionmaker[Session], effort: Effort) -> float:
    archive = _Writers(sessions, effort, "store")
    archive.store()
    store_ms = statistics.median(archive.store() for _ in range(9))
    archive.remove()
    return store_ms


def _annotate_ms(sessions: sessionmaker[Session], effort: Effort) -> float:
    with unit_of_work(sessions, read_only=True) as db:
        ids = db.scalars(select(Device.id).where(Device.hostname_key.startswith("sw-"))).all()
    chosen = random.Random(1).choices(ids, k=200 if effort.rounds > 1 else 10)
    took = []
    for device_id in chosen:
        with unit_of_work(sessions, read_only=True) as db:
            took.append(_timed(lambda one=device_id: annotate(db, one)) * 1000)  # type: ignore[misc]
    return _p95(took)


def _stories_ms(sessions: sessionmaker[Session], effort: Effort) -> float:
    until = BEGIN + timedelta(days=effort.versions + 1)

    def tell() -> object:
        with unit_of_work(sessions, read_only=True) as db:
            return change_stories(db, until - timedelta(days=1), until)

    # As in `serve`, which spares what its modules hold from the search for cycles.
    with less_searched_for_garbage():
        return _p95([_timed(tell) * 1000 for _ in range(3 if effort.rounds == 1 else 20)])


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


# Beside it.


def _git_grep_s(effort: Effort) -> float:
    """Return how long `git grep` takes over all revisions, one commit a sweep, of the whole fleet.

    It is measured on some of the devices: its time grows with files times revisions.
    """
    devices = [PastDevice(number) for number in range(min(effort.git_devices, effort.devices))]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        subprocess.run(["git", "init", "-q", "--bare", name], check=True)
        with subprocess.Popen(
            ["git", "fast-import", "--quiet"], cwd=home, stdin=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            pasts = [device.versions(effort.versions) for device in devices]
            for version in range(1, effort.versions + 1):
                message = f"sweep {version}".encode()
                process.stdin.write(
                    b"commit refs/heads/main\ncommitter b <b@example.com> "
                    + f"{1_700_000_000 + version} +0000\n".encode()
                    + b"data %d\n%s\n" % (len(message), message)
                )
                for device, past in zip(devices, pasts, strict=True):
                    content = "\n".join(next(past)[1]).encode()
                    process.stdin.write(
                        f"M 100644 inline {device.hostname}\ndata {len(content)}\n".encode()
                        + content
                        + b"\n"
                    )
        listed = subprocess.run(
            ["git", "rev-list", "--all"], cwd=home, check=True, capture_output=True, text=True
        )
        command = ["git", "grep", "--fixed-strings", "-l", ABSENT, *listed.stdout.split()]
        took_s = _timed(lambda: subprocess.run(command, cwd=home, check=False))
    return took_s * effort.devices / len(devices)


def _table(results: Sequence[Result], growth: Growth, git_s: float | None, effort: Effort) -> str:
    title = f"{effort.devices} devices of about 28 KB, {effort.versions} versions each"
    columns = [title, *(one.database for one in results)]
    rows: list[list[float | int | str]] = [
        [f"search, {name}, s, median", *(one.complete_s[name] for one in results)]
        for name in results[0].complete_s
    ]
    rows += [
        [label, *(getattr(one, field) for one in results)]
        for label, field in (
            ("all of these, s, p95", "p95_s"),
            ("the same, four clients at once, s, p95", "four_clients_s"),
            ("the same, during a sweep, s, p95", "in_sweep_s"),
            ("the first search of all, from the disk, s", "cold_s"),
            ("first hit, s, the longest of five", "first_s"),
            ("annotate a device, ms, p95", "annotate_ms"),
            ("stories of 24 h, ms, p95", "stories_ms"),
            ("added to storing a change, CPU ms", "store_ms"),
            ("sealed weave of a device, bytes", "size_bytes"),
        )
    ]
    rows.append(["the table after many changes, times its first size", "", growth.times])
    rows.append(["its share of the database's log for a change, bytes", "", growth.log_bytes])
    if git_s is not None:
        share = f"{min(effort.git_devices, effort.devices)} devices measured"
        rows.append([f"git grep over all revisions, s ({share})", *[round(git_s, 1)] * 2])
    return as_table(title, columns, rows)
