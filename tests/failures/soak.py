"""Hours of sweeps while processes die and the database restarts: `python -m tests.failures.soak`.

Two workers of two processes each sweep a simulated fleet again and again; between sweeps devices
change, during them collectors are killed or stopped, whole workers lose their power, PostgreSQL is
restarted. After every sweep each device must have exactly the versions that its own history says.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from netraven.archive.backups import get_backup_content_bytes
from netraven.archive.normalise import normalise
from netraven.archive.series import get_latest_completed
from netraven.db import KeyRing
from netraven.db.chunks import in_chunks
from netraven.db.enums import ACTIVE_RUN, BackupStatus, ResultStatus, RunReason
from netraven.db.schema import upgrade_schema
from netraven.errors import DeviceTimeout, DialogueFailed, SessionLost
from netraven.lab import Fault
from netraven.lab.edits import add_route
from netraven.lab.spec import DeviceSpec
from netraven.models import Backup, JobResult
from netraven.platforms.registry import get_platform
from tests.conftest import Database
from tests.failures.rig import PASSWORD, Program, Rig, rig, with_suppressed
from tests.failures.server import OwnServer, own_server

FAULTS = (Fault.DEAD, Fault.DROP, Fault.CUT, Fault.GARBAGE, Fault.NOT_SSH)
FAULTY_SHARE = 0.05
CHANGED_SHARE = 0.1
WORKERS = 2
ROUND_S = 1800.0
CALM_ROUNDS = 5

# A process that sleeps or gets no processor misses what its devices answer; the next sweep has it.
PASSING = {
    RunReason.WORKER_LOST.value,
    *(error.code for error in (DeviceTimeout, SessionLost, DialogueFailed)),
}


@dataclass
class Soak:
    """The state of one soaking: what each device must have, and what was done to whom."""

    here: Rig
    server: OwnServer
    dice: random.Random
    arguments: tuple[str, ...]
    workers: list[Program] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    seen: dict[str, int] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    trouble_at_s: float = 0.0

    def one_round(self, pause_s: Callable[[], float]) -> None:
        """Sweep once, with trouble on the way, and check everything."""
        run_id = self.here.write_down()
        until_s = time.monotonic() + ROUND_S
        while self.here.status(run_id) in ACTIVE_RUN:
            assert time.monotonic() < until_s, f"the run {run_id} does not end"
            if time.monotonic() >= self.trouble_at_s:
                self._make_trouble()
                self.trouble_at_s = time.monotonic() + pause_s()
            time.sleep(0.5)
        self.check(run_id)

    def settle(self) -> None:
        """Sweep in peace until every healthy device is stored as it is now."""
        self.trouble_at_s = float("inf")
        behind = [""]
        for _ in range(CALM_ROUNDS):
            self.one_round(lambda: 0.0)
            behind = self._behind()
            if not behind:
                return
        message = f"{len(behind)} healthy devices are not stored as they are: {behind[:10]}"
        raise AssertionError(message)

    def _behind(self) -> list[str]:
        healthy = [name for name in self.here.ids if self._is_healthy(name)]
        return [name for name in healthy if self.seen.get(name) != self.changes[name]]

    def change_devices(self) -> None:
        """Change some devices, each in its own way."""
        healthy = [name for name in self.here.ids if self._is_healthy(name)]
        for name in self.dice.sample(healthy, max(1, int(CHANGED_SHARE * len(healthy)))):
            number = self.dice.randrange(1 << 16)
            network = f"198.{18 + number % 2}.{number // 256}.0"
            self.here.fleet.device(name).change(add_route(network, f"10.254.0.{number % 250 + 1}"))
            self.changes[name] += 1

    def start_worker(self) -> None:
        """Start one more worker."""
        self.workers.append(self.here.work("--processes", "2", *self.arguments, members=2))

    def _make_trouble(self) -> None:
        kinds = (self._kill_collector, self._stop_collector, self._kill_worker, self._restart)
        (trouble,) = self.dice.choices(kinds, weights=(5, 2, 2, 1))
        self.events[trouble.__name__.strip("_").replace("_", " ")] += 1
        trouble()

    def _kill_collector(self) -> None:
        collectors = self.dice.choice(self.workers).collectors()
        if collectors:
            with_suppressed(self.dice.choice(collectors).kill)

    def _stop_collector(self) -> None:
        """Let a process sleep for longer than others believe that it lives."""
        collectors = self.dice.choice(self.workers).collectors()
        if collectors:
            sleeper = self.dice.choice(collectors)
            with_suppressed(sleeper.suspend)
            time.sleep(25)
            with_suppressed(sleeper.resume)

    def _kill_worker(self) -> None:
        victim = self.workers.pop(self.dice.randrange(len(self.workers)))
        victim.kill()
        time.sleep(self.dice.uniform(0, 25))
        self.start_worker()

    def _restart(self) -> None:
        self.server.stop(self.dice.choice((signal.SIGINT, signal.SIGQUIT)))
        time.sleep(self.dice.uniform(0, 10))
        self.server.start()

    def _is_shown(self, hostname: str, text: bytes | None) -> bool:
        """Tell whether the text is the device's, but for what moves by itself."""
        device = self.here.fleet.device(hostname)
        platform = get_platform(device.spec.platform)
        assert platform is not None
        assert text is not None
        if self.changes[hostname] != self.seen[hostname]:  # its last sweep was lost
            return True
        return normalise(text.decode(), platform) == normalise(device.running_config(), platform)

    def _is_healthy(self, hostname: str) -> bool:
        return self.here.fleet.device(hostname).spec.fault is None

    def check(self, run_id: UUID) -> None:
        """Compare what is stored with what each device has."""
        names = {device_id: name for name, device_id in self.here.ids.items()}
        with self.here.database.unit() as db:
            of_run = select(
                JobResult.device_id, JobResult.status, JobResult.reason, JobResult.message
            )
            rows = db.execute(of_run.where(JobResult.job_log_id == run_id)).all()
        assert len(rows) == len(names), f"{len(names) - len(rows)} devices vanished from the run"
        for device_id, status, reason, message in rows:
            assert device_id is not None
            name = names[device_id]
            self.results[reason or status] += 1
            if status is ResultStatus.SUCCEEDED:
                assert self._is_healthy(name), f"{name} is faulty and succeeded"
                self.versions[name] += self.changes[name] != self.seen.get(name)
                self.seen[name] = self.changes[name]
            elif self._is_healthy(name):
                assert reason in PASSING, f"{name} is healthy: {reason}, {message}"
        self._check_versions(names)
        self.here.assert_no_leases()

    def _check_versions(self, names: dict[UUID, str]) -> None:
        with self.here.database.unit() as db:
            is_good = Backup.status == BackupStatus.COMPLETED
            counted = select(Backup.device_id, func.count()).where(is_good)
            stored = {
                names[row[0]]: row[1] for row in db.execute(counted.group_by(Backup.device_id))
            }
        assert stored == dict(self.versions), _difference(stored, dict(self.versions))
        for chunk in in_chunks(self.seen, 200):
            with self.here.database.unit() as db:
                latest = get_latest_completed(db, [self.here.ids[name] for name in chunk])
                for name in chunk:
                    text = get_backup_content_bytes(db, latest[self.here.ids[name]].id)
                    assert self._is_shown(name, text), f"{name} is not stored as it is"


@contextmanager
def soaking(devices: int, seed: int, *arguments: str) -> Iterator[Soak]:
    """Set everything up: a server, a fleet with its faults, two workers."""
    dice = random.Random(seed)
    home = Path(tempfile.mkdtemp(prefix="netraven-soak-"))
    with own_server() as server:
        upgrade_schema(server.url)
        database = Database(server.url, KeyRing.generate(), "sync")
        with rig(database, home, [_spec(number, dice) for number in range(devices)]) as here:
            soak = Soak(here, server, dice, arguments)
            for _ in range(WORKERS):
                soak.start_worker()
            yield soak


def main() -> None:
    """Soak for as long as the arguments say, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.failures.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pause", type=float, default=30.0, help="seconds between troubles")
    given = parser.parse_args()
    begun_s = time.monotonic()
    rounds = 0
    with soaking(given.devices, given.seed) as soak:
        soak.trouble_at_s = time.monotonic() + given.pause
        while not rounds or time.monotonic() - begun_s < 60 * given.minutes:
            soak.change_devices()
            soak.one_round(lambda: soak.dice.uniform(0.3, 1.7) * given.pause)
            rounds += 1
            _say(rounds=rounds, at_s=round(time.monotonic() - begun_s), events=dict(soak.events))
        soak.settle()
        verified = soak.here.run("verify", within_s=1800)
        assert verified.returncode == 0, verified.stderr
        _say(
            rounds=rounds,
            devices=given.devices,
            minutes=round((time.monotonic() - begun_s) / 60, 1),
            events=dict(soak.events),
            results=dict(soak.results),
            versions=sum(soak.versions.values()),
            lost=0,
            stored_twice=0,
        )


def _spec(number: int, dice: random.Random) -> DeviceSpec:
    is_faulty = dice.random() < FAULTY_SHARE
    return DeviceSpec(
        hostname=f"d{number:05}",
        platform=dice.choice(("cisco_ios", "juniper_junos")),
        password=PASSWORD,
        latency_s=0.05,
        fault=dice.choice(FAULTS) if is_faulty else None,
    )


def _difference(stored: dict[str, int], wanted: dict[str, int]) -> str:
    names = sorted(name for name in stored | wanted if stored.get(name) != wanted.get(name))
    told = ", ".join(f"{name}: {stored.get(name)} for {wanted.get(name)}" for name in names[:10])
    return f"{len(names)} devices have other versions than their history says: {told}"


def _say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
