"""One sweep over a fleet that is seen for the first time, as a run of NetRaven's on SQLite.

Devices with a fault may be among them; what is told of each is when the last living one was stored.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import select

from benchmarks.contestants import Stopwatch, take_task
from benchmarks.netraven_backup import open_installation
from netraven.db import SYSTEM, unit_of_work
from netraven.db.enums import JobType
from netraven.jobs.dbos_engine import DbosEngine
from netraven.jobs.runs import create_job_log
from netraven.models import Device
from netraven.schemas.job import JobLogCreate
from netraven.tasks.progress import DeviceDone
from netraven.worker.embedded import Place, see_through

if sys.platform != "win32":
    import resource


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep took; `live_s` is when the last living device was stored."""

    devices: int
    wall_s: float
    live_s: float
    cpu_s: float
    peak_mib: float
    stored: int


def main() -> None:
    endpoints, options = take_task()
    home = Path(str(options["home"]))
    live = {each.hostname for each in endpoints if each.fault is None}
    wanted = {each.hostname for each in endpoints}
    sessions = open_installation(home)
    with unit_of_work(sessions, read_only=True) as db:
        rows = db.execute(select(Device.id, Device.hostname).order_by(Device.hostname_key))
        device_ids = [row.id for row in rows if row.hostname in wanted]
    done: Counter[str] = Counter()
    begun_s, last_live_s = time.perf_counter(), 0.0

    def note(result: DeviceDone) -> None:
        nonlocal last_live_s
        done[str(result.backup_status)] += 1
        if result.hostname in live:
            last_live_s = time.perf_counter() - begun_s

    watch = Stopwatch()
    with unit_of_work(sessions) as db:
        log = JobLogCreate(
            job_type=JobType.BACKUP,
            device_ids=list(device_ids),
            job_data={"deadline_seconds": int(options["deadline_s"])},
        )
        run = create_job_log(db, log)
    place = Place(sessions=sessions, actor=SYSTEM, home=home, make_engine=DbosEngine)
    asyncio.run(see_through(place, run.id, note))
    reading = watch.stop(len(device_ids))
    if done["completed"] != len(live):
        raise SystemExit(f"not every living device was stored: {dict(done)}")
    swept = Swept(
        devices=len(device_ids),
        wall_s=reading.wall_s,
        live_s=last_live_s,
        cpu_s=reading.cpu_s,
        peak_mib=_peak_mib(),
        stored=done["completed"],
    )
    sys.stdout.write("\n" + json.dumps(asdict(swept)))


def _peak_mib() -> float:
    """Return the most memory that this process had at once."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "linux" else peak / 1024**2


if __name__ == "__main__":
    main()
