"""NetRaven's whole way of a device: collect, grade, normalise, delta, seal, commit; on SQLite."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.contestants import Reading, Stopwatch, report, take_task
from netraven.archive import storing
from netraven.archive.weave_keep import NewVersion, weave_in
from netraven.db import KeyRing, make_sessions, new_id, unit_of_work
from netraven.db.enums import JobType, ValueType
from netraven.db.schema import upgrade_schema
from netraven.inventory.devices import create_device
from netraven.inventory.tags import initialize_default_tag
from netraven.jobs.dbos_engine import DbosEngine
from netraven.jobs.runs import create_job_log
from netraven.lab.spec import Endpoint
from netraven.log import configure_logging
from netraven.models import AdminSetting, Device
from netraven.schemas.credential import CredentialCreate, CredentialTagLink
from netraven.schemas.device import DeviceCreate
from netraven.schemas.job import JobLogCreate
from netraven.tasks.progress import DeviceDone
from netraven.vault.credentials import create_credential
from netraven.worker.following import Following
from netraven.worker.garbage import less_searched_for_garbage
from netraven.worker.member import Member
from netraven.worker.options import WorkerOptions

AT_ONCE = "system.jobs.max_concurrent_devices"
_LOOK_S = 0.5


def install(home: Path, endpoints: list[Endpoint]) -> None:
    """Make an installation that knows these devices and the one login of them all."""
    url, keyring = _url(home), KeyRing.generate()
    (home / "keyring").write_text(keyring.to_text())
    upgrade_schema(url)
    with unit_of_work(make_sessions(url, keyring)) as db:
        everywhere = CredentialTagLink(tag_id=initialize_default_tag(db).id)
        login = CredentialCreate(
            name="farm",
            username=endpoints[0].username,
            password=SecretStr(endpoints[0].password),
            tags=[everywhere],
        )
        create_credential(db, login)
        for endpoint in endpoints:
            device = DeviceCreate(
                hostname=endpoint.hostname,
                ip_address=endpoint.address,
                port=endpoint.port,
                device_type=endpoint.platform,
            )
            create_device(db, device)


def allow(home: Path, *, at_once: int) -> None:
    """Set how many devices are collected at once."""
    with unit_of_work(open_installation(home)) as db:
        row = db.scalar(select(AdminSetting).where(AdminSetting.key == AT_ONCE))
        if row is None:
            row = AdminSetting(id=new_id(), key=AT_ONCE, value_type=ValueType.NUMBER)
            row.category = "jobs"
            db.add(row)
        row.value = at_once


def open_installation(home: Path) -> sessionmaker[Session]:
    """Return the installation that `install` made."""
    return make_sessions(_url(home), KeyRing.from_text((home / "keyring").read_text()))


def main() -> None:
    configure_logging(level="warning", log_format="console")
    endpoints, options = take_task()
    home = Path(str(options["home"]))
    done: Counter[str] = Counter()
    history = HistoryClock()
    # This process does nothing else, so that nothing has to be put back.
    vars(storing)["weave_in"] = history.weave_in
    with less_searched_for_garbage():
        reading = asyncio.run(_back_up_all(open_installation(home), done))
    expected = {f"completed, {options['expects']}": len(endpoints)}
    if done != expected:
        raise SystemExit(f"not every device was backed up as it should be: {dict(done)}")
    report(replace(reading, history_s=history.cpu_s))


class HistoryClock:
    """Keeps histories as ever, and notes in `cpu_s` how much CPU their thread took for it."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    def weave_in(self, db: Session, new: Sequence[NewVersion]) -> None:
        begun_s = time.thread_time()
        try:
            weave_in(db, new)
        finally:
            self.cpu_s += time.thread_time() - begun_s


async def _back_up_all(sessions: sessionmaker[Session], done: Counter[str]) -> Reading:
    """Return what a run over all devices costs a worker that is at work already."""

    def count(result: DeviceDone) -> None:
        done[_in_words(result)] += 1

    stop, ready = asyncio.Event(), asyncio.Event()
    options = WorkerOptions(is_alone=True, fires_schedules=False)
    member = Member(sessions, DbosEngine, options)
    working = asyncio.create_task(member.work(stop, on_ready=lambda _worker_id: ready.set()))
    await ready.wait()
    watch = Stopwatch()
    run_id, devices = await asyncio.to_thread(_write_down, sessions)
    following = Following(sessions, run_id, count)
    is_over = False
    while not is_over:
        await asyncio.sleep(_LOOK_S)
        is_over = await asyncio.to_thread(following.look) is not None
    reading = watch.stop(devices)
    stop.set()
    await working
    return reading


def _write_down(sessions: sessionmaker[Session]) -> tuple[UUID, int]:
    with unit_of_work(sessions) as db:
        device_ids = list(db.scalars(select(Device.id).order_by(Device.hostname_key)))
        wanted = JobLogCreate(job_type=JobType.BACKUP, device_ids=list(device_ids))
        return create_job_log(db, wanted).id, len(device_ids)


def _in_words(result: DeviceDone) -> str:
    outcome = result.backup_status or result.status
    why = f" ({result.reason})" if result.reason else ""
    return f"{outcome}, {'new' if result.is_new else 'seen'}{why}"


def _url(home: Path) -> str:
    return f"sqlite:///{home / 'netraven.sqlite3'}"


if __name__ == "__main__":
    main()
