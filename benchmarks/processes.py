"""T6, and what it takes to be ready: collector processes, dispatch during a sweep, idle processes.

T6 sweeps a fleet that takes half a second for each command with one collector process, with two of
the same number of sessions, and with one of twice as many, all on PostgreSQL. During a sweep
runs over single devices are written down, and the time until each begins is taken. The processor
time of a server that has nothing to do is measured on both databases.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.databases import DATABASES, database
from benchmarks.farm import farm
from benchmarks.outcomes import Outcome, Target, as_table
from netraven.db import get_keyring, unit_of_work
from netraven.db.enums import ACTIVE_RUN, JobType, WorkerState
from netraven.inventory.devices import create_device
from netraven.inventory.tags import initialize_default_tag
from netraven.jobs.runs import create_job_log
from netraven.lab.spec import Endpoint
from netraven.models import JobLog, Worker
from netraven.schemas.credential import CredentialCreate, CredentialTagLink
from netraven.schemas.device import DeviceCreate
from netraven.schemas.job import JobLogCreate
from netraven.vault.credentials import create_credential
from netraven.vault.keyring import verify_keyring

LEAST_GAIN = 1.8
MOST_DISPATCH_S = 1.0
MOST_IDLE = {"SQLite": 3.0, "PostgreSQL": 5.0}

_LATENCY_S = 0.5
_PATIENCE_S = 1_800.0
_PAUSE_S = 0.25
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Effort:
    """How many devices, sessions a process, clicks during a sweep, and seconds of idling."""

    devices: int = 3_000
    sessions: int = 100
    clicks: int = 60
    idle_s: float = 60.0


SMALL = Effort(devices=20, sessions=5, clicks=3, idle_s=2.0)


def measure(effort: Effort) -> Outcome:
    """Sweep with one and with two processes, click meanwhile, and watch servers idle."""
    with farm(effort.devices, latency_s=_LATENCY_S) as fleet, database("PostgreSQL") as sessions:
        device_ids = _install(sessions, fleet.endpoints)
        one_s = _sweep(sessions, device_ids, processes=1, concurrency=effort.sessions)
        two_s = _sweep(sessions, device_ids, processes=2, concurrency=effort.sessions)
        wide_s = _sweep(sessions, device_ids, processes=1, concurrency=2 * effort.sessions)
        waits_s = _clicks(sessions, device_ids, effort)
    idle = {name: _idle(name, effort.idle_s) for name in DATABASES}
    p95_s = quantiles(waits_s, n=20)[-1]
    rows = [
        ("one process", effort.sessions, f"{one_s:.1f}"),
        ("two processes", effort.sessions, f"{two_s:.1f}"),
        ("one process", 2 * effort.sessions, f"{wide_s:.1f}"),
    ]
    title = (
        f"{effort.devices} devices that take {_LATENCY_S} s a command, PostgreSQL; a click during"
        f" a sweep began after {median(waits_s):.2f} s (median), {p95_s:.2f} s (95th percentile);"
        f" idle: {', '.join(f'{name} {share:.1f} %' for name, share in idle.items())} of a core"
    )
    return Outcome(
        "processes",
        as_table(title, ("collectors", "sessions each", "seconds"), rows),
        {
            "one_s": one_s,
            "two_s": two_s,
            "wide_s": wide_s,
            "dispatch_p95_s": p95_s,
            **{f"idle_{name.lower()}": share for name, share in idle.items()},
        },
        (
            Target("T6 two processes against one", one_s / two_s, LEAST_GAIN, is_least=True),
            Target("dispatch during a sweep, p95, s", p95_s, MOST_DISPATCH_S),
            *(
                Target(f"idle server on {name}, % of a core", idle[name], MOST_IDLE[name])
                for name in DATABASES
            ),
        ),
    )


def _install(sessions: sessionmaker[Session], endpoints: list[Endpoint]) -> list[UUID]:
    with unit_of_work(sessions) as db:
        everywhere = CredentialTagLink(tag_id=initialize_default_tag(db).id)
        login = CredentialCreate(
            name="farm",
            username=endpoints[0].username,
            password=SecretStr(endpoints[0].password),
            tags=[everywhere],
        )
        create_credential(db, login)
        return [
            create_device(
                db,
                DeviceCreate(
                    hostname=each.hostname,
                    ip_address=each.address,
                    port=each.port,
                    device_type=each.platform,
                ),
            ).id
            for each in endpoints
        ]


def _sweep(
    sessions: sessionmaker[Session], device_ids: list[UUID], *, processes: int, concurrency: int
) -> float:
    """Return the seconds that a run over all devices takes, from its start to its end."""
    arguments = ("--processes", str(processes), "--concurrency", str(concurrency))
    with _program(sessions, "worker", *arguments, members=processes):
        return _took_s(sessions, _write_down(sessions, device_ids))


def _clicks(sessions: sessionmaker[Session], device_ids: list[UUID], effort: Effort) -> list[float]:
    """Return how long runs over one device waited while all of them were swept."""
    with _program(sessions, "worker", "--concurrency", str(effort.sessions), members=1):
        sweep = _write_down(sessions, device_ids)
        clicks: list[UUID] = []
        for number in range(effort.clicks):
            time.sleep(_PAUSE_S)
            clicks.append(_write_down(sessions, [device_ids[number % len(device_ids)]]))
        for run_id in (*clicks, sweep):
            _took_s(sessions, run_id)
    with unit_of_work(sessions, read_only=True) as db:
        runs = [db.get_one(JobLog, run_id) for run_id in clicks]
    return [(run.start_time - run.created_at).total_seconds() for run in runs if run.start_time]


def _idle(name: str, seconds: float) -> float:
    """Return the share of a core, in percent, that a server takes that has nothing to do."""
    with (
        database(name) as sessions,
        _program(sessions, "serve", "--port", "0", members=1) as server,
    ):
        time.sleep(2 * _PAUSE_S)
        before_s = _cpu_s(server.pid)
        time.sleep(seconds)
        return 100 * (_cpu_s(server.pid) - before_s) / seconds


@contextmanager
def _program(
    sessions: sessionmaker[Session], *arguments: str, members: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `netraven` on this database; give it once so many of its processes work."""
    engine: Engine = sessions.kw["bind"]
    with unit_of_work(sessions) as db:
        verify_keyring(db)  # a new installation notes which key ring opens it
        keyring = get_keyring(db)
    assert keyring is not None
    with tempfile.TemporaryDirectory(prefix="netraven-bench-") as home:
        environment = {
            **os.environ,
            "NETRAVEN_HOME": home,
            "NETRAVEN_DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "NETRAVEN_KEYRING": keyring.to_text().replace("\n", ";"),
        }
        program = str(Path(sys.executable).with_name("netraven"))
        with subprocess.Popen([program, *arguments], env=environment) as running:
            _await_members(sessions, members)
            yield running
            running.terminate()


def _await_members(sessions: sessionmaker[Session], members: int) -> None:
    live = select(Worker.id).where(Worker.state == WorkerState.LIVE)
    for _ in range(int(_PATIENCE_S / _PAUSE_S)):
        with unit_of_work(sessions, read_only=True) as db:
            if len(db.scalars(live).all()) >= members:
                return
        time.sleep(_PAUSE_S)
    raise SystemExit("the worker did not begin")


def _write_down(sessions: sessionmaker[Session], device_ids: list[UUID]) -> UUID:
    with unit_of_work(sessions) as db:
        wanted = JobLogCreate(job_type=JobType.BACKUP, device_ids=list(device_ids))
        return create_job_log(db, wanted).id


def _took_s(sessions: sessionmaker[Session], run_id: UUID) -> float:
    for _ in range(int(_PATIENCE_S / _PAUSE_S)):
        with unit_of_work(sessions, read_only=True) as db:
            run = db.get_one(JobLog, run_id)
        if run.status not in ACTIVE_RUN:
            assert run.start_time is not None
            assert run.end_time is not None
            return (run.end_time - run.start_time).total_seconds()
        time.sleep(_PAUSE_S)
    raise SystemExit("the run does not end")


def _cpu_s(process: int) -> float:
    """Return the processor time of a process so far (`proc(5)`: fields 14 and 15)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND
