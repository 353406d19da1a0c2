"""A simulated fleet, an installation that knows it, and real processes of NetRaven to be ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import psutil
from pydantic import SecretStr
from sqlalchemy import func, select

from netraven.archive.backups import get_backup_content_bytes
from netraven.db import present_time
from netraven.db.enums import (
    ACTIVE_RUN,
    BackupStatus,
    JobType,
    ResultStatus,
    RunStatus,
    WorkerState,
)
from netraven.inventory.devices import create_device
from netraven.jobs.runs import create_job_log
from netraven.lab import Fleet, run_in_thread
from netraven.lab.spec import DeviceSpec
from netraven.models import Backup, DeviceLease, JobLog, JobResult, JobShard, Worker
from netraven.schemas.credential import CredentialCreate
from netraven.schemas.device import DeviceCreate
from netraven.schemas.job import JobLogCreate
from netraven.vault.credentials import create_credential
from tests.conftest import Database

PASSWORD: Final = "correct-horse"
PATIENCE_S: Final = 180.0
# Each look connects anew, which takes as much as what the programs do meanwhile.
_PAUSE_S: Final = 0.2
_NETRAVEN: Final = str(Path(sys.executable).with_name("netraven"))


@dataclass
class Program:
    """One running `netraven`, with the processes below it."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """What it has written to standard error so far."""
        return self.log.read_text()

    def family(self) -> list[psutil.Process]:
        """Return the process and all below it, the process first."""
        try:
            parent = psutil.Process(self.popen.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def collectors(self) -> list[psutil.Process]:
        """Return the processes below it that collect, not the one that tracks resources."""
        return [
            one for one in self.family()[1:] if "resource_tracker" not in " ".join(one.cmdline())
        ]

    def kill(self) -> None:
        """End it and all below it with SIGKILL, as if the host lost its power."""
        for one in self.family():
            with_suppressed(one.kill)
        self.popen.wait()

    def terminate(self, *, within_s: float) -> int:
        """Ask it to end, and return its exit code; fails where it takes longer."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(within_s)


@dataclass
class Rig:
    """Everything that a test of failures handles."""

    database: Database
    home: Path
    fleet: Fleet
    ids: dict[str, UUID]
    stack: ExitStack = field(repr=False)

    def start(self, *arguments: str) -> Program:
        """Start `netraven` with these arguments; it is killed at the end of the test."""
        log = self.home / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [_NETRAVEN, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        program = Program(popen, log)
        self.stack.callback(program.kill)
        return program

    def serve(self, *arguments: str) -> Program:
        """Start a server on a free port, and return once it works."""
        return self._at_work(self.start("serve", "--port", "0", *arguments), members=1)

    def work(self, *arguments: str, members: int = 1) -> Program:
        """Start a worker, and return once this many of its processes work."""
        return self._at_work(self.start("worker", *arguments), members=members)

    def run(
        self, *arguments: str, within_s: float = PATIENCE_S
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [_NETRAVEN, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What every program sees."""
        inherited = {key: os.environ[key] for key in os.environ if not key.startswith("NETRAVEN_")}
        return inherited | {
            "NETRAVEN_HOME": str(self.home),
            "NETRAVEN_DATABASE_URL": self.database.url,
            "NETRAVEN_KEYRING": self.database.keyring.to_text().replace("\n", ";"),
            "NETRAVEN_LOG_LEVEL": "info",
        }

    def write_down(self, *hostnames: str) -> UUID:
        """Queue a backup of these devices, of all without a name."""
        with self.database.unit() as db:
            wanted = [self.ids[name] for name in hostnames or self.ids]
            return create_job_log(
                db, JobLogCreate(job_type=JobType.BACKUP, device_ids=list(wanted))
            ).id

    def newest_run(self) -> UUID | None:
        """Return the id of the run that was made last."""
        with self.database.unit() as db:
            return db.scalar(select(JobLog.id).order_by(JobLog.id.desc()).limit(1))

    def begun_run(self) -> UUID:
        """Return the id of the first run, once a command has written it down."""
        until(lambda: self.newest_run() is not None, "the run is written down")
        run_id = self.newest_run()
        assert run_id is not None
        return run_id

    def done(self, run_id: UUID) -> int:
        """Return how many devices of the run have a final result."""
        with self.database.unit() as db:
            is_done = JobResult.status.not_in((ResultStatus.PENDING, ResultStatus.RUNNING))
            of_run = JobResult.job_log_id == run_id
            return db.scalars(select(func.count()).where(of_run, is_done)).one()

    def status(self, run_id: UUID) -> RunStatus:
        """Return where the run stands."""
        with self.database.unit() as db:
            return db.get_one(JobLog, run_id).status

    def await_middle(self, run_id: UUID, *, share: float = 0.2) -> None:
        """Return when this share of the run is done, but not all of it."""
        wanted = max(1, int(share * len(self.ids)))
        until(lambda: self.done(run_id) >= wanted, "the run gets to its middle")
        assert self.done(run_id) < len(self.ids), "the run was over before anything could happen"

    def await_end(self, run_id: UUID) -> JobLog:
        """Return the run once it has ended."""
        until(lambda: self.status(run_id) not in ACTIVE_RUN, "the run ends")
        with self.database.unit() as db:
            return db.get_one(JobLog, run_id)

    def live_members(self) -> int:
        """Return how many members count as alive."""
        with self.database.unit() as db:
            is_live = Worker.state == WorkerState.LIVE
            return db.scalars(select(func.count()).where(is_live)).one()

    def shards(self, run_id: UUID) -> list[JobShard]:
        """Return the run's shards."""
        with self.database.unit() as db:
            of_run = select(JobShard).where(JobShard.job_log_id == run_id)
            return list(db.scalars(of_run.order_by(JobShard.number)))

    def assert_whole(self, run_id: UUID) -> None:
        """Every device has one result and its one version, byte for byte; no lease lives."""
        with self.database.unit() as db:
            results = Counter(
                db.scalars(select(JobResult.status).where(JobResult.job_log_id == run_id))
            )
            assert results == {ResultStatus.SUCCEEDED: len(self.ids)}
            rows = list(db.scalars(select(Backup).where(Backup.status == BackupStatus.COMPLETED)))
            versions = Counter(row.device_id for row in rows)
            assert versions == dict.fromkeys(self.ids.values(), 1)
            names = {device_id: name for name, device_id in self.ids.items()}
            for row in rows:
                wanted = self.fleet.device(names[row.device_id]).running_config()
                assert get_backup_content_bytes(db, row.id) == wanted.encode()
        self.assert_no_leases()

    def assert_no_leases(self) -> None:
        """Nobody holds a lease any more."""
        with self.database.unit() as db:
            held = select(DeviceLease.owner).where(DeviceLease.expires_at > present_time(db))
            assert db.scalars(held).all() == []

    def _at_work(self, program: Program, *, members: int) -> Program:
        def begun() -> bool:
            assert program.popen.poll() is None, program.said
            return program.said.count("a worker began") >= members

        until(begun, "the program begins")
        return program


@contextmanager
def rig(
    database: Database, home: Path, specs: Sequence[DeviceSpec], *, password: str = PASSWORD
) -> Iterator[Rig]:
    """Serve the devices and make an installation that knows them."""
    with ExitStack() as stack:
        fleet = stack.enter_context(run_in_thread(Fleet(specs, shares_host_key=True)))
        ids: dict[str, UUID] = {}
        with database.unit() as db:
            login = CredentialCreate(
                name="lab", username="netraven", password=SecretStr(password), tags=[]
            )
            credential_id = create_credential(db, login).id
            for each in fleet.endpoints:
                device = DeviceCreate(
                    hostname=each.hostname,
                    ip_address=each.address,
                    port=each.port,
                    device_type=each.platform,
                    credential_id=credential_id,
                )
                ids[each.hostname] = create_device(db, device).id
        yield Rig(database, home, fleet, ids, stack)


def devices(count: int, *, latency_s: float = 0.2) -> list[DeviceSpec]:
    """Return devices that take a second or so each."""
    return [
        DeviceSpec(
            hostname=f"r{number}", platform="cisco_ios", password=PASSWORD, latency_s=latency_s
        )
        for number in range(count)
    ]


def until(holds: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> float:
    """Return once it holds, with the seconds that took; fails after a patience that is generous."""
    begun_s = time.monotonic()
    while not holds():
        if time.monotonic() - begun_s > within_s:
            message = f"it did not happen within {within_s:.0f} s that {what}"
            raise AssertionError(message)
        time.sleep(_PAUSE_S)
    return time.monotonic() - begun_s


def with_suppressed(body: Callable[[], object]) -> None:
    """Do it to a process that may be gone already."""
    try:
        body()
    except psutil.NoSuchProcess:
        return
